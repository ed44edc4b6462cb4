package dev.visionllm.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Agreement of maps of what stands out, with the numbers of PySODMetrics, which the reference uses
 * (eval/eval_sod.py): MAE, S-measure (Fan et al. 2017), E-measure (Fan et al. 2018) and F-measure
 * with a weight of 0.3. All are means over pictures; the curves of E and F over 256 thresholds are
 * averaged over pictures first. The weighted F-measure is not here.
 */
public final class SaliencyScores {
  private static final double EPS = Math.ulp(1.0);
  private static final double WEIGHT = .3; // beta squared of F
  private static final int LEVELS = 256;

  /**
   * The numbers, 0..1 (E of a perfect map is n / (n - 1) of n pixels).
   *
   * @param mae lower is better
   * @param s S-measure; NaN where a truth reaches the last row or column with its centre
   * @param e curve of E by threshold, from 255 down to 0
   * @param f curve of F likewise
   */
  public record Report(double mae, double s, double[] e, double[] f, int pictures)
      implements Scores {
    @Override
    public Map<String, Double> rows() {
      var rows = new LinkedHashMap<String, Double>();
      rows.put("MAE", mae);
      rows.put("S-measure", s);
      rows.put("E-measure, mean", mean(e));
      rows.put("E-measure, maximum", max(e));
      rows.put("F-measure, mean", mean(f));
      rows.put("F-measure, maximum", max(f));
      rows.put("pictures", (double) pictures);
      return rows;
    }

    private static double mean(double[] curve) {
      return IntStream.range(0, LEVELS).mapToDouble(i -> curve[i]).average().orElseThrow();
    }

    private static double max(double[] curve) {
      return IntStream.range(0, LEVELS).mapToDouble(i -> curve[i]).max().orElseThrow();
    }

    @Override
    public String toString() {
      return table();
    }
  }

  private SaliencyScores() {}

  /** The numbers of a data set from those of its pictures. */
  public static Report mean(List<Report> all) {
    return new Report(
        all.stream().mapToDouble(Report::mae).average().orElse(Double.NaN),
        all.stream().mapToDouble(Report::s).average().orElse(Double.NaN),
        average(all.stream().map(Report::e).toList()),
        average(all.stream().map(Report::f).toList()),
        all.size());
  }

  private static double[] average(List<double[]> curves) {
    return IntStream.range(0, LEVELS)
        .mapToDouble(i -> curves.stream().mapToDouble(c -> c[i]).average().orElse(Double.NaN))
        .toArray();
  }

