package dev.visionllm.image;

import java.util.Arrays;
import java.util.List;

/**
 * Normalised pictures of different sizes in one batch, zeros right and below, sides a multiple of
 * some stride.
 *
 * @param pixels (n, 3, height, width)
 * @param valid (n, height, width), true where there is picture and false where there is padding
 */
public record PaddedBatch(int n, int height, int width, float[] pixels, boolean[] valid) {
  /** Pads to the largest width and height of the pictures, rounded up to multiples of stride. */
  public static PaddedBatch of(List<Raster> pictures, Normalize normalize, int stride) {
    if (pictures.isEmpty()) {
      throw new IllegalArgumentException("a batch needs at least one picture");
    }
    int h = roundUp(pictures.stream().mapToInt(Raster::height).max().getAsInt(), stride);
    int w = roundUp(pictures.stream().mapToInt(Raster::width).max().getAsInt(), stride);
    int n = pictures.size();
    float[] pixels = new float[Math.multiplyExact(Math.multiplyExact(3 * n, h), w)];
    boolean[] valid = new boolean[n * h * w];
    for (int i = 0; i < n; i++) {
      Raster picture = pictures.get(i);
      normalize.write(picture, pixels, 3 * i * h * w, w, h);
      for (int y = 0; y < picture.height(); y++) {
        int row = (i * h + y) * w;
        Arrays.fill(valid, row, row + picture.width(), true);
      }
    }
    return new PaddedBatch(n, h, w, pixels, valid);
  }

  private static int roundUp(int side, int stride) {
    return (side + stride - 1) / stride * stride;
  }
}
