package dev.visionllm.eval;

import dev.visionllm.geometry.Mask;
import dev.visionllm.image.Raster;

/** How far pictures of one size are apart, over some of their pixels. */
public final class PixelDifference {
  private static final double RANGE = 255;

  private PixelDifference() {}

  /**
   * Mean squared difference of 8-bit samples.
   *
   * @param where the pixels that count
   * @return NaN if none counts
   */
  public static double squared(Raster a, Raster b, Mask where) {
    check(a, b, where);
    double sum = 0;
    long n = 0;
    var bits = where.bits();
    for (int i = 0; i < bits.length; i++) {
      if (bits[i]) {
        for (int c = 3 * i; c < 3 * i + 3; c++) {
          double d = (a.rgb()[c] & 255) - (b.rgb()[c] & 255);
          sum += d * d;
        }
        n += 3;
      }
    }
    return sum / n;
  }

  /** Peak signal to noise ratio of a mean squared difference, dB; infinite for 0. */
  public static double psnr(double squared) {
    return 10 * Math.log10(RANGE * RANGE / squared);
  }

  /** Distance of the mean colours, 0..442. */
  public static double colour(Raster a, Raster b, Mask where) {
    check(a, b, where);
    var sum = new double[3];
    var bits = where.bits();
    for (int i = 0; i < bits.length; i++) {
      for (int c = 0; bits[i] && c < 3; c++) {
        sum[c] += (a.rgb()[3 * i + c] & 255) - (b.rgb()[3 * i + c] & 255);
      }
    }
    return Math.hypot(Math.hypot(sum[0], sum[1]), sum[2]) / where.area();
  }

  private static void check(Raster a, Raster b, Mask where) {
    if (a.width() != b.width()
        || a.height() != b.height()
        || a.width() != where.width()
        || a.height() != where.height()) {
      throw new IllegalArgumentException(
          "%s, %s and %s cannot be compared: they must have one size".formatted(a, b, where));
    }
  }
}
