package dev.visionllm.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class ReducedVocabularyTest {
  private static final List<String> CORPUS =
      List.of(
          "Yes, here are the results for person[DET][EMB][EMB2][EMB3][EMB4], dog[DET] in the"
              + " image.",
          "A small cat sits on the mat.\nThe other one is red.",
          "Der K\u00e4se \u6f22\u5b57 \uD83D\uDE00  and   more");

  @TempDir private Path dir;
  private Path npm;

  /** A package as npm has it, with the pieces of the golden SentencePiece model. */
  @BeforeEach
  void writePackage() throws IOException {
    Path file = Path.of("src/test/resources/goldens/tokenizer/tokenizer.model");
    List<String> pieces =
        SentencePieceModel.parse(Files.readAllBytes(file), "model").pieces().stream()
            .map(SentencePieceModel.Piece::text)
            .toList();
    List<Integer> merges = new ArrayList<>();
    for (String p : pieces.subList(259, pieces.size())) { // in order of their scores
      for (int cut = 1; cut < p.length(); cut++) {
        int left = pieces.indexOf(p.substring(0, cut));
        int right = pieces.indexOf(p.substring(cut));
        if (left >= 0 && right >= 0) merges.addAll(List.of(left, right));
      }
    }
    ByteBuffer pairs = ByteBuffer.allocate(2 * merges.size()).order(ByteOrder.LITTLE_ENDIAN);
    merges.forEach(i -> pairs.putShort((short) (int) i));
    Base64.Encoder base64 = Base64.getEncoder();
    byte[] lines = String.join("\n", pieces).getBytes(StandardCharsets.UTF_8);
    npm = Files.createDirectory(dir.resolve("npm"));
    Files.writeString(
        npm.resolve("llama-tokenizer.js"),
        "/* code */\nllama_vocab_base64 = \"%s\"\n\nllama_merges_binary = \"%s\"\n"
            .formatted(base64.encodeToString(lines), base64.encodeToString(pairs.array())));
  }

  @Test
  void whatIsKeptIsSplitAsBefore() throws IOException {
    ReducedVocabulary full = ReducedVocabulary.read(npm);
    ReducedVocabulary small = ReducedVocabulary.build(npm, CORPUS, 2_000);
    assertThat(small.size()).isLessThan(full.size());
    for (String text : CORPUS) {
      assertThat(tokens(small.tokenizer(), text)).isEqualTo(tokens(full.tokenizer(), text));
      assertThat(small.tokenizer().decode(small.tokenizer().encode(text))).isEqualTo(text);
    }
  }

  @Test
  void aTightLimitStillWritesEverything() throws IOException {
    ReducedVocabulary small = ReducedVocabulary.build(npm, CORPUS, 370);
    assertThat(small.size()).isLessThanOrEqualTo(370);
    for (String text : CORPUS) {
      assertThat(small.tokenizer().decode(small.tokenizer().encode(text))).isEqualTo(text);
    }
    assertThatThrownBy(() -> ReducedVocabulary.build(npm, CORPUS, 300))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a vocabulary of 300 is too small");
  }

  @Test
  void whatIsWrittenLoadsAndHasAllSpecialTokens() throws IOException {
    ReducedVocabulary small = ReducedVocabulary.build(npm, CORPUS, 2_000);
    small.write(dir.resolve("model"));
    try (Tokenizer t = Tokenizer.load(dir.resolve("model"))) {
      SpecialTokens special = SpecialTokens.of(t);
      assertThat(t.size()).isEqualTo(small.size());
      assertThat(List.of(t.unk(), t.bos(), t.eos())).containsExactly(0, 1, 2);
      assertThat(special.emb(7)).isEqualTo(t.size() - 1);
      for (String text : CORPUS) {
        assertThat(t.encode(text)).isEqualTo(small.tokenizer().encode(text));
      }
    }
  }

  /** The plain Java engine and the tokenizers library read the written file alike. */
  @Test
  void theLibraryAgrees() throws IOException {
    ReducedVocabulary.build(npm, CORPUS, 2_000).write(dir.resolve("model"));
    Path file = dir.resolve("model/tokenizer.json");
    FastTokenizer fast =
        new FastTokenizer(JsonMapper.builder().build().readTree(Files.readString(file)), "json");
    try (Tokenizer ours = Tokenizer.load(dir.resolve("model"));
        Tokenizer theirs = Tokenizer.of(fast, "json")) {
      Set<String> texts = new LinkedHashSet<>(CORPUS);
      texts.addAll(
          List.of(
              " leading",
              "[DET] x",
              "a[DET]b [GEN]",
              "<s>USER: hi</s>",
              "caf\u00e9 \uD83D\uDE00 <region>",
              "<image>\nWhat is in <reg>region1<region></reg>?"));
      for (String text : texts) {
        Tokenizer.Encoding a = ours.encodePromptSpans(text);
        Tokenizer.Encoding b = theirs.encodePromptSpans(text);
        assertThat(b.ids()).as(text).isEqualTo(a.ids());
        assertThat(b.starts()).as(text).isEqualTo(a.starts());
        int[] ids = theirs.encode(text);
        if (!text.startsWith(" ") && !text.startsWith("<s>")) {
          assertThat(theirs.decode(ids)).isEqualTo(text);
        }
      }
      String longText = "a small cat, ".repeat(1_000) + "end";
      assertThat(theirs.encode(longText)).isEqualTo(ours.encode(longText));
    }
  }

  @Test
  void anotherPackageIsRefused() throws IOException {
    assertThatThrownBy(() -> ReducedVocabulary.build(dir, CORPUS, 400))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("holds no llama-tokenizer.js");
    Files.writeString(npm.resolve("llama-tokenizer.js"), "export default 1");
    assertThatThrownBy(() -> ReducedVocabulary.build(npm, CORPUS, 400))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no llama_vocab_base64");
  }

  private static List<String> tokens(Tokenizer t, String text) {
    return Arrays.stream(t.encode(text)).mapToObj(t::token).toList();
  }
}
