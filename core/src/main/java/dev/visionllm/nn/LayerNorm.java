package dev.visionllm.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Layer normalisation over the last dimension, with scale and shift. */
public final class LayerNorm {
  private final Tensor weight; // (d)
  private final Tensor bias; // (d)
  private final long d;
  private final double eps;

  /**
   * @param d size of the last dimension
   */
  public LayerNorm(Params p, long d, double eps) {
    weight = p.tensor("weight", d);
    bias = p.tensor("bias", d);
    this.d = d;
    this.eps = eps;
  }

  /** (..., d) -> (..., d). */
  public Tensor forward(Tensor x) {
    return torch.layer_norm(
        x, new long[] {d}, new TensorOptional(weight), new TensorOptional(bias), eps, true);
  }
}
