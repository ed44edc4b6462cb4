package dev.visionllm.eval;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Naming the object in a region: share of right names. */
public final class Recognition {

  /** What the model said and what the region shows. */
  public record Item(String answer, String truth) {}

  /**
   * Shares in 0..1.
   *
   * @param accuracy of all regions; NaN where there are none
   * @param meanPerClass mean of the accuracies of the classes
   * @param perClass by true class, in alphabetical order
   */
  public record Report(
      double accuracy, double meanPerClass, Map<String, Double> perClass, int regions)
      implements Scores {
    @Override
    public Map<String, Double> rows() {
      var rows = new LinkedHashMap<String, Double>();
      rows.put("recognition accuracy", accuracy);
      rows.put("mean accuracy of classes", meanPerClass);
      rows.put("regions", (double) regions);
      return rows;
    }

    @Override
    public String toString() {
      return table();
    }
  }

  private Recognition() {}

  /**
   * Scores answers. An answer is right if it is the name, or a sentence that mentions it and no
   * other of the classes.
   */
  public static Report score(Collection<Item> items, Collection<String> classes) {
    var names = new Names(classes);
    var perClass = new TreeMap<String, int[]>(); // right, all
    int right = 0;
    for (var item : items) {
      boolean ok =
          Names.same(item.answer, item.truth) || names.in(item.answer).equals(Set.of(item.truth));
      var counts = perClass.computeIfAbsent(item.truth, t -> new int[2]);
      counts[0] += ok ? 1 : 0;
      counts[1]++;
      right += ok ? 1 : 0;
    }
    var shares = new LinkedHashMap<String, Double>();
    perClass.forEach((name, c) -> shares.put(name, (double) c[0] / c[1]));
    return new Report(
        (double) right / items.size(),
        shares.values().stream().mapToDouble(v -> v).average().orElse(Double.NaN),
        shares,
        items.size());
  }
}
