package dev.visionllm.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Ids, pieces, decoded text, image prompts and labels against transformers and the reference. */
class TokenizerGoldenTest {
  @TempDir private Path temp;

  @TestFactory
  Stream<DynamicTest> matchesReference() {
    return Golden.tests(Golden.Kind.TOKENIZER, this::check);
  }

  private void check(Golden golden) {
    int checks = 0;
    for (Map.Entry<String, JsonNode> run : golden.meta().get("runs").properties()) {
      boolean legacy = run.getKey().equals("legacy_True");
      assertThat(legacy || run.getKey().equals("legacy_False")).as(run.getKey()).isTrue();
      checks += check(golden, run.getKey(), legacy, run.getValue());
    }
    System.out.printf("%-32s %d texts and conversations equal, 0 differ%n", golden.name(), checks);
    assertThat(checks).isPositive();
  }

  private int check(Golden golden, String name, boolean legacy, JsonNode run) {
    Path dir = temp.resolve(golden.name()).resolve(name);
    try {
      Files.createDirectories(dir);
      Files.copy(golden.dir().resolve("tokenizer.model"), dir.resolve("tokenizer.model"));
      Files.writeString(dir.resolve("tokenizer_config.json"), "{\"legacy\": " + legacy + "}");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (Tokenizer plain = Tokenizer.load(dir);
        Tokenizer tokenizer = plain.extended(SpecialTokens.DEFAULT_TOKENS)) {
      assertThat(plain.size()).isEqualTo(run.get("len_before").asInt());
      assertThat(tokenizer.size()).isEqualTo(run.get("len_after").asInt());
      assertThat(tokenizer.bos()).isEqualTo(run.get("bos").asInt());
      assertThat(tokenizer.eos()).isEqualTo(run.get("eos").asInt());
      SpecialTokens special = SpecialTokens.of(tokenizer);
      assertThat(special.padding()).isEqualTo(run.get("pad_token_id").asInt());
      JsonNode ids = run.get("special_ids");
      for (RoutingToken r : RoutingToken.values()) {
        assertThat(special.routing(r)).isEqualTo(ids.get(r.name().toLowerCase()).asInt());
      }
      for (int i = 0; i < SpecialTokens.EMBS; i++) {
        assertThat(special.emb(i)).isEqualTo(ids.get(i == 0 ? "emb" : "emb" + (i + 1)).asInt());
      }
      assertThat(special.image()).isEqualTo(ids.get("img").asInt());
      assertThat(special.imagePatch()).isEqualTo(ids.get("imp").asInt());
      assertThat(special.region()).isEqualTo(ids.get("reg").asInt());
      assertThat(special.id("[PAD]")).isEqualTo(ids.get("pad").asInt());
      for (JsonNode t : run.get("texts")) checkText(tokenizer, t);
      for (Map.Entry<String, JsonNode> c : run.get("conversations").properties()) {
        checkConversation(tokenizer, special, name + " " + c.getKey(), c.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return run.get("texts").size() + run.get("conversations").size();
  }

  private static void checkText(Tokenizer tokenizer, JsonNode t) {
    String text = t.get("text").asString();
    int[] expected = ints(t.get("ids"));
    int[] chunk = tokenizer.encode(text);
    int[] ids = new int[chunk.length + 1];
    ids[0] = tokenizer.bos();
    System.arraycopy(chunk, 0, ids, 1, chunk.length);
    assertThat(ids).as("ids of '" + text + "'").isEqualTo(expected);
    for (int i = 0; i < ids.length; i++) {
      assertThat(tokenizer.token(ids[i])).isEqualTo(t.get("tokens").get(i).asString());
    }
    assertThat(tokenizer.encodePrompt(text))
        .as("prompt ids of '" + text + "'")
        .isEqualTo(ints(t.get("image_token_ids")));
    assertThat(tokenizer.decodeLikeReference(ids, false)).isEqualTo(t.get("decode").asString());
    assertThat(tokenizer.decodeLikeReference(ids, true))
        .as("'" + text + "' without special tokens")
        .isEqualTo(t.get("decode_skip_special").asString());
  }

  private static void checkConversation(
      Tokenizer tokenizer, SpecialTokens special, String name, JsonNode c) {
    List<Conversation.Turn> turns = new ArrayList<>();
    JsonNode source = c.get("sources").get(0);
    for (int i = 0; i + 1 < source.size(); i += 2) {
      turns.add(
          new Conversation.Turn(
              source.get(i).get("value").asString(), source.get(i + 1).get("value").asString()));
    }
    Conversation.Text text = Conversation.named(c.get("version").asString()).full(turns);
    Labels.Example example = Labels.of(tokenizer, text);
    int images = (int) java.util.Arrays.stream(example.ids()).filter(i -> i < 0).count();
    JsonNode length = c.get("image_token_len");
    int[] counts = new int[images];
    for (int i = 0; i < images; i++)
      counts[i] = (length.isArray() ? length.get(i) : length).asInt();
    example = example.expandImages(special.imagePatch(), counts);
    assertThat(example.ids()).as(name + " ids").isEqualTo(ints(c.get("input_ids")));
    assertThat(example.labels()).as(name + " labels").isEqualTo(ints(c.get("labels")));
  }

  static int[] ints(JsonNode array) {
    return array.values().stream().mapToInt(JsonNode::asInt).toArray();
  }
}
