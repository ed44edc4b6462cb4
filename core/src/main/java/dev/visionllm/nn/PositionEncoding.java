package dev.visionllm.nn;

import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Sines and cosines of coordinates at falling frequencies. Shapes: b images or 1 where all are
 * alike, h x w a map, n features of one coordinate.
 */
public final class PositionEncoding {
  private static final double TURN = 2 * Math.PI;

  private PositionEncoding() {}

  /** (...) angles -> (..., n): sine and cosine in turns. */
  private static Tensor sine(Tensor angle, int n, double temperature) {
    float[] divisor = new float[n / 2];
    for (int i = 0; i < divisor.length; i++) {
      divisor[i] = (float) Math.pow(temperature, 2.0 * i / n);
    }
    Tensor a = angle.unsqueeze(-1).div(Tensors.of(divisor, divisor.length).type_as(angle));
    return F.stack(-1, torch.sin(a), torch.cos(a)).flatten(-2, -1);
  }

  /**
   * Rows and columns of a map, counted over valid pixels and normalised to one turn.
   *
   * @param valid (b, h, w), 1 for a pixel of the picture, 0 for padding
   * @return (b, h * w, 2 n): row, then column
   */
  public static Tensor image(Tensor valid, int n, double temperature) {
    Tensor y = turns(valid.cumsum(1), 1);
    Tensor x = turns(valid.cumsum(2), 2);
    return F.cat(-1, sine(y, n, temperature), sine(x, n, temperature)).flatten(1, 2);
  }

  private static Tensor turns(Tensor count, long dim) {
    long last = count.size(dim) - 1;
    Tensor total = F.slice(count, dim, last, last + 1).add(new Scalar(1e-6));
    return F.scale(count.div(total), TURN);
  }

  /** Boxes (b, q, 4) of x, y, w, h -> (b, q, 4 n) in the order y, x, w, h. */
  public static Tensor boxes(Tensor boxes, int n) {
    Tensor order = Tensors.of(new long[] {1, 0, 2, 3}, 4);
    return sine(F.scale(boxes.index_select(-1, order), TURN), n, 10000).flatten(-2, -1);
  }

  /** Places of classes in the prompt, (b, p) -> (b, p, n). */
  public static Tensor places(Tensor places, int n) {
    return sine(F.scale(places, TURN), n, 10000);
  }
}
