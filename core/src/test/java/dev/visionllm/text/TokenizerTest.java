package dev.visionllm.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  private static final Path MODEL = Path.of("src/test/resources/goldens/tokenizer/tokenizer.model");
  private static final Tokenizer LEGACY = load(true);
  private static final Tokenizer MODERN = load(false);

  @TempDir private Path dir;

  private static Tokenizer load(boolean legacy) {
    try {
      SentencePieceModel m = SentencePieceModel.parse(Files.readAllBytes(MODEL), "model");
      BytePairs engine = BytePairs.of(m, java.util.Map.of(), legacy, "model");
      return Tokenizer.of(engine, "model").extended(SpecialTokens.DEFAULT_TOKENS);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Unicode with special tokens in it; U+2581 stands for a space in LLaMA's vocabulary. */
  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> plain =
        Arbitraries.strings()
            .withChars(' ', '\n', 'a', 'e', 't', 'z', '[', 'D', '<')
            .withCharRange('\0', '\uD7FF')
            .withCharRange('\uE000', '\uFFFD')
            .excludeChars('\u2581')
            .ofMaxLength(40);
    Arbitrary<String> other = Arbitraries.of("\uD83D\uDE00", "\uD834\uDD1E", " the image", "  ");
    Arbitrary<String> special = Arbitraries.of(SpecialTokens.DEFAULT_TOKENS);
    return Arbitraries.oneOf(plain, other, special)
        .list()
        .ofMaxSize(6)
        .map(l -> String.join("", l));
  }

  @Property
  void decodingGivesTheTextBack(@ForAll("texts") String text) {
    // <s> at the beginning counts as BOS, after which the prefix is dropped
    String s = text.startsWith("<s>") ? "x" + text : text;
    assertThat(LEGACY.decode(LEGACY.encode(s))).isEqualTo(s);
    assertThat(MODERN.decode(MODERN.encode(s))).isEqualTo(s);
  }

  @Property
  void streamedTextEqualsDecodedText(@ForAll("texts") String text) {
    int[] ids = MODERN.encode(text);
    TextStream stream = MODERN.stream();
    StringBuilder all = new StringBuilder();
    for (int id : ids) {
      String part = stream.add(id);
      if (!text.contains("\uFFFD")) assertThat(part).doesNotContain("\uFFFD");
      all.append(part);
    }
    assertThat(all.append(stream.end()).toString()).isEqualTo(MODERN.decode(ids));
  }

  @Property
  void anyIdsDecode(@ForAll("ids") List<Integer> ids) {
    int[] all = ids.stream().mapToInt(i -> i).toArray();
    assertThat(MODERN.decode(all)).isNotNull();
    assertThat(LEGACY.decode(all)).isNotNull();
  }

  @Provide
  Arbitrary<List<Integer>> ids() {
    return Arbitraries.integers().between(0, MODERN.size() - 1).list().ofMaxSize(30);
  }

  @Property(tries = 300)
  void everyTokenStandsForItsPlaceInTheText(@ForAll("texts") String text) {
    Tokenizer.Encoding e = MODERN.encodePromptSpans(text);
    int at = 0;
    for (int i = 0; i < e.ids().length; i++) {
      assertThat(e.starts()[i]).isGreaterThanOrEqualTo(i == 0 ? 0 : e.starts()[i - 1]);
      assertThat(e.starts()[i]).isLessThanOrEqualTo(e.ends()[i]);
      assertThat(e.starts()[i]).as("no gap").isLessThanOrEqualTo(at);
      at = Math.max(at, e.ends()[i]);
    }
    assertThat(at).isEqualTo(text.length());
  }

  @Test
  void mergesAsANaiveLoopDoes() throws IOException {
    SentencePieceModel m = SentencePieceModel.parse(Files.readAllBytes(MODEL), "model");
    java.util.Map<String, Float> scores = new java.util.HashMap<>();
    m.pieces().stream()
        .filter(p -> p.type() == SentencePieceModel.Type.NORMAL)
        .forEach(p -> scores.put(p.text(), p.score()));
    Random random = new Random(7);
    String letters = "the and of image   rionasti";
    for (int n = 0; n < 200; n++) {
      StringBuilder s = new StringBuilder("x");
      for (int i = 0; i < 30; i++) s.append(letters.charAt(random.nextInt(letters.length())));
      List<String> symbols = new java.util.ArrayList<>();
      (" " + s).replace(' ', '\u2581').chars().forEach(c -> symbols.add(Character.toString(c)));
      while (true) {
        int best = -1;
        for (int i = 0; i + 1 < symbols.size(); i++) {
          Float score = scores.get(symbols.get(i) + symbols.get(i + 1));
          if (score == null) continue;
          if (best < 0 || score > scores.get(symbols.get(best) + symbols.get(best + 1))) best = i;
        }
        if (best < 0) break;
        symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
      }
      List<String> tokens =
          Arrays.stream(MODERN.encode(s.toString())).mapToObj(MODERN::token).toList();
      assertThat(tokens).isEqualTo(symbols);
    }
  }

  @Test
  void thousandsOfTokensAreNotTruncated() {
    String text = "the small image of a person, ".repeat(2_000);
    int[] ids = MODERN.encode(text);
    assertThat(ids).hasSizeGreaterThan(10_000);
    assertThat(MODERN.decode(ids)).isEqualTo(text);
  }

  @Test
  void imagesSplitThePrompt() {
    int[] ids = MODERN.encodePrompt("<image>\nx<image>");
    assertThat(ids[0]).isEqualTo(MODERN.bos());
    assertThat(ids[1]).isEqualTo(Tokenizer.IMAGE);
    assertThat(ids[ids.length - 1]).isEqualTo(Tokenizer.IMAGE);
    assertThat(Tokenizer.expandImages(ids, 7, 2, 3)).hasSize(ids.length + 3);
    assertThatThrownBy(() -> Tokenizer.expandImages(ids, 7, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the prompt has 2 <image>, but 1 images were given");
  }

  @Test
  void refusesWhatIsNotUnicodeOrNotAnId() {
    assertThatThrownBy(() -> MODERN.encode("a\uD83D"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unpaired surrogate at char 1");
    assertThatThrownBy(() -> MODERN.decode(5, 100_000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("token id 100000");
    assertThatThrownBy(() -> MODERN.decode(Tokenizer.IMAGE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anUnknownRoutingTokenIsAnError() throws IOException {
    Files.copy(MODEL, dir.resolve("tokenizer.model"));
    assertRefused(
        () -> SpecialTokens.of(Tokenizer.load(dir)),
        "tokenizer does not know the special token [PAD]");
    List<String> some =
        SpecialTokens.DEFAULT_TOKENS.stream().filter(t -> !t.equals("[DET]")).toList();
    assertRefused(
        () -> SpecialTokens.of(Tokenizer.load(dir).extended(some)),
        "tokenizer does not know the special token [DET]: it becomes");
  }

  @Test
  void addedTokensComeFromTheFilesBesideIt() throws IOException {
    Files.copy(MODEL, dir.resolve("tokenizer.model"));
    Files.writeString(dir.resolve("added_tokens.json"), "{\"[DET]\": 480, \"[GRD]\": 482}");
    Files.writeString(
        dir.resolve("tokenizer_config.json"),
        "{\"legacy\": false, \"added_tokens_decoder\": {\"481\": {\"content\": \"[SEG]\"}}}");
    Tokenizer t = Tokenizer.load(dir);
    assertThat(t.encode("[SEG][DET][GRD]")).containsExactly(481, 480, 482);
    assertThat(t.size()).isEqualTo(483);
  }

  @Test
  void hostileFilesEndInOneClearLine() throws IOException {
    byte[] good = Files.readAllBytes(MODEL);
    assertRefused(() -> Tokenizer.load(dir.resolve("none")), "does not exist");
    assertRefused(() -> Tokenizer.load(dir), "neither tokenizer.model nor tokenizer.json");
    assertModelRefused(new byte[0], "holds no pieces");
    assertModelRefused("not a model at all".getBytes(StandardCharsets.UTF_8), "SentencePiece");
    assertModelRefused(Arrays.copyOf(good, good.length - 5), "SentencePiece");
    assertModelRefused(Arrays.copyOf(good, 2_000), "SentencePiece");
    assertModelRefused(new byte[] {10, -1, -1, -1, -1, 15}, "reaches beyond its end");
    Random random = new Random(3);
    for (int i = 0; i < 300; i++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      try {
        SentencePieceModel m = SentencePieceModel.parse(bad, "model");
        Tokenizer.of(BytePairs.of(m, java.util.Map.of(), false, "model"), "model").encode("a b");
      } catch (IllegalArgumentException e) {
        assertThat(e.getMessage().lines().count()).isEqualTo(1);
      }
    }
    Files.write(dir.resolve("tokenizer.model"), good);
    Files.writeString(dir.resolve("added_tokens.json"), "{\"[DET]\": 5}");
    assertRefused(() -> Tokenizer.load(dir), "'[DET]' has id 5, which is '<0x02>'");
    Files.writeString(dir.resolve("added_tokens.json"), "{\"[DET]\": \"five\"}");
    assertRefused(() -> Tokenizer.load(dir), "not an id");
    Files.writeString(dir.resolve("added_tokens.json"), "{\"[DET]\": 2000000000}");
    assertRefused(() -> Tokenizer.load(dir), "not an id");
    Files.writeString(dir.resolve("added_tokens.json"), "[1");
    assertRefused(() -> Tokenizer.load(dir), "is not valid JSON");
    Files.delete(dir.resolve("added_tokens.json"));
    Files.delete(dir.resolve("tokenizer.model"));
    for (String json :
        List.of(
            "",
            "{",
            "[]",
            "{}",
            "{\"model\": 3}",
            "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a\"]}}",
            "{\"model\": {\"type\": \"NoSuch\", \"vocab\": {\"a\": 0}}}",
            "\0\0\0\0")) {
      Files.writeString(dir.resolve("tokenizer.json"), json);
      assertRefused(() -> Tokenizer.load(dir), "tokenizer.json");
    }
  }

  private void assertModelRefused(byte[] bytes, String message) throws IOException {
    Files.write(dir.resolve("tokenizer.model"), bytes);
    assertRefused(() -> Tokenizer.load(dir), message);
    Files.delete(dir.resolve("tokenizer.model"));
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.getMessage().lines().count()).isEqualTo(1));
  }
}
