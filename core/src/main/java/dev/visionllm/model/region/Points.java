package dev.visionllm.model.region;

import java.util.random.RandomGenerator;

/** The points of a mask, and what their mean takes from each cell of a feature map. */
final class Points {
  private Points() {}

  /**
   * Pixels inside a mask as shares of the picture's sides; a pixel's place is its corner, as in the
   * reference.
   *
   * @param mask row by row
   * @param most beyond this number a random subset is drawn
   * @return x0, y0, x1, y1, ...
   */
  static double[] of(boolean[] mask, int width, int most, RandomGenerator random) {
    int[] inside = new int[mask.length];
    int n = 0;
    for (int i = 0; i < mask.length; i++) {
      if (mask[i]) {
        inside[n++] = i;
      }
    }
    if (n > most) { // the first steps of a shuffle
      for (int i = 0; i < most; i++) {
        int j = random.nextInt(i, n);
        int swap = inside[i];
        inside[i] = inside[j];
        inside[j] = swap;
      }
      n = most;
    }
    int height = mask.length / width;
    double[] xy = new double[2 * n];
    for (int i = 0; i < n; i++) {
      xy[2 * i] = inside[i] % width / (double) width;
      xy[2 * i + 1] = inside[i] / width / (double) height;
    }
    return xy;
  }

  /**
   * Weights of a map's cells in the mean of bilinear samples at the points (cell centres at half
   * cells, zero outside the map, as torch's grid_sample with align_corners off).
   *
   * @param points per region
   * @param g cells along a side
   * @return (regions, g^2), row by row; a region without points has weight 0 everywhere
   */
  static float[] weights(double[][] points, int g) {
    float[] out = new float[points.length * g * g];
    for (int r = 0; r < points.length; r++) {
      double[] cells = new double[g * g];
      double[] xy = points[r];
      for (int i = 0; i < xy.length; i += 2) {
        double x = xy[i] * g - 0.5;
        double y = xy[i + 1] * g - 0.5;
        int x0 = (int) Math.floor(x);
        int y0 = (int) Math.floor(y);
        double fx = x - x0;
        double fy = y - y0;
        add(cells, g, x0, y0, (1 - fx) * (1 - fy));
        add(cells, g, x0 + 1, y0, fx * (1 - fy));
        add(cells, g, x0, y0 + 1, (1 - fx) * fy);
        add(cells, g, x0 + 1, y0 + 1, fx * fy);
      }
      for (int i = 0; i < cells.length && xy.length > 0; i++) {
        out[r * g * g + i] = (float) (cells[i] / (xy.length / 2));
      }
    }
    return out;
  }

  private static void add(double[] cells, int g, int x, int y, double weight) {
    if (x >= 0 && x < g && y >= 0 && y < g) {
      cells[y * g + x] += weight;
    }
  }
}
