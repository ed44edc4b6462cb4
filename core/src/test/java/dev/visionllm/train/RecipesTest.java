package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.vlm.Layout;
import dev.visionllm.vlm.Skeleton;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RecipesTest {
  private static final Path RECIPES = Path.of("../recipes");

  private static List<Path> files(String folder) throws IOException {
    try (Stream<Path> all = Files.walk(RECIPES.resolve(folder))) {
      return all.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  @Test
  void shippedModelsRecipesAreReadAndNameFilesOfTheRepository() throws IOException {
    List<Path> files = files("nano");
    assertThat(files).hasSizeGreaterThanOrEqualTo(4);
    for (Path file : files) {
      Recipe r = Recipe.read(file);
      assertThat(r.model()).as("model of %s", file).isDirectory();
      assertThat(r.saveEvery()).as("save_every of %s", file).isLessThanOrEqualTo(r.steps());
    }
  }

  @Test
  void everyPatternOfTheReleasedSizesRecipesMatchesAParameter() throws IOException {
    Skeleton.Preset preset = Skeleton.Preset.V2_7B;
    VisionLlmConfig config = VisionLlmConfig.of(preset.config(), preset.word());
    List<Path> files = files(preset.word());
    assertThat(files).hasSize(4);
    for (Path file : files) {
      Recipe r = Recipe.read(file);
      assertThat(r.model()).as("model of %s", file).endsWithRaw(Path.of("models", preset.word()));
      Set<String> names =
          Layout.of(config, r.lora() == null ? null : r.lora().config()).parameters().keySet();
      for (Collection<String> patterns :
          List.of(r.train(), r.groups().keySet(), r.from().keySet())) {
        for (String pattern : patterns) {
          assertThat(names)
              .as("%s of %s", pattern, file)
              .anyMatch(n -> Pattern.matches(pattern, n));
        }
      }
    }
  }

  /** Peak rates, sizes and lengths of the paper's table A12; 0 is frozen. */
  @Test
  void releasedSizesRecipesAreThoseOfThePaper() throws IOException {
    String region = "region_encoder.up_dim.weight";
    String head = "llm.lm_head.weight";
    String decoder = "gdino.model.enc_output.weight";
    List<Recipe> stages = files("v2-7b").stream().map(RecipesTest::read).toList();
    assertThat(stages)
        .extracting(r -> r.batch() * r.accumulate())
        .containsExactly(2048, 1024, 256, 256);
    assertThat(stages).extracting(Recipe::epochs).containsExactly(1.0, 1.0, 1.0, 12.0);
    assertThat(stages).extracting(Recipe::maxTiles).containsExactly(1, 4, 4, 4);
    assertRates(stages, region, 1e-3, 2.5e-5, 1e-5, 0);
    assertRates(stages, head, 0, 2.5e-5, 1e-5, 0);
    assertRates(stages, decoder, 0, 0, 1e-4, 1e-4);
    assertRates(stages, "vis_encoder.vision_model.pre_layrnorm.weight", 0, 0, 0, 0);
    assertRates(stages, "llm.model.layers.0.mlp.up_proj.lora_A.weight", 0, 2.5e-5, 1e-5, 0);
    assertRates(stages, "llm.model.layers.0.mlp.up_proj.weight", 0, 2.5e-5, 0, 0);
    assertRates(stages, "emb_embeddings_det.weight", 0, 0, 1e-4, 1e-4);
    assertThat(stages)
        .allSatisfy(
            r -> {
              assertThat(r.precision()).isEqualTo(Recipe.Precision.BF16);
              assertThat(r.warmup()).isEqualTo(0.03);
              assertThat(r.weightDecay()).isZero();
              assertThat(r.finalLr()).isZero();
              assertThat(r.recompute()).isTrue();
            });
    Recipe.Adapters lora = stages.get(2).lora();
    assertThat(lora.rank()).isEqualTo(32);
    assertThat(lora.alpha()).isEqualTo(64);
  }

  @Test
  void settingsReplaceFieldsAndReachIntoObjects() throws IOException {
    Path file = files("nano").get(4);
    Recipe plain = Recipe.read(file);
    Recipe r =
        Recipe.read(
            file,
            Map.of(
                "lr", "1e-5",
                "train", "[\"llm.*\"]",
                "config.num_embs", "8",
                "config.llm_config.hidden_size", "64"));
    assertThat(r.lr()).isEqualTo(1e-5);
    assertThat(r.train()).containsExactly("llm.*");
    assertThat(r.config())
        .containsEntry("num_embs", 8)
        .containsEntry("llm_config", Map.of("hidden_size", 64))
        .containsAllEntriesOf(plain.config());
    assertThat(r.steps()).isEqualTo(plain.steps());
    assertThatThrownBy(() -> Recipe.read(file, Map.of("lr.high", "1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot set lr.high: what is to hold high has no fields");
    assertThatThrownBy(() -> Recipe.read(file, Map.of("stepz", "1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stepz");
    assertThatThrownBy(() -> Recipe.read(file, Map.of("lr", "[1")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Recipe read(Path file) {
    try {
      return Recipe.read(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void assertRates(List<Recipe> stages, String name, double... rates) {
    for (int i = 0; i < rates.length; i++) {
      Recipe r = stages.get(i);
      double rate = r.trains(name) ? r.lr() * r.factor(name) : 0;
      assertThat(rate).as("%s in stage %d of 4", name, i + 1).isCloseTo(rates[i], within(1e-12));
    }
  }
}
