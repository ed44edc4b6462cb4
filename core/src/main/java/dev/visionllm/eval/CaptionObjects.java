package dev.visionllm.eval;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which classes a caption mentions against which are in the picture: precision and recall of
 * classes (not of their number), summed over pictures.
 */
public final class CaptionObjects {

  /** A caption and the classes that are in its picture. */
  public record Item(String caption, Set<String> objects) {
    /** Keeps a copy. */
    public Item {
      objects = Set.copyOf(objects);
    }
  }

  /**
   * Shares in 0..1.
   *
   * @param precision of the classes mentioned, those that are there; NaN where none is mentioned
   * @param recall of the classes there, those mentioned; NaN where no picture holds any
   * @param f1 2 * right / (mentioned + present); NaN where both are 0
   */
  public record Report(
      double precision, double recall, double f1, int mentioned, int present, int pictures)
      implements Scores {
    @Override
    public Map<String, Double> rows() {
      var rows = new LinkedHashMap<String, Double>();
      rows.put("caption object F1", f1);
      rows.put("caption object precision", precision);
      rows.put("caption object recall", recall);
      rows.put("classes mentioned", (double) mentioned);
      rows.put("classes present", (double) present);
      rows.put("pictures", (double) pictures);
      return rows;
    }

    @Override
    public String toString() {
      return table();
    }
  }

  private CaptionObjects() {}

  /**
   * Scores captions.
   *
   * @param classes all class names that count as a mention; objects of pictures must be among them
   */
  public static Report score(Collection<Item> items, Collection<String> classes) {
    var known = new LinkedHashSet<>(classes);
    var names = new Names(known);
    int right = 0, mentioned = 0, present = 0;
    for (var item : items) {
      for (var object : item.objects) {
        if (!known.contains(object)) {
          throw new IllegalArgumentException("'" + object + "' is not one of the class names");
        }
      }
      var found = names.in(item.caption);
      mentioned += found.size();
      present += item.objects.size();
      found.retainAll(item.objects);
      right += found.size();
    }
    return new Report(
        (double) right / mentioned,
        (double) right / present,
        2.0 * right / (mentioned + present),
        mentioned,
        present,
        items.size());
  }
}
