package dev.visionllm.cli;

import dev.visionllm.eval.DataFolder;
import dev.visionllm.eval.MissingData;
import dev.visionllm.eval.Scores;
import dev.visionllm.eval.Suite;
import dev.visionllm.eval.Suites;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Suites that somebody named, with their data opened. One that is asked for by its name must have
 * data and a model that can do it; of "all" those are left out for which that is not so.
 */
final class ChosenSuites {
  /**
   * One suite.
   *
   * @param items of the unit
   * @param scores shares in 0..1 and counts; null where nothing was there to measure
   * @param byClass the first of the scores by class, if it is made of classes
   */
  record Result(
      String suite,
      String unit,
      int items,
      double seconds,
      double millisecondsPerItem,
      Map<String, Double> scores,
      Map<String, Double> byClass) {}

  private static final String ALL = "all";

  private final List<String> words;
  private final Map<Suite, Suites.Evaluation> opened = new LinkedHashMap<>();
  private final Map<String, String> leftOut = new LinkedHashMap<>();

  private ChosenSuites(List<String> words) {
    this.words = words;
  }

  /**
   * Opens their data.
   *
   * @param words names, or "all"
   * @throws MissingData if there are none for a named one, or for all
   */
  static ChosenSuites open(List<String> words, DataFolder folder) throws IOException {
    ChosenSuites chosen = new ChosenSuites(words);
    MissingData first = null;
    for (Suite suite : suites(words)) {
      try {
        chosen.opened.put(suite, suite.open(folder));
      } catch (MissingData e) {
        if (chosen.named(suite)) {
          throw e;
        }
        first = first == null ? e : first;
        chosen.leftOut.put(suite.word(), e.getMessage());
      }
    }
    if (chosen.opened.isEmpty()) {
      throw first;
    }
    return chosen;
  }

  /** In the order given; "all" stands for every one. */
  static Set<Suite> suites(List<String> words) {
    Set<Suite> out = new LinkedHashSet<>();
    for (String word : words) {
      out.addAll(isAll(word) ? List.of(Suite.values()) : List.of(Suite.of(word)));
    }
    return out;
  }

  private static boolean isAll(String word) {
    return word.strip().equalsIgnoreCase(ALL);
  }

  /** Whether a suite was asked for by its name, not as one of all. */
  private boolean named(Suite suite) {
    return words.stream().anyMatch(w -> !isAll(w) && Suite.of(w) == suite);
  }

  /**
   * Keeps those that a model can do.
   *
   * @param model its folder, for messages
   * @throws IllegalArgumentException if it cannot do a named one
   */
  void keepAble(Set<Suites.Ability> abilities, Path model) {
    opened.keySet().removeIf(suite -> !able(suite, abilities, model));
  }

  private boolean able(Suite suite, Set<Suites.Ability> abilities, Path model) {
    String lacking =
        suite.abilities().stream()
            .filter(a -> !abilities.contains(a))
            .map(Suites.Ability::word)
            .collect(Collectors.joining(" and "));
    if (lacking.isEmpty()) {
      return true;
    }
    String why = "model %s has no part for %s".formatted(model, lacking);
    if (named(suite)) {
      throw new IllegalArgumentException("suite %s cannot run: %s".formatted(suite.word(), why));
    }
    leftOut.put(suite.word(), why);
    return false;
  }

  /** Why suites do not run, of all. */
  Map<String, String> leftOut() {
    return leftOut;
  }

  /** Runs them for a command and prints their scores as tables, unless JSON is wanted. */
  List<Result> run(CliCommand command, Suites.Subject subject, Suites.Settings settings)
      throws IOException {
    List<Result> results = new ArrayList<>();
    for (Map.Entry<Suite, Suites.Evaluation> e : opened.entrySet()) {
      results.add(run(command, e.getKey(), e.getValue(), subject, settings));
    }
    return results;
  }

  private static Result run(
      CliCommand command,
      Suite suite,
      Suites.Evaluation evaluation,
      Suites.Subject subject,
      Suites.Settings settings)
      throws IOException {
    int items = evaluation.items();
    long start = System.nanoTime();
    Scores scores;
    try (Meter meter = new Meter(suite.word(), items, command.err())) {
      scores = evaluation.run(subject, settings, meter::at);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, Double> rows = new LinkedHashMap<>();
    scores.rows().forEach((name, value) -> rows.put(name, value.isNaN() ? null : value));
    if (!command.json()) {
      command.print("");
      command.print(
          "%s: %,d %s in %.1f s, %.0f ms each",
          suite.word(), items, evaluation.unit(), seconds, 1000 * seconds / items);
      printTable(command, scores.table());
    }
    return new Result(
        suite.word(),
        evaluation.unit(),
        items,
        seconds,
        1000 * seconds / items,
        rows,
        scores.byClass());
  }

  /** Prints the lines of a table below a heading. */
  static void printTable(CliCommand command, String table) {
    table.lines().forEach(line -> command.out().println("  " + line));
    command.out().flush();
  }
}
