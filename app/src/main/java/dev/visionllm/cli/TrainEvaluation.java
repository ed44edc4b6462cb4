package dev.visionllm.cli;

import dev.visionllm.eval.DataFolder;
import dev.visionllm.eval.Suites;
import dev.visionllm.train.Metrics;
import dev.visionllm.train.Recipe;
import dev.visionllm.train.Trainer;
import dev.visionllm.vlm.VisionLlm;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a recipe measures while it runs. The model is that of the run's checkpoint, mapped from its
 * file.
 */
final class TrainEvaluation {
  private final CliCommand command;
  private final Recipe recipe;
  private final Path run;
  private final ChosenSuites suites;

  /**
   * Opens the data, so that what is wrong with them is known before the first step.
   *
   * @param run the run's folder
   * @throws IllegalArgumentException if a suite is unknown, or its data or the model's part for it
   *     are not there
   */
  TrainEvaluation(CliCommand command, Recipe recipe, Path run) throws IOException {
    this.command = command;
    this.recipe = recipe;
    this.run = run;
    Recipe.Evaluation e = recipe.evaluate();
    suites = ChosenSuites.open(e.suites(), DataFolder.open(e.data(), e.limit()));
    suites.keepAble(
        Suites.abilities(VisionLlmConfig.read(recipe.model(), recipe.config())), recipe.model());
  }

  /**
   * Measures the model as it is, if the recipe wants that after the last step and it is not done.
   */
  void after(Trainer trainer, Metrics metrics) throws IOException {
    int step = trainer.done();
    if (step == 0
        || !recipe.evaluate().after(step, trainer.steps())
        || metrics.evaluations().stream().anyMatch(e -> e.step() == step)) {
      return;
    }
    long start = System.nanoTime();
    Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
    if (!command.json()) {
      command.print("after step %,d", step);
    }
    try (VisionLlm model = VisionLlm.load(run)) {
      suites
          .run(command, Suites.Subject.of(model), Suites.Settings.DEFAULT)
          .forEach(r -> scores.put(r.suite(), r.scores()));
    }
    metrics.add(new Metrics.Evaluation(step, scores, (System.nanoTime() - start) / 1e9));
  }
}
