package dev.visionllm.geometry;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Removes what was found twice. */
public final class Overlaps {
  private Overlaps() {}

  /**
   * The best items without those that {@link #thin} removes of them.
   *
   * @param most items that stay at first
   * @param limit IoU, 0..1; 1 keeps all
   * @return the items that stay, best first
   */
  public static <T> List<T> best(
      List<T> all,
      ToDoubleFunction<T> score,
      int most,
      Function<T, Box> box,
      Function<T, ?> classOf,
      double limit) {
    List<T> best =
        all.stream()
            .sorted(Comparator.comparingDouble((T t) -> -score.applyAsDouble(t)))
            .limit(most)
            .toList();
    return limit == 1 ? best : thin(best, box, classOf, limit);
  }

  /**
   * Non-maximum suppression: each item stays unless its box overlaps that of a better item of its
   * class, one that stays itself, by more than the limit.
   *
   * @param bestFirst items, best first
   * @param limit IoU, 0..1
   * @return the items that stay, best first
   */
  public static <T> List<T> thin(
      List<T> bestFirst, Function<T, Box> box, Function<T, ?> classOf, double limit) {
    List<T> kept = new ArrayList<>();
    Map<Object, List<Box>> byClass = new HashMap<>();
    for (T item : bestFirst) {
      Box own = box.apply(item);
      List<Box> better = byClass.computeIfAbsent(classOf.apply(item), c -> new ArrayList<>());
      if (better.stream().noneMatch(b -> b.iou(own) > limit)) {
        better.add(own);
        kept.add(item);
      }
    }
    return kept;
  }
}
