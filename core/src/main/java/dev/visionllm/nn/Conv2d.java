package dev.visionllm.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Two-dimensional convolution with a square kernel. */
public final class Conv2d {
  private final Tensor weight; // (out, in, k, k)
  private final Tensor bias; // (out) or null
  private final long stride;
  private final long padding;

  private Conv2d(
      Params p, long in, long out, long kernel, long stride, long padding, boolean hasBias) {
    weight = p.tensor("weight", out, in, kernel, kernel);
    bias = hasBias ? p.tensor("bias", out) : null;
    this.stride = stride;
    this.padding = padding;
  }

  /** With a bias. */
  public Conv2d(Params p, long in, long out, long kernel, long stride, long padding) {
    this(p, in, out, kernel, stride, padding, true);
  }

  /** Without a bias. */
  public static Conv2d noBias(Params p, long in, long out, long kernel, long stride, long padding) {
    return new Conv2d(p, in, out, kernel, stride, padding, false);
  }

  /** (b, in, h, w) -> (b, out, h', w'). */
  public Tensor forward(Tensor x) {
    return torch.conv2d(
        x,
        weight,
        bias == null ? new TensorOptional() : new TensorOptional(bias),
        new long[] {stride, stride},
        new long[] {padding, padding},
        new long[] {1, 1},
        1);
  }
}
