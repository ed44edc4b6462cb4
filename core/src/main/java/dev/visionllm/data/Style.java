package dev.visionllm.data;

import dev.visionllm.image.Raster;
import dev.visionllm.image.Resample;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntUnaryOperator;

/** A look that all of a picture can get. */
enum Style {
  GRAYSCALE("in grayscale"),
  SEPIA("in sepia tones"),
  NEGATIVE("as a negative"),
  BLURRED("out of focus"),
  PIXELATED("in coarse pixels");

  private static final int BLUR = 24; // shorter sides hold that many blurred spots
  private static final int BLOCKS = 20; // or that many blocks

  private final String caption;

  Style(String caption) {
    this.caption = caption;
  }

  /** The style's name in files and words: "grayscale", "sepia", ... */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Follows the caption of a picture: "in grayscale". */
  String caption() {
    return caption;
  }

  /** A changed copy of width * height pixels 0xRRGGBB. */
  int[] of(int[] rgb, int width, int height) {
    int shorter = Math.min(width, height);
    return switch (this) {
      case GRAYSCALE -> each(rgb, p -> pixel(gray(p), gray(p), gray(p)));
      case SEPIA -> each(rgb, p -> pixel(gray(p) * 1.08 + 12, gray(p) * 0.93 + 4, gray(p) * 0.72));
      case NEGATIVE -> each(rgb, p -> ~p & 0xffffff);
      case BLURRED -> blurred(rgb, width, height, Math.max(2, shorter / BLUR));
      case PIXELATED -> blocks(rgb, width, height, Math.max(2, shorter / BLOCKS));
    };
  }

  private static int[] each(int[] rgb, IntUnaryOperator pixel) {
    return Arrays.stream(rgb).map(pixel).toArray();
  }

  private static double gray(int p) {
    return 0.299 * (p >> 16 & 255) + 0.587 * (p >> 8 & 255) + 0.114 * (p & 255);
  }

  private static int pixel(double r, double g, double b) {
    return channel(r) << 16 | channel(g) << 8 | channel(b);
  }

  private static int channel(double v) {
    return (int) Math.min(255, v + 0.5);
  }

  private static int[] blurred(int[] rgb, int width, int height, int spot) {
    byte[] samples = new byte[3 * rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      samples[3 * i] = (byte) (rgb[i] >> 16);
      samples[3 * i + 1] = (byte) (rgb[i] >> 8);
      samples[3 * i + 2] = (byte) rgb[i];
    }
    Raster small =
        Resample.bilinear(
            new Raster(width, height, samples),
            Math.max(1, width / spot),
            Math.max(1, height / spot));
    Raster wide = Resample.bilinear(small, width, height);
    int[] out = Cutout.pixels(wide.toBufferedImage());
    for (int i = 0; i < out.length; i++) out[i] &= 0xffffff;
    return out;
  }

  private static int[] blocks(int[] rgb, int width, int height, int side) {
    int[] out = new int[rgb.length];
    for (int y0 = 0; y0 < height; y0 += side) {
      for (int x0 = 0; x0 < width; x0 += side) {
        int y1 = Math.min(height, y0 + side);
        int x1 = Math.min(width, x0 + side);
        long[] sum = new long[3];
        for (int y = y0; y < y1; y++) {
          for (int x = x0; x < x1; x++) {
            for (int c = 0; c < 3; c++) sum[c] += rgb[y * width + x] >> (16 - 8 * c) & 255;
          }
        }
        double n = (y1 - y0) * (x1 - x0);
        int mean = pixel(sum[0] / n, sum[1] / n, sum[2] / n);
        for (int y = y0; y < y1; y++) {
          for (int x = x0; x < x1; x++) out[y * width + x] = mean;
        }
      }
    }
    return out;
  }
}
