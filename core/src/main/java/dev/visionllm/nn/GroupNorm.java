package dev.visionllm.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Group normalisation over channels of (b, c, ...) maps, with scale and shift. */
public final class GroupNorm {
  private final Tensor weight; // (c)
  private final Tensor bias; // (c)
  private final long groups;
  private final double eps;

  /**
   * @param c channels, a multiple of groups
   */
  public GroupNorm(Params p, long groups, long c, double eps) {
    weight = p.tensor("weight", c);
    bias = p.tensor("bias", c);
    this.groups = groups;
    this.eps = eps;
  }

  /** (b, c, ...) -> (b, c, ...). */
  public Tensor forward(Tensor x) {
    return torch.group_norm(
        x, groups, new TensorOptional(weight), new TensorOptional(bias), eps, true);
  }
}
