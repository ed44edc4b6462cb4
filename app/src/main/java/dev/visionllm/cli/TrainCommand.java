package dev.visionllm.cli;

import dev.visionllm.train.Metrics;
import dev.visionllm.train.Recipe;
import dev.visionllm.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm train}: runs a recipe. */
@Command(
    name = "train",
    description = "Train a model from a recipe.",
    footer = {
      "",
      "OUT gets model.safetensors, state.safetensors (to resume from), metrics.jsonl and loss.png.",
      "A run that is interrupted ends after its step with a checkpoint; one that is killed has its",
      "last one. Both go on with --resume, to the same weights.",
      "",
      "Examples:",
      "  visionllm train recipes/nano/1-detector.yaml",
      "  visionllm train recipes/nano/1-detector.yaml --resume",
      "  visionllm train my.yaml --data train,more --out runs/second"
    })
final class TrainCommand extends CliCommand {
  /** How a run ended. */
  record Trained(
      String out,
      int steps,
      long learningParameters,
      double loss,
      double seconds,
      String metrics,
      String chart) {}

  private static final long LINE_NANOS = Duration.ofSeconds(10).toNanos();

  @Parameters(paramLabel = "RECIPE", description = "Recipe (YAML).")
  private Path recipe;

  @Option(names = "--resume", description = "Go on from the last checkpoint of OUT.")
  private boolean resume;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the run (default: runs/NAME OF THE RECIPE).")
  private Path out;

  @Option(
      names = "--data",
      split = ",",
      paramLabel = "DIR",
      description = "Data folders instead of the recipe's, separated by commas.")
  private List<Path> data;

  @Override
  public Integer call() throws IOException {
    Recipe r = Recipe.read(recipe);
    if (data != null) {
      r = r.withData(data);
    }
    Path run = out == null ? Path.of("runs", name(recipe)) : out;
    Path chart = run.resolve("loss.png");
    long start = System.nanoTime();
    try (Trainer trainer = new Trainer(r, run, resume)) {
      long parameters = trainer.learningParameters();
      Metrics metrics = Metrics.open(run, trainer.done());
      if (!json()) {
        print(
            "%s: %s from step %d to %d, %,d parameters learn",
            run,
            r.objective().name().toLowerCase(Locale.ROOT),
            trainer.done(),
            r.steps(),
            parameters);
      }
      Trainer.Step last = null;
      try (ProgressBar bar = json() || System.console() == null ? null : bar(trainer, r)) {
        int first = trainer.done();
        long begun = System.nanoTime();
        long printed = 0;
        Interrupt.awaitCommand();
        while (trainer.hasNext() && !Interrupt.asked()) {
          long before = System.nanoTime();
          last = trainer.next();
          long now = System.nanoTime();
          metrics.add(last, (now - before) / 1e9);
          if (last.number() % r.saveEvery() == 0 || !trainer.hasNext()) {
            LossCurve.write(metrics.lines(), chart);
          }
          if (bar != null) {
            bar.stepTo(last.number());
            bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", last.loss()));
          } else if (!json()
              && (last.number() == first + 1 || !trainer.hasNext() || now - printed > LINE_NANOS)) {
            printed = now;
            print("%s", line(last, r.steps(), (now - begun) / 1e9 / (last.number() - first)));
          }
        }
      }
      if (trainer.hasNext()) {
        trainer.save();
        err().println("interrupted after step " + trainer.done() + ": go on with --resume");
        return Interrupt.CODE;
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      double loss = last == null ? Double.NaN : last.loss();
      if (json()) {
        printJson(
            new Trained(
                run.toString(),
                trainer.done(),
                parameters,
                loss,
                seconds,
                run.resolve(Metrics.FILE).toString(),
                chart.toString()));
      } else {
        print("%s: %d steps done in %.0f s, loss curve %s", run, r.steps(), seconds, chart);
      }
    }
    return Main.OK;
  }

  private static ProgressBar bar(Trainer trainer, Recipe r) {
    return new ProgressBarBuilder()
        .setTaskName("steps")
        .setInitialMax(r.steps())
        .startsFrom(trainer.done(), Duration.ZERO)
        .setStyle(ProgressBarStyle.ASCII)
        .showSpeed()
        .build();
  }

  /** One step in a line, with the rate and the time that is left. */
  static String line(Trainer.Step s, int steps, double secondsPerStep) {
    long left = Math.round((steps - s.number()) * secondsPerStep);
    StringBuilder parts = new StringBuilder();
    if (s.parts().size() > 1) {
      s.parts().forEach((k, v) -> parts.append(String.format(Locale.ROOT, "  %s %.4f", k, v)));
    }
    return String.format(
        Locale.ROOT,
        "step %d/%d  loss %.4f%s  lr %.2g  norm %.2f  %.2f s/step  ETA %d:%02d:%02d",
        s.number(),
        steps,
        s.loss(),
        parts,
        s.lr(),
        s.gradNorm(),
        secondsPerStep,
        left / 3600,
        left / 60 % 60,
        left % 60);
  }

  /** "recipes/nano/1-detector.yaml" is called "1-detector". */
  private static String name(Path recipe) {
    return recipe.getFileName().toString().replaceFirst("\\.ya?ml$", "");
  }
}
