package dev.visionllm.cli;

import dev.visionllm.data.Problems;
import dev.visionllm.train.Metrics;
import dev.visionllm.train.Recipe;
import dev.visionllm.train.Trainer;
import dev.visionllm.train.Workers;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm train}: runs a recipe. */
@Command(
    name = "train",
    description = "Train a model from a recipe.",
    footer = {
      "",
      "OUT becomes a model folder and gets state.safetensors (to resume from), metrics.jsonl and",
      "loss.png.",
      "A run that is interrupted ends after its step with a checkpoint; one that is killed has its",
      "last one. Both go on with --resume, to the same weights, on any number of workers: these",
      "share the passes that the recipe accumulates to a step, whose order does not change, and",
      "exchange gradients while the last of them computes. Machine 0 writes OUT; the others need",
      "recipe, data and, for --resume, OUT. All must start within 5 minutes.",
      "What a recipe's \"evaluate\" measures on the way is in metrics.jsonl too. Other workers"
          + " wait",
      "for it at most half an hour: limit it.",
      "",
      "Examples:",
      "  visionllm train recipes/nano/1-detector.yaml",
      "  visionllm train recipes/nano/1-detector.yaml --resume",
      "  visionllm train my.yaml --data train,more --out runs/second",
      "  visionllm train my.yaml --set lr=1e-4 --set config.num_embs=8 --out runs/third",
      "  visionllm train my.yaml --skip-broken",
      "  visionllm train recipes/v2-7b/3-multi.yaml --dry-run",
      "  visionllm train my.yaml --nproc 2",
      "  visionllm train my.yaml --nodes 2 --rank 0 --master first-machine:29500"
    })
final class TrainCommand extends CliCommand {
  /**
   * How a run ended.
   *
   * @param samplesPerSecond of a median step; null if there was none
   * @param outsideEngine share of the steps' time that was not spent in libtorch, 0 to 1; null if
   *     no step was made now
   * @param evaluations all that the recipe wanted
   */
  record Trained(
      String out,
      int steps,
      long learningParameters,
      double loss,
      int broken,
      double seconds,
      Double samplesPerSecond,
      Double outsideEngine,
      String metrics,
      String chart,
      List<Metrics.Evaluation> evaluations) {}

  private static final String CHART = "loss.png";
  private static final int LISTED = 20; // broken samples
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

  @Option(
      names = "--set",
      paramLabel = "FIELD=VALUE",
      description =
          "Another value (YAML) of a field of the recipe; dots reach into objects. Repeatable.")
  private Map<String, String> settings = Map.of();

  @Option(
      names = "--skip-broken",
      description = "Leave samples out that cannot be used, and list them at the end.")
  private boolean skip;

  @Option(
      names = "--dry-run",
      description = "Tell what the run would take, and stop; needs neither weights nor data.")
  private boolean dryRun;

  @Mixin private WorkerProcesses processes;

  @Override
  public Integer call() throws IOException {
    Recipe r = Recipe.read(recipe, settings);
    if (data != null) {
      r = r.withData(data);
    }
    if (dryRun) {
      DryRun.print(this, recipe, r);
      return Main.OK;
    }
    if (processes.starts()) {
      return processes.run(arguments(), err());
    }
    Path run = out == null ? Path.of("runs", name(recipe)) : out;
    WorkerProcesses.Place place = processes.place();
    boolean first = place == null || place.rank() == 0;
    TrainEvaluation evaluation =
        first && r.evaluate() != null ? new TrainEvaluation(this, r, run) : null;
    Workers workers =
        place == null ? Workers.alone() : Workers.join(place.rank(), place.size(), place.master());
    Problems problems = skip ? Problems.skip() : Problems.refuse();
    long start = System.nanoTime();
    try (Trainer trainer = new Trainer(r, run, resume, workers, problems)) {
      Interrupt.awaitCommand();
      if (workers.rank() > 0) {
        while (goesOn(trainer, workers)) {
          trainer.next();
        }
        if (!trainer.hasNext()) {
          return Main.OK;
        }
        trainer.save();
        return Interrupt.CODE;
      }
      Metrics metrics = Metrics.open(run, trainer.done());
      double outside = train(trainer, workers, r, run, metrics, evaluation);
      if (trainer.hasNext()) {
        trainer.save();
        err().println("interrupted after step " + trainer.done() + ": go on with --resume");
        return Interrupt.CODE;
      }
      report(problems);
      end(trained(trainer, r, run, metrics, problems, (System.nanoTime() - start) / 1e9, outside));
    }
    return Main.OK;
  }

