package dev.visionllm.image;

/**
 * OpenCV's {@code resize} with INTER_LINEAR on 8-bit pictures, bit for bit (imgproc/resize.cpp):
 * two source pixels per axis without antialiasing, weights of 11 bits. The reference's detector
 * pipeline (mmcv) resizes this way.
 */
final class CvResize {
  private static final int ONE = 1 << 11;

  private CvResize() {}

  static Raster bilinear(Raster picture, int width, int height) {
    int w = picture.width();
    int h = picture.height();
    if (w == width && h == height) {
      return picture;
    }
    if (w == 2 * width && h == 2 * height) {
      return half(picture);
    }
    byte[] in = picture.rgb();
    byte[] out = new byte[Math.multiplyExact(3 * width, height)];
    int[] left = new int[width];
    int[] wx = new int[2 * width];
    weights(w, width, true, left, wx);
    int[] top = new int[height];
    int[] wy = new int[2 * height];
    weights(h, height, false, top, wy);
    int[] upper = new int[3 * width];
    int[] lower = new int[3 * width];
    for (int y = 0; y < height; y++) {
      row(in, w, Math.max(top[y], 0), left, wx, upper);
      row(in, w, Math.min(top[y] + 1, h - 1), left, wx, lower);
      int at = 3 * y * width;
      for (int i = 0; i < upper.length; i++) {
        int sum = (wy[2 * y] * (upper[i] >> 4) >> 16) + (wy[2 * y + 1] * (lower[i] >> 4) >> 16);
        out[at + i] = (byte) (sum + 2 >> 2);
      }
    }
    return new Raster(width, height, out);
  }

  private static void row(byte[] in, int w, int y, int[] left, int[] wx, int[] out) {
    int base = 3 * y * w;
    for (int x = 0; x < left.length; x++) {
      int a = base + 3 * left[x];
      int b = base + 3 * Math.min(left[x] + 1, w - 1);
      for (int c = 0; c < 3; c++) {
        out[3 * x + c] = (in[a + c] & 255) * wx[2 * x] + (in[b + c] & 255) * wx[2 * x + 1];
      }
    }
  }

  /** Columns beyond the border take the border pixel alone; rows keep their weights (sic). */
  private static void weights(int in, int out, boolean clamp, int[] first, int[] weights) {
    double scale = 1 / ((double) out / in);
    for (int o = 0; o < out; o++) {
      float f = (float) ((o + 0.5) * scale - 0.5);
      int s = (int) Math.floor(f);
      f -= s;
      if (clamp && s < 0) {
        s = 0;
        f = 0;
      }
      if (clamp && s >= in - 1) {
        s = in - 1;
        f = 0;
      }
      first[o] = Math.min(s, in - 1);
      weights[2 * o] = (int) Math.rint((double) ((1 - f) * ONE));
      weights[2 * o + 1] = (int) Math.rint((double) (f * ONE));
    }
  }

  /** OpenCV switches to area averaging when both sides are exactly halved. */
  private static Raster half(Raster picture) {
    byte[] in = picture.rgb();
    int w = picture.width() / 2;
    int h = picture.height() / 2;
    int stride = 6 * w;
    byte[] out = new byte[3 * w * h];
    int at = 0;
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        for (int c = 0; c < 3; c++) {
          int i = 2 * y * stride + 6 * x + c;
          int sum = (in[i] & 255) + (in[i + 3] & 255);
          sum += (in[i + stride] & 255) + (in[i + stride + 3] & 255);
          out[at++] = (byte) (sum + 2 >> 2);
        }
      }
    }
    return new Raster(w, h, out);
  }
}
