package dev.visionllm.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;

/**
 * From Java2D's picture types to plain RGB. Samples of gray and RGB pictures are taken as they are
 * stored, as Pillow does: Java2D's own conversion would treat gray as linear light and apply
 * embedded colour profiles.
 */
final class Pixels {
  private Pixels() {}

  static Raster overWhite(BufferedImage image) {
    int w = image.getWidth();
    int h = image.getHeight();
    byte[] rgb = new byte[3 * w * h];
    ColorModel colours = image.getColorModel();
    boolean plain =
        !(colours instanceof IndexColorModel)
            && !colours.isAlphaPremultiplied()
            && (colours.getColorSpace().getType() == ColorSpace.TYPE_GRAY
                || colours.getColorSpace().getType() == ColorSpace.TYPE_RGB);
    if (plain) {
      samples(image.getRaster(), colours, rgb);
    } else {
      packed(image, rgb);
    }
    return new Raster(w, h, rgb);
  }

  private static void samples(WritableRaster raster, ColorModel colours, byte[] rgb) {
    int w = raster.getWidth();
    int h = raster.getHeight();
    int bands = raster.getNumBands();
    boolean alpha = colours.hasAlpha();
    int colourBands = alpha ? bands - 1 : bands;
    int[] bits = colours.getComponentSize();
    int[] row = new int[w * bands];
    int at = 0;
    for (int y = 0; y < h; y++) {
      row = raster.getPixels(raster.getMinX(), raster.getMinY() + y, w, 1, row);
      for (int i = 0; i < w * bands; i += bands) {
        int a = alpha ? eight(row[i + bands - 1], bits[bands - 1]) : 255;
        for (int c = 0; c < 3; c++) {
          int band = colourBands == 1 ? 0 : c;
          rgb[at++] = over(eight(row[i + band], bits[band]), a);
        }
      }
    }
  }

  private static void packed(BufferedImage image, byte[] rgb) {
    int w = image.getWidth();
    int[] row = new int[w];
    int at = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      image.getRGB(0, y, w, 1, row, 0, w);
      for (int argb : row) {
        int a = argb >>> 24;
        rgb[at++] = over(argb >> 16 & 255, a);
        rgb[at++] = over(argb >> 8 & 255, a);
        rgb[at++] = over(argb & 255, a);
      }
    }
  }

  /** A sample of any depth as 8 bits: deeper ones keep their high byte. */
  private static int eight(int sample, int bits) {
    return bits == 8 ? sample : bits > 8 ? sample >> bits - 8 : sample * 255 / ((1 << bits) - 1);
  }

  private static byte over(int sample, int alpha) {
    return (byte) (alpha == 255 ? sample : (sample * alpha + 255 * (255 - alpha) + 127) / 255);
  }
}
