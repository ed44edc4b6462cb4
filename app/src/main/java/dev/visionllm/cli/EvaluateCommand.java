package dev.visionllm.cli;

import dev.visionllm.eval.SceneSet;
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
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code visionllm evaluate}: runs a model over annotated pictures and prints its scores. */
@Command(
    name = "evaluate",
    description =
        "Measure a model on annotated pictures: boxes, answers, captions, regions, routing.",
    footer = {
      "",
      "Suites:",
      "  detection    COCO's 12 numbers for boxes; 20 classes are named for each picture",
      "  empty        how often classes that are not there are found",
      "  vqa          existence, counting, colour, position, relation, absent things",
      "  recognition  the class of a marked region",
      "  caption      which of the picture's classes a caption mentions",
      "  routing      whether free answers call the detector for the right classes",
      "  all          all of these, one after the other",
      "",
      "Examples:",
      "  visionllm evaluate --suite detection --data scenes",
      "  visionllm evaluate --model path/to/model --suite vqa,caption --data scenes --limit 100",
      "  visionllm evaluate --suite all --data scenes --json"
    })
final class EvaluateCommand extends CliCommand {
  /** All that was measured. */
  record Report(String model, String data, int pictures, List<Result> suites) {}

  /**
   * One suite.
   *
   * @param items pictures (detection, empty) or questions (the others)
   * @param scores shares in 0..1 and counts; null where nothing was there to measure
   */
  record Result(
      String suite,
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
      description = "detection, vqa, caption, recognition, empty, routing, or all.")
  private List<String> suites;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "Folder with instances.json, conversations.jsonl and images/.")
  private Path data;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Use the first N pictures only (default: all).")
  private int limit = Integer.MAX_VALUE;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "16",
      description = "Questions answered together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Override
  public Integer call() throws IOException {
    Set<Suite> chosen = chosen(suites);
    Suites.Settings settings = new Suites.Settings(Suites.Settings.DEFAULT.classes(), batch);
    Path folder = model.folder();
    SceneSet set = SceneSet.read(data, limit);
    chosen.forEach(suite -> Suites.check(suite, set));
    List<Result> results = new ArrayList<>();
    try (VisionLlm loaded = model.load(folder)) {
      if (!json()) {
        print("model %s, %,d pictures of %s", folder, set.pictures().size(), data);
      }
      for (Suite suite : chosen) {
        Result result = run(suite, Suites.Subject.of(loaded), set, settings);
        results.add(result);
      }
    }
    if (json()) {
      printJson(new Report(folder.toString(), data.toString(), set.pictures().size(), results));
    }
    return Main.OK;
  }

  private Result run(Suite suite, Suites.Subject subject, SceneSet set, Suites.Settings settings)
      throws IOException {
    int items = Suites.size(suite, set);
    long start = System.nanoTime();
    Scores scores;
    try (Meter meter = new Meter(suite.word(), items, err())) {
      scores = Suites.run(suite, subject, set, settings, (done, all) -> meter.at(done));
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, Double> rows = new LinkedHashMap<>();
    scores.rows().forEach((name, value) -> rows.put(name, value.isNaN() ? null : value));
    if (!json()) {
      print("");
      print(
          "%s: %,d %s in %.1f s, %.0f ms each",
          suite.word(), items, unit(suite), seconds, 1000 * seconds / items);
      scores.table().lines().forEach(line -> out().println("  " + line));
      out().flush();
    }
    return new Result(suite.word(), items, seconds, 1000 * seconds / items, rows);
  }

  private static String unit(Suite suite) {
    return switch (suite) {
      case DETECTION, EMPTY -> "pictures";
      case VQA, RECOGNITION, CAPTION, ROUTING -> "questions";
    };
  }

  /** In the order given; "all" stands for every one. */
  static Set<Suite> chosen(List<String> words) {
    Set<Suite> out = new LinkedHashSet<>();
    for (String word : words) {
      String wanted = word.strip().toLowerCase(Locale.ROOT);
      List<Suite> found =
          Arrays.stream(Suite.values())
              .filter(s -> wanted.equals("all") || s.word().equals(wanted))
              .toList();
      if (found.isEmpty()) {
        throw new IllegalArgumentException(
            "suite '"
                + word
                + "' is unknown: give "
                + Arrays.stream(Suite.values()).map(Suite::word).collect(Collectors.joining(", "))
                + " or all");
      }
      out.addAll(found);
    }
    return out;
  }
}
