package dev.visionllm.loss;

import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Box losses. Boxes are (..., 4): centre x, centre y, width, height, in any unit. Leading
 * dimensions broadcast, so (n, 1, 4) against (1, m, 4) is the pairwise matrix.
 */
public final class Boxes {
  /** Below every area that matters; keeps two empty boxes from giving 0 / 0. */
  private static final double TINY = 1e-12;

  private Boxes() {}

  /** Centre and size to corners x0, y0, x1, y1. (..., 4) -> (..., 4) */
  public static Tensor corners(Tensor boxes) {
    return TensorScope.of(
        () -> {
          Tensor centre = part(boxes, 0, 2);
          Tensor half = part(boxes, 2, 4).mul(new Scalar(0.5));
          return torch.cat(new TensorVector(centre.sub(half), centre.add(half)), -1);
        });
  }

  /** Corners to centre and size. (..., 4) -> (..., 4) */
  public static Tensor centred(Tensor corners) {
    return TensorScope.of(
        () -> {
          Tensor from = part(corners, 0, 2);
          Tensor to = part(corners, 2, 4);
          Tensor centre = from.add(to).mul(new Scalar(0.5));
          return torch.cat(new TensorVector(centre, to.sub(from)), -1);
        });
  }

  /** Sum of the four coordinates' absolute differences. (..., 4), (..., 4) -> (...) */
  public static Tensor l1(Tensor a, Tensor b) {
    return TensorScope.of(
        () -> a.sub(b).abs().sum(new long[] {-1}, false, new ScalarTypeOptional()));
  }

  /**
   * Generalised intersection over union (Rezatofighi et al. 2019), in (-1, 1]; the loss is 1 minus
   * it. (..., 4), (..., 4) -> (...)
   */
  public static Tensor giou(Tensor a, Tensor b) {
    return TensorScope.of(
        () -> {
          Tensor p = corners(a);
          Tensor q = corners(b);
          Tensor from0 = part(p, 0, 2);
          Tensor to0 = part(p, 2, 4);
          Tensor from1 = part(q, 0, 2);
          Tensor to1 = part(q, 2, 4);
          Tensor both = area(torch.maximum(from0, from1), torch.minimum(to0, to1));
          Tensor union = area(from0, to0).add(area(from1, to1)).sub(both);
          Tensor hull = area(torch.minimum(from0, from1), torch.maximum(to0, to1));
          hull = hull.clamp_min(new Scalar(TINY));
          Tensor iou = both.div(union.clamp_min(new Scalar(TINY)));
          return iou.sub(hull.sub(union).div(hull));
        });
  }

  /** All pairs. (n, 4), (m, 4) -> (n, m) */
  public static Tensor giouMatrix(Tensor a, Tensor b) {
    return giou(a.unsqueeze(1), b.unsqueeze(0));
  }

  /** (..., 2), (..., 2) -> (...), 0 where the corners are not in order. */
  private static Tensor area(Tensor from, Tensor to) {
    Tensor size = to.sub(from).clamp_min(new Scalar(0.0));
    return size.select(-1, 0).mul(size.select(-1, 1));
  }

  private static Tensor part(Tensor x, long from, long to) {
    return x.slice(-1, new LongOptional(from), new LongOptional(to), 1);
  }
}
