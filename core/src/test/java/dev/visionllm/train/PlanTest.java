package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.data.ClassList;
import dev.visionllm.data.SceneWriter;
import dev.visionllm.data.Scenes;
import dev.visionllm.data.Shapes;
import dev.visionllm.data.Templates;
import dev.visionllm.vlm.Layout;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanTest {
  private static final Path NANO = Path.of("../models/nano");
  private static final Path TINY = Path.of("src/test/resources/tiny-model");

  @TempDir Path dir;

  private static Map<String, Plan.Part> parts(Plan plan) {
    return plan.parts().stream().collect(Collectors.toMap(Plan.Part::name, Function.identity()));
  }

  private static Plan plan(String recipe) throws IOException {
    return Plan.of(Recipe.read(Path.of("../recipes").resolve(recipe)));
  }

  /**
   * Numbers of the shipped checkpoint, once for each tensor. The image encoder's last norm, which
   * answers do not need, is not in it and counted from its size.
   */
  private static long shipped(Predicate<Layout.Parameter> which) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(NANO);
    Layout layout = Layout.of(VisionLlmConfig.read(NANO));
    assertThat(layout.missing(checkpoint::has)).isEmpty();
    return layout.parameters().values().stream()
        .filter(p -> !p.again() && which.test(p))
        .mapToLong(
            p -> {
              SafeTensors.Entry e = checkpoint.entries().get(p.name());
              long[] shape = e == null ? p.shape() : e.shape();
              return Arrays.stream(shape).reduce(1, Math::multiplyExact);
            })
        .sum();
  }

  @ParameterizedTest
  @CsvSource({
    "1-detector.yaml, gdino\\..*",
    "2-patches.yaml, (vis_encoder|vl_bridge|region_encoder)\\..*",
    "3-language.yaml,"
        + " (vl_bridge|region_encoder)\\..*|emb_embeddings_(det|pose).*|llm\\.(?!model\\.embed).*",
    "4-link.yaml, gdino\\..*",
    "10-pictures.yaml,"
        + " emb_embeddings_(gen|edit).*|(sd|ip2p)\\.(emb_proj|llm2sd_mapper|sd_unet).*",
  })
  void shippedModelsRecipesHaveItsParameters(String recipe, String learning) throws IOException {
    Plan plan = plan("nano/" + recipe);
    assertThat(plan.parameters()).isEqualTo(shipped(p -> true));
    assertThat(plan.learning())
        .isEqualTo(shipped(p -> p.whole() == null && p.name().matches(learning)))
        .isPositive();
    for (Plan.Part p : plan.parts()) {
      String start = p.name().equals("super-link queries") ? "emb_embeddings_" : p.name() + ".";
      assertThat(p.parameters()).as(p.name()).isEqualTo(shipped(e -> e.name().startsWith(start)));
    }
    assertThat(plan.idle()).isEmpty();
    assertThat(plan.steps()).isPositive();
    assertThat(plan.memory().weights()).isEqualTo(4 * plan.parameters());
    assertThat(plan.memory().moments()).isEqualTo(8 * plan.learning());
    assertThat(plan.operations()).isPositive();
  }

  @ParameterizedTest
  @CsvSource({
    "1-align.yaml, 2048, 64, 576",
    "2-tune.yaml, 1024, 64, 2880",
    "3-multi.yaml, 256, 128, 2880",
    "4-decoders.yaml, 256, 128, 2880"
  })
  void releasedSizesRecipesAreCountedWithoutAnyFile(
      String recipe, int batch, int passes, int picture) throws IOException {
    Plan plan = plan("v2-7b/" + recipe);
    System.out.printf(
        "%s: %,d parameters, %,d learn, %.1f GB, %.0f TFLOP a step, %d tokens%n",
        recipe,
        plan.parameters(),
        plan.learning(),
        plan.memory().sum() / 1e9,
        plan.operations() / 1e12,
        plan.tokens());
    assertThat(plan.steps()).isNull();
    assertThat(plan.samples()).isNull();
    assertThat(plan.rows() * plan.passes()).isEqualTo(batch);
    assertThat(plan.passes()).isEqualTo(passes);
    assertThat(plan.tokens()).isBetween(picture, 4096);
    assertThat(plan.idle()).isEmpty();
    assertThat(parts(plan).get("llm").parameters())
        .isEqualTo(32 * (4L * 4096 * 4096 + 3L * 4096 * 11008) + 2L * 32026 * 4096 + 65 * 4096);
    assertThat(parts(plan).get("vis_encoder").learning()).isZero();
    assertThat(parts(plan))
        .containsKeys("vl_bridge", "region_encoder", "gdino", "unipose", "sd", "ip2p");
  }

  @Test
  void adaptersAreAPartThatLearns() throws IOException {
    Map<String, Plan.Part> parts = parts(plan("v2-7b/3-multi.yaml"));
    long adapters = 32 * 32 * (4L * 2 * 4096 + 2L * (4096 + 11008));
    assertThat(parts.get("lora")).isEqualTo(new Plan.Part("lora", adapters, adapters));
    assertThat(parts.get("llm").learning()).isEqualTo(2L * 32026 * 4096);
    assertThat(parts.get("super-link queries").learning()).isEqualTo((4L + 4 + 64 + 64) * 4096);
    assertThat(parts.get("sd").learning()).isLessThan(parts.get("sd").parameters() / 5);
  }

  /**
   * Everything but the way back through CLIP: it and the language model rest, the bridge learns.
   */
  @Test
  void countsTheOperationsOfTheFirstStage() throws IOException {
    double t = 577;
    double clip = 24 * (2 * t * (4.0 * 1024 * 1024 + 2.0 * 1024 * 4096) + 4 * t * t * 1024);
    double n = 2048;
    double block = 2 * n * (4.0 * 4096 * 4096 + 3.0 * 4096 * 11008) + 2 * n * n * 4096;
    double llm = 32 * block + 2 * n * 32026 * 4096;
    double bridge = 2 * 576.0 * (1024.0 * 4096 + 4096.0 * 4096);
    // there, again on the way back, and back; the bridge there, back and to its weights
    double row = clip + 3 * llm + 3 * bridge;
    assertThat(plan("v2-7b/1-align.yaml").operations())
        .isCloseTo(2048 * row, Percentage.withPercentage(0.1));
  }

  /**
   * Published for Grounding DINO with Swin-T at 800 x 1333: 464 G multiplications, with its BERT.
   */
  @Test
  void countsTheDetectorsOperations() throws IOException {
    Plan with = plan("v2-7b/4-decoders.yaml");
    Path file = dir.resolve("codes.yaml");
    Files.writeString(
        file,
        Files.readString(Path.of("../recipes/v2-7b/4-decoders.yaml"))
            .replace("objective: linked", "objective: codes")
            .replace("detector: {denoising: 100, mask_points: 12544}", "")
            .replaceAll("- \\{task: (?!objects).*\n", "")
            .replace("../../models", "models"));
    double multiplications = Plan.of(Recipe.read(file)).operations() / 256 / 3 / 2;
    System.out.printf("Swin-T at 800 x 1333: %.0f G multiplications%n", multiplications / 1e9);
    assertThat(multiplications).isBetween(150e9, 464e9);
    assertThat(with.operations()).isGreaterThan(256 * 6 * multiplications);
  }

  private Recipe tiny(String... lines) throws IOException {
    Path file = dir.resolve("tiny.yaml");
    Files.writeString(
        file,
        """
        model: "%s"
        data:
        - {task: objects, folders: [data]}
        - {task: conversations, folders: [data], tokens: 600}
        batch: 2
        lr: 1.0e-3
        %s
        """
            .formatted(TINY.toAbsolutePath(), String.join("\n", lines)));
    return Recipe.read(file);
  }

  private void scenes() throws Exception {
    Scenes scenes = Shapes.scenes(dir, Scenes.Settings.DEFAULT.sized(64, 64), 7);
    new SceneWriter(scenes, ClassList.nano(), Templates.builtIn())
        .write(dir.resolve("data"), 7, 1, n -> {});
  }

  @Test
  void learnsAndRunsAsLongAsTheTrainer() throws Exception {
    scenes();
    Recipe r =
        tiny(
            "objective: linked",
            "train: [\"gdino.*\", \"llm.*lora_.*\", \"emb_embeddings_det.*\"]",
            "lora: {rank: 2, alpha: 4}",
            "epochs: 3");
    Plan plan = Plan.of(r);
    assertThat(plan.samples()).isEqualTo(14);
    try (Trainer t = new Trainer(r, dir.resolve("run"), false)) {
      assertThat(plan.learning()).isEqualTo(t.learningParameters());
      assertThat(plan.steps()).isEqualTo(t.steps()).isEqualTo(21);
    }
  }

  @Test
  void recomputingTakesLessMemoryAndMoreOperations() throws Exception {
    String[] lines = {"objective: linked", "train: [\"llm.*\"]", "steps: 4", "recompute: false"};
    Plan keeping = Plan.of(tiny(lines));
    lines[3] = "recompute: true";
    Plan again = Plan.of(tiny(lines));
    assertThat(again.memory().activations()).isLessThan(keeping.memory().activations());
    assertThat(again.operations()).isGreaterThan(keeping.operations());
    assertThat(again.steps()).isEqualTo(4); // and there are no data
    assertThat(again.samples()).isNull();
  }

  @Test
  void saysWhatMatchesNothingAndWhatIsNotThere() throws Exception {
    Plan plan = Plan.of(tiny("objective: linked", "train: [\"llm.*\", \"lmm.*\"]", "steps: 4"));
    assertThat(plan.idle()).containsExactly("lmm.*");
    Path file = dir.resolve("tiny.yaml");
    Files.writeString(file, Files.readString(file).replace("tiny-model", "no-model"));
    Recipe lost = Recipe.read(file);
    assertThatThrownBy(() -> Plan.of(lost))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no-model has no config.json");
    Path blind = Files.createDirectory(dir.resolve("blind"));
    Files.writeString(
        blind.resolve("config.json"),
        Files.readString(TINY.resolve("config.json"))
            .replace("\"use_gdino\": true", "\"use_gdino\": false"));
    Files.writeString(
        file,
        Files.readString(file)
            .replaceAll("model: .*", "model: blind")
            .replace("objective: linked", "objective: codes"));
    Recipe codes = Recipe.read(file);
    assertThatThrownBy(() -> Plan.of(codes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("set use_gdino");
  }
}
