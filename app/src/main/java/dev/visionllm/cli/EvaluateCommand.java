package dev.visionllm.cli;

import dev.visionllm.eval.DataFolder;
import dev.visionllm.eval.MissingData;
import dev.visionllm.eval.Scores;
import dev.visionllm.eval.Suite;
import dev.visionllm.eval.Suites;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
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
  private static final String ALL = "all";

  /**
   * All that was measured.
   *
   * @param leftOut why suites did not run, of all
   */
  record Report(String model, String data, List<Result> suites, Map<String, String> leftOut) {}

  /**
   * One suite.
   *
   * @param items of the unit
   * @param scores shares in 0..1 and counts; null where nothing was there to measure
   */
  record Result(
      String suite,
      String unit,
      int items,
      double seconds,
      double millisecondsPerItem,
      Map<String, Double> scores) {}

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

  private final Map<String, String> leftOut = new LinkedHashMap<>();

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
    Set<Suite> chosen = chosen(suites);
    Suites.Settings settings = new Suites.Settings(Suites.Settings.DEFAULT.classes(), batch, steps);
    Path folder = model.folder();
    Map<Suite, Suites.Evaluation> opened = open(chosen, DataFolder.open(data, limit));
    List<Result> results = new ArrayList<>();
    try (VisionLlm loaded = model.load(folder)) {
      if (!json()) {
        print("model %s, data %s", folder, data);
      }
      Suites.Subject subject = Suites.Subject.of(loaded);
      opened.keySet().removeIf(suite -> !able(suite, subject, folder));
      for (Map.Entry<Suite, Suites.Evaluation> e : opened.entrySet()) {
        results.add(run(e.getKey(), e.getValue(), subject, settings));
      }
    }
    if (json()) {
      printJson(new Report(folder.toString(), data.toString(), results, leftOut));
    } else if (!leftOut.isEmpty()) {
      print("");
      leftOut.forEach((suite, why) -> print("left out: %s, %s", suite, why));
    }
    return Main.OK;
  }

  /** Whether a suite was asked for by its name, not as one of all. */
  private boolean named(Suite suite) {
    return suites.stream().anyMatch(w -> !isAll(w) && Suite.of(w) == suite);
  }

  private Map<Suite, Suites.Evaluation> open(Set<Suite> chosen, DataFolder folder)
      throws IOException {
    Map<Suite, Suites.Evaluation> opened = new LinkedHashMap<>();
    MissingData first = null;
    for (Suite suite : chosen) {
      try {
        opened.put(suite, suite.open(folder));
      } catch (MissingData e) {
        if (named(suite)) {
          throw e;
        }
        first = first == null ? e : first;
        leftOut.put(suite.word(), e.getMessage());
      }
    }
    if (opened.isEmpty()) {
      throw first;
    }
    return opened;
  }

  private boolean able(Suite suite, Suites.Subject subject, Path folder) {
    String lacking =
        suite.abilities().stream()
            .filter(a -> !subject.abilities().contains(a))
            .map(Suites.Ability::word)
            .collect(Collectors.joining(" and "));
    if (lacking.isEmpty()) {
      return true;
    }
    String why = "model %s has no part for %s".formatted(folder, lacking);
    if (named(suite)) {
      throw new IllegalArgumentException("suite %s cannot run: %s".formatted(suite.word(), why));
    }
    leftOut.put(suite.word(), why);
    return false;
  }

  private Result run(
      Suite suite, Suites.Evaluation evaluation, Suites.Subject subject, Suites.Settings settings)
      throws IOException {
    int items = evaluation.items();
    long start = System.nanoTime();
    Scores scores;
    try (Meter meter = new Meter(suite.word(), items, err())) {
      scores = evaluation.run(subject, settings, meter::at);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, Double> rows = new LinkedHashMap<>();
    scores.rows().forEach((name, value) -> rows.put(name, value.isNaN() ? null : value));
    if (!json()) {
      print("");
      print(
          "%s: %,d %s in %.1f s, %.0f ms each",
          suite.word(), items, evaluation.unit(), seconds, 1000 * seconds / items);
      scores.table().lines().forEach(line -> out().println("  " + line));
      out().flush();
    }
    return new Result(
        suite.word(), evaluation.unit(), items, seconds, 1000 * seconds / items, rows);
  }

  /** In the order given; "all" stands for every one. */
  static Set<Suite> chosen(List<String> words) {
    Set<Suite> out = new LinkedHashSet<>();
    for (String word : words) {
      out.addAll(isAll(word) ? List.of(Suite.values()) : List.of(Suite.of(word)));
    }
    return out;
  }

  private static boolean isAll(String word) {
    return word.strip().equalsIgnoreCase(ALL);
  }
}
