package dev.visionllm.cli;

import dev.visionllm.eval.DataFolder;
import dev.visionllm.eval.Scores;
import dev.visionllm.eval.Suite;
import dev.visionllm.eval.Suites;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code visionllm evaluate}: runs a model over annotated data and prints its scores. */
@Command(
    name = "evaluate",
    description =
        "Measure a model on annotated data: what it finds, says, calls, makes and changes.")
final class EvaluateCommand extends CliCommand {
  /**
   * All that was measured.
   *
   * @param leftOut why suites did not run, of all
   */
  record Report(
      String model, String data, List<ChosenSuites.Result> suites, Map<String, String> leftOut) {}

  @Mixin private ModelOption model;

  @Option(
      names = "--suite",
      required = true,
      split = ",",
      paramLabel = "SUITE",
      description = "What to measure, see below; or all that the data and the model allow.")
  private List<String> suites;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "Folder with instances.json, conversations.jsonl, images/ and so on.")
  private Path data;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Use the first N pictures only, or captions, edits, ... (default: all).")
  private int limit = Integer.MAX_VALUE;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "16",
      description = "Questions answered together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "20",
      description = "Steps of making or changing a picture (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--per-class",
      description = "Print the first score of each class too (--json always has it).")
  private boolean perClass;

  @Spec
  void describe(CommandSpec spec) {
    Stream<String> lines =
        Arrays.stream(Suite.values()).map(s -> "  %-12s %s".formatted(s.word(), s.about()));
    spec.usageMessage()
        .footer(
            Stream.of(
                    Stream.of("", "Suites:"),
                    lines,
                    Stream.of(
                        "",
                        "Examples:",
                        "  visionllm evaluate --suite detection --data scenes",
                        "  visionllm evaluate --model DIR --suite vqa,caption --data scenes"
                            + " --limit 100",
                        "  visionllm evaluate --suite all --data scenes --json"))
                .flatMap(s -> s)
                .toArray(String[]::new));
  }

  @Override
  public Integer call() throws IOException {
    Suites.Settings settings = new Suites.Settings(Suites.Settings.DEFAULT.classes(), batch, steps);
    ChosenSuites chosen = ChosenSuites.open(suites, DataFolder.open(data, limit));
    Path folder = model.folder();
    List<ChosenSuites.Result> results;
    try (VisionLlm loaded = model.load(folder)) {
      if (!json()) {
        print("model %s, data %s", folder, data);
      }
      Suites.Subject subject = Suites.Subject.of(loaded);
      chosen.keepAble(subject.abilities(), folder);
      results = chosen.run(this, subject, settings);
    }
    Map<String, String> leftOut = chosen.leftOut();
    if (json()) {
      printJson(new Report(folder.toString(), data.toString(), results, leftOut));
      return Main.OK;
    }
    if (perClass) {
      results.stream().filter(r -> !r.byClass().isEmpty()).forEach(this::printClasses);
    }
    if (!leftOut.isEmpty()) {
      print("");
      leftOut.forEach((suite, why) -> print("left out: %s, %s", suite, why));
    }
    return Main.OK;
  }

  private void printClasses(ChosenSuites.Result of) {
    print("");
    print("%s, %s by class:", of.suite(), of.scores().keySet().iterator().next());
    ChosenSuites.printTable(this, Scores.table(of.byClass()));
  }
}