  /**
   * Compares one map.
   *
   * @param width of both, pixels
   * @param guess 0..255, row by row; stretched to the whole range unless it is constant
   * @param truth which pixels stand out
   */
  public static Report of(int width, int[] guess, boolean[] truth) {
    if (guess.length != truth.length || guess.length % width != 0) {
      throw new IllegalArgumentException(
          "a map of %d pixels cannot be compared with one of %d, %d columns wide"
              .formatted(guess.length, truth.length, width));
    }
    int n = guess.length;
    var p = new double[n];
    double low = Double.POSITIVE_INFINITY, high = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      p[i] = guess[i] / 255.0;
      low = Math.min(low, p[i]);
      high = Math.max(high, p[i]);
    }
    double error = 0;
    for (int i = 0; i < n; i++) {
      p[i] = high == low ? p[i] : (p[i] - low) / (high - low);
      error += Math.abs(p[i] - (truth[i] ? 1 : 0));
    }
    var e = new double[LEVELS];
    var f = new double[LEVELS];
    curves(p, truth, e, f);
    return new Report(error / n, structure(width, p, truth), e, f, 1);
  }

  /** E and F at every threshold. */
  private static void curves(double[] p, boolean[] truth, double[] e, double[] f) {
    var at = new int[2][LEVELS]; // pixels of the background and of the foreground by value
    for (int i = 0; i < p.length; i++) {
      at[truth[i] ? 1 : 0][(int) (p[i] * 255)]++;
    }
    int n = p.length;
    int there = 0;
    for (boolean t : truth) {
      there += t ? 1 : 0;
    }
    int hits = 0, alarms = 0;
    for (int i = 0; i < LEVELS; i++) {
      hits += at[1][LEVELS - 1 - i];
      alarms += at[0][LEVELS - 1 - i];
      f[i] = f(hits, alarms, there);
      e[i] = e(hits, alarms, there, n);
    }
  }

  private static double f(int hits, int alarms, int there) {
    if (hits == 0) {
      return 0;
    }
    double precision = (double) hits / (hits + alarms), recall = (double) hits / there;
    return (1 + WEIGHT) * precision * recall / (WEIGHT * precision + recall);
  }

  private static double e(int hits, int alarms, int there, int n) {
    double sum;
    if (there == 0) {
      sum = n - hits - alarms;
    } else if (there == n) {
      sum = hits + alarms;
    } else {
      double guessed = (double) (hits + alarms) / n, mean = (double) there / n;
      sum =
          hits * aligned(1 - guessed, 1 - mean)
              + alarms * aligned(1 - guessed, -mean)
              + (there - hits) * aligned(-guessed, 1 - mean)
              + (n - there - alarms) * aligned(-guessed, -mean);
    }
    return sum / (n - 1 + EPS);
  }

  private static double aligned(double a, double b) {
    double alike = 2 * a * b / (a * a + b * b + EPS) + 1;
    return alike * alike / 4;
  }

  /** S: how alike object and background are, and how alike four parts of the picture. */
  private static double structure(int width, double[] p, boolean[] truth) {
    double sum = 0;
    int there = 0;
    for (int i = 0; i < p.length; i++) {
      sum += p[i];
      there += truth[i] ? 1 : 0;
    }
    double mean = sum / p.length;
    if (there == 0) {
      return 1 - mean;
    }
    if (there == p.length) {
      return mean;
    }
    double s = (objects(p, truth, (double) there / p.length) + regions(width, p, truth)) / 2;
    return s < 0 ? 0 : s;
  }

  private static double objects(double[] p, boolean[] truth, double share) {
    var inside = new ArrayList<Double>();
    var outside = new ArrayList<Double>();
    for (int i = 0; i < p.length; i++) {
      (truth[i] ? inside : outside).add(truth[i] ? p[i] : 1 - p[i]);
    }
    return share * likeness(inside) + (1 - share) * likeness(outside);
  }

  private static double likeness(List<Double> values) {
    double mean = values.stream().mapToDouble(v -> v).average().orElseThrow();
    double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    double deviation = Math.sqrt(squares / Math.max(1, values.size() - 1));
    return 2 * mean / (mean * mean + 1 + deviation + EPS);
  }

  /** Similarity of the four parts around the truth's centre, weighted by their size. */
  private static double regions(int width, double[] p, boolean[] truth) {
    int height = p.length / width;
    long x = 0, y = 0, n = 0;
    for (int i = 0; i < truth.length; i++) {
      if (truth[i]) {
        x += i % width;
        y += i / width;
        n++;
      }
    }
    int cx = (int) Math.rint((double) x / n) + 1, cy = (int) Math.rint((double) y / n) + 1;
    double all = p.length;
    double w1 = cx * cy / all, w2 = cy * (width - cx) / all, w3 = (height - cy) * cx / all;
    return w1 * similarity(width, p, truth, 0, 0, cx, cy)
        + w2 * similarity(width, p, truth, cx, 0, width, cy)
        + w3 * similarity(width, p, truth, 0, cy, cx, height)
        + (1 - w1 - w2 - w3) * similarity(width, p, truth, cx, cy, width, height);
  }

  /** SSIM of a part; NaN where it is empty. */
  private static double similarity(
      int width, double[] p, boolean[] truth, int x0, int y0, int x1, int y1) {
    int n = (x1 - x0) * (y1 - y0);
    double x = 0, y = 0;
    for (int r = y0; r < y1; r++) {
      for (int c = x0; c < x1; c++) {
        x += p[r * width + c];
        y += truth[r * width + c] ? 1 : 0;
      }
    }
    x /= n;
    y /= n;
    double xx = 0, yy = 0, xy = 0;
    for (int r = y0; r < y1; r++) {
      for (int c = x0; c < x1; c++) {
        double dx = p[r * width + c] - x, dy = (truth[r * width + c] ? 1 : 0) - y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
      }
    }
    double above = 4 * x * y * (xy / (n - 1 + EPS));
    double below = (x * x + y * y) * ((xx + yy) / (n - 1 + EPS));
    return above != 0 ? above / (below + EPS) : below == 0 ? 1 : 0;
  }
}
