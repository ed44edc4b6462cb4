package dev.visionllm.eval;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The numbers of one evaluation. */
public interface Scores {

  /**
   * Name and value, in the order to print; shares are in 0..1, counts are whole, NaN where nothing
   * was there to measure.
   */
  Map<String, Double> rows();

  /**
   * The first row's number class by class, of those classes that there is something to measure of;
   * empty where it is not made of classes.
   */
  default Map<String, Double> byClass() {
    return Map.of();
  }

  /** The same rows, with values of classes. */
  default Scores withClasses(Map<String, Double> classes) {
    var rows = rows();
    return new Scores() {
      @Override
      public Map<String, Double> rows() {
        return rows;
      }

      @Override
      public Map<String, Double> byClass() {
        return classes;
      }
    };
  }

  /** The rows as lines of text, values aligned. */
  default String table() {
    return table(rows());
  }

  /** Names and values as lines of text, values aligned. */
  static String table(Map<String, Double> rows) {
    int longest = rows.keySet().stream().mapToInt(String::length).max().orElse(0);
    return rows.entrySet().stream()
        .map(r -> r.getKey() + " ".repeat(longest + 2 - r.getKey().length()) + number(r.getValue()))
        .collect(Collectors.joining("\n"));
  }

  private static String number(double value) {
    return Double.isNaN(value)
        ? "-"
        : value == Math.rint(value) && Math.abs(value) > 1
            ? Long.toString((long) value)
            : String.format(Locale.ROOT, "%.4f", value);
  }
}
