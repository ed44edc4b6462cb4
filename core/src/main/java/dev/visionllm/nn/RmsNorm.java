package dev.visionllm.nn;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Root-mean-square normalisation over the last dimension, computed in fp32 (Zhang 2019). */
public final class RmsNorm {
  private final Tensor weight; // (d)
  private final double eps;

  /**
   * @param d size of the last dimension
   */
  public RmsNorm(Params p, long d, double eps) {
    weight = p.tensor("weight", d);
    this.eps = eps;
  }

  /** (..., d) -> (..., d), in x's dtype. */
  public Tensor forward(Tensor x) {
    Tensor f = x.to(ScalarType.Float);
    Tensor ms =
        f.square().mean(new long[] {-1}, true, new org.bytedeco.pytorch.ScalarTypeOptional());
    Tensor normed = f.mul(torch.rsqrt(ms.add(new Scalar(eps))));
    return weight.mul(normed.to(x.scalar_type()));
  }
}
