package dev.visionllm.nn;

import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * How Swin transformers (Liu et al. 2021) cut maps into windows of a fixed size. Maps are padded to
 * whole windows at the bottom and right. Shapes: b images; h, w rows and columns of a map; c
 * channels; s windows of a padded map; t = window^2 tokens of a window.
 */
public final class Windows {
  private Windows() {}

  /** (b, c, h, w) with zeros below and at the right up to multiples of a patch's side. */
  public static Tensor padImage(Tensor pixels, long patch) {
    long bottom = up(pixels.size(2), patch) - pixels.size(2);
    long right = up(pixels.size(3), patch) - pixels.size(3);
    return bottom == 0 && right == 0 ? pixels : torch.constant_pad_nd(pixels, 0, right, 0, bottom);
  }

  /** For each pair of a window's tokens the row of the bias table of relative places, (t, t). */
  public static Tensor positionIndex(int window) {
    int t = window * window;
    long[] index = new long[t * t];
    for (int i = 0; i < t; i++) {
      for (int j = 0; j < t; j++) {
        int dy = i / window - j / window + window - 1;
        int dx = i % window - j % window + window - 1;
        index[i * t + j] = (long) dy * (2 * window - 1) + dx;
      }
    }
    return Tensors.of(index, t, t);
  }

  /**
   * After the cyclic shift a window may hold tokens from opposite borders of the map: those must
   * not see each other. Additive, (s, 1, t, t), for a map of that many rows and columns.
   */
  public static Tensor shiftMask(long rows, long columns, int window) {
    int h = Math.toIntExact(up(rows, window));
    int w = Math.toIntExact(up(columns, window));
    float[] region = new float[h * w];
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        region[y * w + x] = 3 * part(y, h, window) + part(x, w, window);
      }
    }
    Tensor r = windows(Tensors.of(region, 1, h, w, 1), window).squeeze(0).squeeze(-1); // (s, t)
    Tensor apart = r.unsqueeze(1).ne(r.unsqueeze(2)); // (s, t, t)
    return F.fill(torch.zeros(apart.shape()), apart, -100).unsqueeze(1);
  }

  /** Pads, shifts cyclically to the upper left and cuts: (b, h, w, c) -> (b, s, t, c). */
  public static Tensor split(Tensor x, long window, long shift) {
    long bottom = up(x.size(1), window) - x.size(1);
    long right = up(x.size(2), window) - x.size(2);
    Tensor y = pad(x, bottom, right);
    return windows(shift > 0 ? torch.roll(y, new long[] {-shift, -shift}, 1, 2) : y, window);
  }

  /** Undoes {@link #split}: (b, s, t, c) -> (b, rows, columns, c). */
  public static Tensor join(Tensor x, long rows, long columns, long window, long shift) {
    long h = up(rows, window);
    long w = up(columns, window);
    Tensor y =
        x.view(x.size(0), h / window, w / window, window, window, x.size(3))
            .permute(0, 1, 3, 2, 4, 5)
            .reshape(x.size(0), h, w, x.size(3));
    if (shift > 0) {
      y = torch.roll(y, new long[] {shift, shift}, 1, 2);
    }
    return h == rows && w == columns ? y : F.slice(F.slice(y, 1, 0, rows), 2, 0, columns);
  }

  /**
   * Lays each two by two neighbours side by side, the left column first: (b, h, w, c) -> (b, (h +
   * 1) / 2, (w + 1) / 2, 4 c).
   */
  public static Tensor mergePairs(Tensor x) {
    Tensor y = pad(x, x.size(1) % 2, x.size(2) % 2);
    long h = y.size(1) / 2;
    long w = y.size(2) / 2;
    return y.reshape(y.size(0), h, 2, w, 2, y.size(3))
        .permute(0, 1, 3, 4, 2, 5)
        .reshape(y.size(0), h, w, 4 * x.size(3));
  }

  /** (b, h, w, c) with rows of zeros below and columns of zeros at the right. */
  private static Tensor pad(Tensor x, long rows, long columns) {
    return rows == 0 && columns == 0 ? x : torch.constant_pad_nd(x, 0, 0, 0, columns, 0, rows);
  }

  private static long up(long size, long window) {
    return (size + window - 1) / window * window;
  }

  private static int part(int i, int size, int window) {
    return i < size - window ? 0 : i < size - window / 2 ? 1 : 2;
  }

  /** (b, h, w, c) of whole windows -> (b, s, t, c). */
  private static Tensor windows(Tensor x, long window) {
    long h = x.size(1) / window;
    long w = x.size(2) / window;
    return x.view(x.size(0), h, window, w, window, x.size(3))
        .permute(0, 1, 3, 2, 4, 5)
        .reshape(x.size(0), h * w, window * window, x.size(3));
  }
}