  /** All workers ask this before each step, so that they stop after the same one. */
  private static boolean goesOn(Trainer trainer, Workers workers) {
    return trainer.hasNext() && !workers.any(Interrupt.asked());
  }

  /** Makes the steps; returns the share of their time that was not spent in libtorch. */
  private double train(
      Trainer trainer,
      Workers workers,
      Recipe r,
      Path run,
      Metrics metrics,
      TrainEvaluation evaluation)
      throws IOException {
    if (!json()) {
      print(
          "%s: %s from step %d to %d, %,d parameters learn",
          run,
          r.objective().name().toLowerCase(Locale.ROOT),
          trainer.done(),
          trainer.steps(),
          trainer.learningParameters());
    }
    try (EngineShare share = new EngineShare();
        ProgressBar bar = json() || System.console() == null ? null : bar(trainer, r)) {
      int first = trainer.done();
      long begun = System.nanoTime();
      long printed = 0;
      if (evaluation != null) {
        evaluation.after(trainer, metrics); // which a kill may have prevented
      }
      while (goesOn(trainer, workers)) {
        long before = System.nanoTime();
        Trainer.Step last = share.time(trainer::next);
        long now = System.nanoTime();
        metrics.add(last, (now - before) / 1e9);
        if (last.number() % r.saveEvery() == 0 || !trainer.hasNext()) {
          LossCurve.write(metrics.lines(), run.resolve(CHART));
        }
        if (bar != null) {
          bar.stepTo(last.number());
          bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", last.loss()));
        } else if (!json()
            && (last.number() == first + 1 || !trainer.hasNext() || now - printed > LINE_NANOS)) {
          printed = now;
          print("%s", line(last, trainer.steps(), (now - begun) / 1e9 / (last.number() - first)));
        }
        if (evaluation != null) {
          evaluation.after(trainer, metrics);
        }
      }
      return share.outside();
    }
  }

  private static Trained trained(
      Trainer trainer,
      Recipe r,
      Path run,
      Metrics metrics,
      Problems problems,
      double seconds,
      double outside) {
    List<Metrics.Line> lines = metrics.lines();
    double loss = lines.isEmpty() ? Double.NaN : lines.get(lines.size() - 1).step().loss();
    Double rate = null;
    if (!lines.isEmpty()) {
      double step = Limits.median(lines.stream().map(Metrics.Line::seconds).toList());
      rate = r.batch() * r.accumulate() / step;
    }
    return new Trained(
        run.toString(),
        trainer.done(),
        trainer.learningParameters(),
        loss,
        problems.total(),
        seconds,
        rate,
        Double.isNaN(outside) ? null : (Double) outside,
        run.resolve(Metrics.FILE).toString(),
        run.resolve(CHART).toString(),
        metrics.evaluations());
  }

  private void report(Problems problems) {
    if (problems.total() > 0) {
      err().printf("%d broken samples were left out:%n", problems.total());
      problems.first(LISTED).forEach(p -> err().println("  " + p));
    }
  }

  private void end(Trained t) {
    if (json()) {
      printJson(t);
      return;
    }
    print("%s: %d steps done in %.0f s, loss curve %s", t.out, t.steps, t.seconds, t.chart);
    if (t.outsideEngine != null) {
      print(
          "%.1f samples/s; %.1f %% of the steps' time outside libtorch",
          t.samplesPerSecond, 100 * t.outsideEngine);
    }
  }

  private static ProgressBar bar(Trainer trainer, Recipe r) {
    return new ProgressBarBuilder()
        .setTaskName("steps")
        .setInitialMax(trainer.steps())
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
