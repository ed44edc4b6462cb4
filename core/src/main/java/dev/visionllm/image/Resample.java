package dev.visionllm.image;

import java.util.Arrays;

/**
 * Resizing with antialiasing, bit for bit as Pillow's {@code Image.resize} does it on 8-bit
 * pictures (libImaging/Resample.c): the filter is widened by the shrinking factor, rows first and
 * columns second, fixed-point weights of 22 bits, 8-bit samples in between.
 */
public final class Resample {
  private static final int PRECISION_BITS = 32 - 8 - 2;

  private Resample() {}

  /** Cubic convolution with a = -0.5, two source pixels to each side when enlarging. */
  public static Raster bicubic(Raster picture, int width, int height) {
    return resize(picture, width, height, Filter.BICUBIC);
  }

  /** Triangle filter, one source pixel to each side when enlarging. */
  public static Raster bilinear(Raster picture, int width, int height) {
    return resize(picture, width, height, Filter.BILINEAR);
  }

  private enum Filter {
    BILINEAR(1) {
      @Override
      double at(double x) {
        double d = Math.abs(x);
        return d < 1 ? 1 - d : 0;
      }
    },
    BICUBIC(2) {
      private static final double A = -0.5;

      @Override
      double at(double x) {
        double d = Math.abs(x);
        if (d < 1) {
          return ((A + 2) * d - (A + 3)) * d * d + 1;
        }
        return d < 2 ? (((d - 5) * d + 8) * d - 4) * A : 0;
      }
    };

    final double support;

    Filter(double support) {
      this.support = support;
    }

    abstract double at(double x);
  }

  private static Raster resize(Raster picture, int width, int height, Filter filter) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "cannot resize a picture to " + width + " x " + height + "; both must be at least 1");
    }
    Raster wide = width == picture.width() ? picture : horizontal(picture, width, filter);
    return height == wide.height() ? wide : vertical(wide, height, filter);
  }

  private static Raster horizontal(Raster picture, int width, Filter filter) {
    Weights weights = Weights.of(picture.width(), width, filter);
    byte[] in = picture.rgb();
    byte[] out = new byte[Math.multiplyExact(3 * width, picture.height())];
    int at = 0;
    for (int y = 0; y < picture.height(); y++) {
      int row = 3 * y * picture.width();
      for (int x = 0; x < width; x++) {
        int r = 1 << PRECISION_BITS - 1;
        int g = r;
        int b = r;
        int i = row + 3 * weights.first[x];
        for (int k = x * weights.size, end = k + weights.count[x]; k < end; k++, i += 3) {
          int weight = weights.fixed[k];
          r += (in[i] & 255) * weight;
          g += (in[i + 1] & 255) * weight;
          b += (in[i + 2] & 255) * weight;
        }
        out[at++] = clip(r);
        out[at++] = clip(g);
        out[at++] = clip(b);
      }
    }
    return new Raster(width, picture.height(), out);
  }

  private static Raster vertical(Raster picture, int height, Filter filter) {
    Weights weights = Weights.of(picture.height(), height, filter);
    byte[] in = picture.rgb();
    int stride = 3 * picture.width();
    byte[] out = new byte[Math.multiplyExact(stride, height)];
    int[] sums = new int[stride];
    for (int y = 0; y < height; y++) {
      Arrays.fill(sums, 1 << PRECISION_BITS - 1);
      for (int k = 0; k < weights.count[y]; k++) {
        int weight = weights.fixed[y * weights.size + k];
        int row = (weights.first[y] + k) * stride;
        for (int i = 0; i < stride; i++) {
          sums[i] += (in[row + i] & 255) * weight;
        }
      }
      for (int i = 0; i < stride; i++) {
        out[y * stride + i] = clip(sums[i]);
      }
    }
    return new Raster(picture.width(), height, out);
  }

  private static byte clip(int sum) {
    int value = sum >> PRECISION_BITS;
    return (byte) (value < 0 ? 0 : Math.min(value, 255));
  }

  /** For every target pixel: its first source pixel, how many, and their fixed-point weights. */
  private record Weights(int size, int[] first, int[] count, int[] fixed) {
    static Weights of(int in, int out, Filter filter) {
      double scale = (double) in / out;
      double widening = Math.max(scale, 1);
      double support = filter.support * widening;
      int size = (int) Math.ceil(support) * 2 + 1;
      int[] first = new int[out];
      int[] count = new int[out];
      int[] fixed = new int[Math.multiplyExact(out, size)];
      double[] exact = new double[size];
      double step = 1 / widening;
      for (int o = 0; o < out; o++) {
        double center = (o + 0.5) * scale;
        int from = Math.max((int) (center - support + 0.5), 0);
        int n = Math.min((int) (center + support + 0.5), in) - from;
        double sum = 0;
        for (int k = 0; k < n; k++) {
          exact[k] = filter.at((k + from - center + 0.5) * step);
          sum += exact[k];
        }
        for (int k = 0; k < n; k++) {
          double weight = (sum == 0 ? exact[k] : exact[k] / sum) * (1 << PRECISION_BITS);
          fixed[o * size + k] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
        }
        first[o] = from;
        count[o] = n;
      }
      return new Weights(size, first, count, fixed);
    }
  }
}
