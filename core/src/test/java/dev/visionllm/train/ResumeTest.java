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
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that is killed and resumed ends as the one that was not: same losses, same bytes. */
class ResumeTest {
  private static final Path MODEL = Path.of("src/test/resources/tiny-model");
  private static final int STEPS = 5;
  private static final int SAVE_EVERY = 2;

  @TempDir static Path dir;

  @BeforeAll
  static void scenes() throws Exception {
    Scenes scenes = Shapes.scenes(dir, Scenes.Settings.DEFAULT.sized(64, 64), 7);
    new SceneWriter(scenes, ClassList.nano(), Templates.builtIn())
        .write(dir.resolve("data"), 7, 1, n -> {});
  }

  @ParameterizedTest
  @EnumSource(names = {"PATCHES", "CODES", "LINKED"})
  void aKilledRunEndsAsTheUninterruptedOne(Recipe.Objective objective) throws IOException {
    Recipe recipe = recipe(objective);
    Path whole = dir.resolve(objective + "-whole");
    List<Trainer.Step> expected = new ArrayList<>();
    try (Trainer t = new Trainer(recipe, whole, false)) {
      t.forEachRemaining(expected::add);
    }
    assertThat(expected).hasSize(STEPS);

    Path killed = dir.resolve(objective + "-killed");
    int at = new Random().nextInt(SAVE_EVERY, STEPS);
    List<Trainer.Step> steps = new ArrayList<>();
    try (Trainer t = new Trainer(recipe, killed, false)) {
      for (int i = 0; i < at; i++) {
        steps.add(t.next());
      }
    }
    int saved = at / SAVE_EVERY * SAVE_EVERY;
    steps.subList(saved, at).clear();
    try (Trainer t = new Trainer(recipe, killed, true)) {
      assertThat(t.done()).isEqualTo(saved);
      t.forEachRemaining(steps::add);
    }
    assertThat(steps).as("killed after step " + at).isEqualTo(expected);
    for (String file : List.of("model.safetensors", TrainState.FILE)) {
      assertThat(Files.mismatch(whole.resolve(file), killed.resolve(file)))
          .as("first differing byte of %s, killed after step %d", file, at)
          .isEqualTo(-1);
    }
  }

  @Test
  void aRunIsNotOverwrittenOrInvented() throws IOException {
    Path run = dir.resolve("again");
    Recipe recipe = recipe(Recipe.Objective.PATCHES);
    assertThatThrownBy(() -> new Trainer(recipe, run, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no run to resume");
    try (Trainer t = new Trainer(recipe, run, false)) {
      t.next();
      t.save();
    }
    assertThatThrownBy(() -> new Trainer(recipe, run, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--resume");
  }

  @Test
  void metricsAreCutToTheCheckpoint() throws IOException {
    Path run = Files.createDirectories(dir.resolve("metrics"));
    Metrics m = Metrics.open(run, 0);
    for (int i = 1; i <= 4; i++) {
      m.add(new Trainer.Step(i, i + 0.5, java.util.Map.of("language", i + 0.5), 1e-3, 2), 0.1);
    }
    Files.writeString(
        run.resolve(Metrics.FILE), "{\"step\": 5, \"lo", java.nio.file.StandardOpenOption.APPEND);
    Metrics resumed = Metrics.open(run, 2);
    assertThat(resumed.lines()).isEqualTo(m.lines().subList(0, 2));
    resumed.add(m.lines().get(2).step(), 0.2);
    assertThat(Files.readAllLines(run.resolve(Metrics.FILE))).hasSize(3);
    assertThat(Metrics.open(run, 0).lines()).isEmpty();
  }

  @Test
  void exportWritesAModelInAnotherFormat() throws IOException {
    Path run = dir.resolve("exported");
    try (Trainer t = new Trainer(recipe(Recipe.Objective.PATCHES), run, false)) {
      t.save();
    }
    Path out = dir.resolve("model");
    Export.Written w = Export.write(run, MODEL, out, Hardware.Dtype.BF16);
    SafeTensors before = SafeTensors.open(run.resolve("model.safetensors"));
    SafeTensors after = SafeTensors.open(out.resolve("model.safetensors"));
    assertThat(w.bytes()).isEqualTo(Files.size(out.resolve("model.safetensors")));
    assertThat(w.tensors()).isEqualTo(after.entries().size());
    assertThat(after.entries().keySet())
        .containsExactlyInAnyOrderElementsOf(before.entries().keySet());
    assertThat(after.entries().values())
        .allMatch(e -> e.dtype().equals("BF16") || !e.dtype().startsWith("F"));
    assertThat(Files.mismatch(MODEL.resolve("config.json"), out.resolve("config.json")))
        .isEqualTo(-1);
  }

  /** A first step moves B, whose A has no gradient while B is zero, and the queries. */
  @Test
  void onlyAdaptersAndQueriesLearnWhereTheRecipeSaysSo() throws IOException {
    recipe(Recipe.Objective.LINKED);
    Path file = dir.resolve("link.yaml");
    Files.writeString(
        file,
        Files.readString(dir.resolve("LINKED.yaml"))
            .replaceAll("- \\{task: conv.*", "")
            .replace("train: [\".*\"]", "train: ['.*lora_.*', 'emb_embeddings_det.*']")
            .replace("weight_decay: 0.05", "weight_decay: 0"));
    Path run = dir.resolve("linked-only");
    try (Trainer t = new Trainer(Recipe.read(file), run, false)) {
      t.save();
      Path before = Files.copy(run.resolve("model.safetensors"), dir.resolve("before.safetensors"));
      Trainer.Step step = t.next();
      assertThat(step.parts()).containsKeys("detection", "language");
      t.save();
      SafeTensors a = SafeTensors.open(before);
      SafeTensors b = SafeTensors.open(run.resolve("model.safetensors"));
      try (var scope = TensorScope.open()) {
        for (String name : a.entries().keySet()) {
          boolean same = a.get(name).equal(b.get(name));
          boolean learns = name.contains("lora_B") || name.startsWith("emb_embeddings_det");
          assertThat(same).as(name).isEqualTo(!learns || name.contains("lora_A"));
        }
      }
    }
    assertThat(Checkpoint.open(run).withHardware(Hardware.CPU).has("llm.lm_head.weight")).isTrue();
  }

  private static Recipe recipe(Recipe.Objective objective) throws IOException {
    Path file = dir.resolve(objective + ".yaml");
    Files.writeString(
        file,
        """
        model: "%s"
        objective: %s
        data:
        - {task: objects, folders: [data], classes: 6, narrow: 0.5}
        %s
        train: [".*"]
        groups: {"vis_encoder\\\\..*": 0.3}
        steps: %d
        batch: 2
        accumulate: 2
        mixed: true
        lr: 1.0e-3
        warmup: 2
        weight_decay: 0.05
        seed: 3
        detector: {denoising: 4, dense: 1, mask_points: 20}
        link: 0.5
        teacher: 0.5
        save_every: %d
        """
            .formatted(
                MODEL.toAbsolutePath(),
                objective,
                objective == Recipe.Objective.LINKED
                    ? "- {task: conversations, folders: [data], dialogues: 3, shares: {caption:"
                        + " 0.5}}"
                    : "",
                STEPS,
                SAVE_EVERY));
    return Recipe.read(file);
  }
}
