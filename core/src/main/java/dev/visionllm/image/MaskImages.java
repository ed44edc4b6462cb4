package dev.visionllm.image;

import dev.visionllm.geometry.LabelMap;
import dev.visionllm.geometry.Mask;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.util.Arrays;

/** Masks as pictures, for {@link ImageFiles#writePng(BufferedImage, java.nio.file.Path)}. */
public final class MaskImages {
  private static final int PALETTE = 256;

  private MaskImages() {}

  /** Black and white, one bit a pixel: white is in. */
  public static BufferedImage of(Mask mask) {
    int w = mask.width();
    boolean[] bits = mask.bits();
    BufferedImage image = new BufferedImage(w, mask.height(), BufferedImage.TYPE_BYTE_BINARY);
    WritableRaster raster = image.getRaster();
    int[] row = new int[w];
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < w; x++) {
        row[x] = bits[y * w + x] ? 1 : 0;
      }
      raster.setPixels(0, y, w, 1, row);
    }
    return image;
  }

  /**
   * The label plus one as each pixel's value, as ADE20K's annotations have it: 0, black, is none.
   * Values up to 255 index a palette of the overlay's colours; larger ones are 16-bit gray.
   *
   * @throws IllegalArgumentException if a label does not fit 16 bits
   */
  public static BufferedImage of(LabelMap map) {
    int w = map.width();
    int[] labels = map.labels();
    int most = Arrays.stream(labels).max().orElse(LabelMap.NONE) + 1;
    if (most > 0xffff) {
      throw new IllegalArgumentException(
          "label " + (most - 1) + " does not fit a PNG of 16 bits: labels may go up to 65534");
    }
    BufferedImage image =
        most < PALETTE
            ? new BufferedImage(w, map.height(), BufferedImage.TYPE_BYTE_INDEXED, palette())
            : new BufferedImage(w, map.height(), BufferedImage.TYPE_USHORT_GRAY);
    WritableRaster raster = image.getRaster();
    int[] row = new int[w];
    for (int y = 0; y < map.height(); y++) {
      for (int x = 0; x < w; x++) {
        row[x] = labels[y * w + x] + 1;
      }
      raster.setPixels(0, y, w, 1, row);
    }
    return image;
  }

  private static IndexColorModel palette() {
    byte[] r = new byte[PALETTE];
    byte[] g = new byte[PALETTE];
    byte[] b = new byte[PALETTE];
    for (int i = 1; i < PALETTE; i++) {
      Color colour = Overlay.colour(i - 1);
      r[i] = (byte) colour.getRed();
      g[i] = (byte) colour.getGreen();
      b[i] = (byte) colour.getBlue();
    }
    return new IndexColorModel(8, PALETTE, r, g, b);
  }
}
