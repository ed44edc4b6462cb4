package dev.visionllm.eval;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Agreement of class maps, with the numbers of mmseg/core/evaluation/metrics.py: pixels are summed
 * over all pictures before anything is divided; a class without a pixel to divide by has no value
 * and does not count in a mean.
 */
public final class SemanticScores {
  private final long[] shared;
  private final long[] guessed;
  private final long[] there;

  /**
   * @param classes how many there are; their numbers start at 0
   */
  public SemanticScores(int classes) {
    shared = new long[classes];
    guessed = new long[classes];
    there = new long[classes];
  }

  /**
   * Adds a picture.
   *
   * @param guess a class for each pixel; what is none of the classes is just wrong
   * @param truth likewise; a pixel with a negative number is not looked at
   */
  public void add(int[] guess, int[] truth) {
    if (guess.length != truth.length) {
      throw new IllegalArgumentException(
          "a map of %d pixels cannot be compared with one of %d"
              .formatted(guess.length, truth.length));
    }
    for (int i = 0; i < truth.length; i++) {
      int t = truth[i];
      int g = guess[i];
      if (t >= 0) {
        there[t]++;
        if (g >= 0 && g < guessed.length) {
          guessed[g]++;
          shared[g] += g == t ? 1 : 0;
        }
      }
    }
  }

  /**
   * The numbers so far, 0..1.
   *
   * @param iou shared over union of each class; NaN where it is neither there nor guessed
   * @param accuracy share of each class's pixels that are right; NaN where it is not there
   * @param pixelAccuracy share of all pixels that are right; NaN without pixels
   */
  public record Report(double[] iou, double[] accuracy, double pixelAccuracy) implements Scores {
    @Override
    public Map<String, Double> rows() {
      var rows = new LinkedHashMap<String, Double>();
      rows.put("mIoU", mean(iou));
      rows.put("mAcc", mean(accuracy));
      rows.put("aAcc", pixelAccuracy);
      rows.put("classes", (double) Arrays.stream(accuracy).filter(a -> !Double.isNaN(a)).count());
      return rows;
    }

    /** The same with its classes. @param names in the order of their numbers */
    Scores named(List<String> names) {
      var classes = new LinkedHashMap<String, Double>();
      for (int k = 0; k < iou.length; k++) {
        if (!Double.isNaN(iou[k])) classes.put(names.get(k), iou[k]);
      }
      return withClasses(classes);
    }

    private static double mean(double[] values) {
      return Arrays.stream(values).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
    }

    @Override
    public String toString() {
      return table();
    }
  }

  /** What was added up. */
  public Report report() {
    var iou = new double[shared.length];
    var accuracy = new double[shared.length];
    for (int k = 0; k < iou.length; k++) {
      iou[k] = (double) shared[k] / (guessed[k] + there[k] - shared[k]);
      accuracy[k] = (double) shared[k] / there[k];
    }
    double right = Arrays.stream(shared).sum();
    return new Report(iou, accuracy, right / Arrays.stream(there).sum());
  }
}
