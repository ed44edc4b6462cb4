package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.NoLeaks;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.geometry.Overlaps;
import dev.visionllm.image.Raster;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.llama.Sampling;
import dev.visionllm.nn.Params;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole model folder with random weights: what it says is noise, how it is said is not. */
class VisionLlmTest {
  @TempDir private static Path dir;
  private static VisionLlm model;

  @BeforeAll
  static void write() throws IOException {
    Native.load();
    Path tokenizer = Path.of("src/test/resources/goldens/tokenizer/tokenizer.model");
    Files.copy(tokenizer, dir.resolve("tokenizer.model"));
    int words;
    try (Tokenizer plain = Tokenizer.load(dir)) {
      words = plain.size();
    }
    StringBuilder added = new StringBuilder();
    for (String token : SpecialTokens.DEFAULT_TOKENS) {
      if (!List.of("<s>", "</s>", "<unk>").contains(token)) {
        added.append(added.isEmpty() ? "{" : ",").append('"').append(token).append("\": ");
        added.append(words++);
      }
    }
    Files.writeString(dir.resolve("added_tokens.json"), added.append("}"));
    Files.writeString(dir.resolve("config.json"), CONFIG.formatted(words));
    VisionLlmConfig config = VisionLlmConfig.read(dir);
    try (var scope = TensorScope.open();
        Tokenizer t = Tokenizer.load(dir);
        Params p = new Params(RandomWeights.of(1))) {
      new Multimodal(p, config.multimodal(), SpecialTokens.of(t)::id);
      new GroundingDino(p.at("gdino"), config.gdino());
      SafeTensorsWriter.write(dir.resolve("model.safetensors"), p.taken());
    }
    model = VisionLlm.load(dir);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static final String CONFIG =
      """
      {
        "vis_encoder_config": {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
          "num_attention_heads": 2, "image_size": 28, "patch_size": 14},
        "llm_config": {"vocab_size": %d, "hidden_size": 16, "intermediate_size": 24,
          "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 3000},
        "use_region_encoder": true, "region_hidden_dim": 8, "num_embs": 2, "num_embs_gen": 3,
        "use_gdino": true,
        "gdino_config": {
          "backbone_config": {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 1, 1],
            "window_size": 2, "mlp_ratio": 2.0, "drop_path_rate": 0.0},
          "d_model": 32, "num_queries": 6, "encoder_layers": 1, "encoder_ffn_dim": 32,
          "encoder_attention_heads": 2, "decoder_layers": 2, "decoder_ffn_dim": 32,
          "decoder_attention_heads": 2, "num_feature_levels": 3, "max_text_len": 4,
          "use_masks": false, "dropout": 0.0, "fusion_droppath": 0.0},
        "preprocess": {"max_tiles": 2, "detector_short_side": 64, "detector_long_side": 96,
          "classes_per_prompt": 3, "detection_threshold": 0.0}
      }
      """;

  private static Raster picture(long seed, int width, int height) {
    byte[] rgb = new byte[width * height * 3];
    new Random(seed).nextBytes(rgb);
    return new Raster(width, height, rgb);
  }

  private static VisionLlm.Options drawn(long seed, int most) {
    return new VisionLlm.Options(most, 1, new Sampling(2, 1, 0, 1, seed), 0);
  }

  private static final Prompt MARKED =
      new Prompt(
          "What is this?",
          List.of(picture(2, 70, 40)),
          List.of(new VisualPrompt.PointPrompt(20, 20)));

  @Test
  void whatIsFoundTwiceIsLeftOutWhereTheConfigSaysSo(@TempDir Path thin) throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      for (Path file : files.toList()) {
        Files.copy(file, thin.resolve(file.getFileName()));
      }
    }
    String config = Files.readString(dir.resolve("config.json"));
    Files.writeString(
        thin.resolve("config.json"),
        config.replace("\"preprocess\": {", "\"preprocess\": {\"detection_overlap\": 0, "));
    List<String> classes = List.of("cat", "dog");
    int left = 0;
    try (VisionLlm other = VisionLlm.load(thin)) {
      for (int seed = 1; seed <= 8; seed++) {
        Raster picture = picture(seed, 50, 50);
        List<Detection> all = model.detect(picture, classes, 0);
        List<Detection> kept = other.detect(picture, classes, 0);
        assertThat(kept)
            .isEqualTo(Overlaps.thin(all, Detection::box, d -> classes.indexOf(d.label()), 0));
        left += all.size() - kept.size();
      }
    }
    assertThat(left).isPositive();
  }

  @Test
  void batchesEqualSingleAnswers() {
    List<Prompt> prompts =
        List.of(
            Prompt.of("What is in the picture?", picture(1, 50, 50)),
            MARKED,
            new Prompt("Hello", List.of(), List.of()));
    for (int seed = 0; seed < 4; seed++) {
      VisionLlm.Options options = drawn(seed, 20);
      List<Answer> together = model.ask(prompts, options);
      assertThat(model.write(prompts, options))
          .isEqualTo(together.stream().map(a -> new Answer(a.text(), List.of())).toList());
      for (int i = 0; i < prompts.size(); i++) {
        Answer alone = model.ask(prompts.get(i), options);
        assertThat(together.get(i).text()).isEqualTo(alone.text());
        same(alone.detections(), together.get(i).detections());
      }
    }
  }

  private static void same(List<Detection> expected, List<Detection> actual) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.size(); i++) {
      assertThat(actual.get(i).score()).isCloseTo(expected.get(i).score(), within(1e-4));
    }
  }

  /** Answers that call the detector become history, whose calls are not the next answer's. */
  @Test
  void chatsGoOnAfterDetections() {
    int detections = 0;
    int turnsAfter = 0;
    for (int seed = 0; seed < 12; seed++) {
      Chat chat = model.chat();
      boolean found = false;
      for (int turn = 0; turn < 3; turn++) {
        Prompt prompt =
            turn == 0
                ? Prompt.of("What do you see?", picture(seed, 40, 60))
                : new Prompt("And now?", List.of(), List.of());
        Answer answer = chat.ask(prompt, drawn(100L * seed + turn, 25));
        turnsAfter += found ? 1 : 0;
        found |= !answer.detections().isEmpty();
        detections += answer.detections().size();
        boolean calls = answer.text().matches("(?s).*\\[(DET|GRD|SEG)].*");
        assertThat(answer.detections().isEmpty()).isEqualTo(!calls);
      }
    }
    assertThat(detections).isPositive();
    assertThat(turnsAfter).isPositive();
  }

  @Test
  void streamsSpellTheAnswer() {
    for (int seed = 0; seed < 5; seed++) {
      Chat chat = model.chat();
      try (AnswerStream stream = chat.open(MARKED, drawn(seed, 15))) {
        StringBuilder text = new StringBuilder();
        stream.forEachRemaining(text::append);
        Answer answer = chat.close(MARKED, stream);
        assertThat(text.toString().strip()).startsWith(answer.text().stripTrailing());
        assertThat(answer).isEqualTo(model.chat().ask(MARKED, drawn(seed, 15)));
      }
    }
  }

  @Test
  void oneBeamIsGreedyAndMoreBeamsAnswerToo() {
    VisionLlm.Options greedy = new VisionLlm.Options(12, 1, Sampling.GREEDY, 0.5);
    assertThat(model.ask(MARKED, greedy)).isEqualTo(model.chat().ask(MARKED, greedy));
    VisionLlm.Options beams = new VisionLlm.Options(12, 3, Sampling.GREEDY, 0.5);
    assertThat(model.ask(MARKED, beams)).isEqualTo(model.chat().ask(MARKED, beams));
  }

  @Test
  void aModelWithoutMasksSaysSo() {
    Raster picture = picture(5, 90, 60);
    assertThatThrownBy(() -> model.segment(picture, List.of("dog"), 0.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("use_masks");
  }

  @Test
  void detectsAnyNumberOfClassesOnce() {
    Raster picture = picture(5, 90, 60);
    List<String> names = List.of("dog", "cat", "red apple", "dog", " cup ", "owl", "hat", "car");
    List<Detection> found = model.detect(picture, names);
    assertThat(found).isNotEmpty();
    List<String> labels = new ArrayList<>(List.of("dog", "cat", "red apple", "cup", "owl"));
    labels.addAll(List.of("hat", "car"));
    assertThat(found).allMatch(d -> labels.contains(d.label()));
    assertThat(found)
        .allMatch(
            d ->
                d.box().x0() >= 0
                    && d.box().y0() >= 0
                    && d.box().x1() <= 90.01
                    && d.box().y1() <= 60.01);
    assertThat(found).isSortedAccordingTo((a, b) -> Double.compare(b.score(), a.score()));
    assertThatThrownBy(() -> model.detect(picture, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> model.detect(picture, List.of("a", " ")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void longPromptsAreRefused() {
    Prompt prompt = Prompt.of("word ".repeat(4000), picture(1, 30, 30));
    assertThatThrownBy(() -> model.ask(prompt))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the model's context holds 3000");
  }

  @Test
  void requestsLeaveNoMemoryBehind() {
    NoLeaks.assertFlat(
        () -> {
          model.ask(MARKED, drawn(3, 12));
          model.detect(picture(1, 40, 40), List.of("a", "b", "c", "d", "e"));
          Chat chat = model.chat();
          chat.ask(Prompt.of("Hi", picture(2, 40, 40)), drawn(4, 12));
          chat.ask(new Prompt("Go on", List.of(), List.of()), drawn(5, 12));
          model.ask(MARKED, new VisionLlm.Options(6, 3, Sampling.GREEDY, 0.5));
          assertThatThrownBy(() -> model.ask(Prompt.of("x ".repeat(4000), picture(1, 9, 9))))
              .isInstanceOf(IllegalArgumentException.class);
        });
  }
}
