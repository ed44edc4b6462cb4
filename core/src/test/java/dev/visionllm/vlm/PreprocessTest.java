package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.image.Raster;
import dev.visionllm.image.Tiles;
import dev.visionllm.nn.Params;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a user's prompt to placeholders that agree in number with what they stand for. */
class PreprocessTest {
  private static final int PER_TILE = 4;
  private static final int SIZE = 28;

  @TempDir private static Path dir;
  private static Tokenizer tokenizer;
  private static SpecialTokens special;

  @BeforeAll
  static void load() throws IOException {
    Path model = Path.of("src/test/resources/goldens/tokenizer/tokenizer.model");
    Files.copy(model, dir.resolve("tokenizer.model"));
    Files.writeString(
        dir.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"LlamaTokenizer\"}");
    try (Tokenizer plain = Tokenizer.load(dir)) {
      tokenizer = plain.extended(SpecialTokens.DEFAULT_TOKENS);
    }
    special = SpecialTokens.of(tokenizer);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  private static Preprocess preprocess(int maxTiles) {
    return new Preprocess(
        tokenizer,
        Conversation.named("vicuna_v1"),
        new Tiles(Tiles.Mode.ANYRES, SIZE, maxTiles),
        PER_TILE);
  }

  private static Raster picture(int width, int height) {
    byte[] rgb = new byte[width * height * 3];
    Arrays.fill(rgb, (byte) 90);
    return new Raster(width, height, rgb);
  }

  private static Inputs inputs(Preprocess p, Prompt prompt) {
    return p.inputs(
        prompt.images(),
        Preprocess.Mark.of(0, prompt),
        p.conversation().prompt(List.of(), Preprocess.question(prompt)));
  }

  private static long count(Inputs row, int id) {
    return Arrays.stream(row.ids()).filter(i -> i == id).count();
  }

  @Test
  void placeholdersAgreeWithPicturesAndRegions() {
    Preprocess p = preprocess(4);
    List<VisualPrompt> regions =
        List.of(new VisualPrompt.PointPrompt(10, 10), new VisualPrompt.PointPrompt(20, 5));
    List<Raster> pictures = List.of(picture(60, 30), picture(40, 40));
    Inputs row = inputs(p, new Prompt("What are these?", pictures, regions));
    int tiles = new Tiles(Tiles.Mode.ANYRES, SIZE, 4).count(60, 30) + row.images().get(1).tiles();
    assertThat(row.images()).hasSize(2);
    assertThat(row.images().get(0).tiles()).isEqualTo(3);
    assertThat(count(row, special.imagePatch())).isEqualTo((long) tiles * PER_TILE);
    assertThat(count(row, special.region())).isEqualTo(2);
    assertThat(row.regions()).allMatch(r -> r.image() == 1 && r.mask().length == SIZE * SIZE);
    assertThat(Arrays.stream(row.ids())).doesNotContain(Tokenizer.IMAGE).startsWith(special.bos());

    // pictures come first, in their order and in one run per picture
    int first =
        IntStream.range(0, row.ids().length)
            .filter(i -> row.ids()[i] == special.imagePatch())
            .findFirst()
            .orElseThrow();
    assertThat(Arrays.copyOfRange(row.ids(), first, first + 3 * PER_TILE))
        .containsOnly(special.imagePatch());
  }

  @Test
  void placeholdersThatTheUserPlacedStay() {
    Preprocess p = preprocess(1);
    Prompt prompt =
        new Prompt(
            "In <image> what is <region> beside <region>?",
            List.of(picture(30, 30)),
            List.of(new VisualPrompt.PointPrompt(1, 1), new VisualPrompt.PointPrompt(2, 2)));
    assertThat(Preprocess.question(prompt)).isEqualTo(prompt.text());
    Inputs row = inputs(p, prompt);
    assertThat(count(row, special.imagePatch())).isEqualTo(PER_TILE);
    assertThat(count(row, special.region())).isEqualTo(2);
    assertThat(inputs(p, new Prompt("Hello", List.of(), List.of())).images()).isEmpty();
  }

  @Test
  void guidedRowsCallTheDetectorOncePerName() {
    List<String> names = List.of("red apple", "dog", "cup");
    Inputs row = Guided.detect(names).inputs(preprocess(1), List.of(picture(30, 30)), List.of());
    int det = special.id("[DET]");
    assertThat(count(row, det)).isEqualTo(3);
    String answer = tokenizer.decode(row.ids());
    assertThat(AnswerText.calls(answer.substring(answer.indexOf("ASSISTANT:"))))
        .extracting(AnswerText.Call::label)
        .isEqualTo(names);
  }

  @Test
  void aPromptLongerThanTheContextIsAnError() {
    Inputs row = Tiny.prompt(1, 300, 1);
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(1)) {
      assertThatThrownBy(() -> Tiny.decoding(Tiny.model(p), row))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "the prompt has 304 tokens, the model's context holds 256: shorten the text or give"
                  + " fewer pictures or classes");
    }
  }

  @Test
  void disagreeingPlaceholdersAreErrors() {
    Inputs good = Tiny.prompt(1, 5, 2);
    int region = Tiny.id("<region>");
    int[] marked = IntStream.concat(Arrays.stream(good.ids()), IntStream.of(region)).toArray();
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(1)) {
      Multimodal model = Tiny.model(p);
      refused(
          model,
          new Inputs(good.ids(), List.of(Tiny.picture(1, 1)), List.of()),
          "row 1 has 8 <im_patch> tokens, its pictures give 4 features");
      refused(
          model,
          new Inputs(marked, good.images(), List.of()),
          "row 1 has 1 <region> tokens and 0 regions");
      refused(
          model,
          new Inputs(good.ids(), good.images(), List.of(Tiny.region(0))),
          "row 1 has 0 <region> tokens and 1 regions");
      // a literal <region> in a text without any picture
      refused(
          model,
          new Inputs(new int[] {5, region}, List.of(), List.of()),
          "row 1 has 1 <region> tokens and 0 regions");
      refused(
          model,
          new Inputs(marked, good.images(), List.of(Tiny.region(1))),
          "a region is on picture 1 of 1");
      refused(
          model,
          new Inputs(marked, good.images(), List.of(new Inputs.Region(0, new float[4]))),
          "with a mask of 4 pixels, should have 784");
      refused(
          model,
          new Inputs(
              new int[] {
                Tiny.id("<im_patch>"),
                Tiny.id("<im_patch>"),
                Tiny.id("<im_patch>"),
                Tiny.id("<im_patch>")
              },
              List.of(new Inputs.Picture(1, 14, new float[3 * 14 * 14])),
              List.of()),
          "a picture's tiles are 14 pixels a side, the image encoder reads 28");
      assertThat(
              model
                  .embed(
                      List.of(good, new Inputs(marked, good.images(), List.of(Tiny.region(0)))),
                      new SplittableRandom(0))
                  .lengths())
          .containsExactly(13, 14);
    }
  }

  /** The row fails beside a good one, and the message names it. */
  private static void refused(Multimodal model, Inputs row, String message) {
    assertThatThrownBy(
            () -> model.embed(List.of(Tiny.prompt(2, 3, 1), row), new SplittableRandom(0)))
        .as(Arrays.stream(row.ids()).mapToObj(String::valueOf).collect(Collectors.joining(" ")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
