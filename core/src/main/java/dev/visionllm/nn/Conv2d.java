package dev.visionllm.nn;

import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Two-dimensional convolution with a square kernel. */
public final class Conv2d {
  private static final int BLOCK = 16;

  private final Tensor weight; // (out, in, k, k)
  private final Tensor bias; // (out) or null
  private final long stride;
  private final long padding;
  private final boolean ragged; // channels that oneDNN's blocks of 16 do not fit

  private Conv2d(
      Params p, long in, long out, long kernel, long stride, long padding, boolean hasBias) {
    weight = p.tensor("weight", out, in, kernel, kernel);
    bias = hasBias ? p.tensor("bias", out) : null;
    this.stride = stride;
    this.padding = padding;
    this.ragged = out % BLOCK != 0 || in == 1;
  }

  /** With a bias. */
  public Conv2d(Params p, long in, long out, long kernel, long stride, long padding) {
    this(p, in, out, kernel, stride, padding, true);
  }

  /** Without a bias. */
  public static Conv2d noBias(Params p, long in, long out, long kernel, long stride, long padding) {
    return new Conv2d(p, in, out, kernel, stride, padding, false);
  }

  /**
   * (b, in, h, w) -> (b, out, h', w'). On the CPU ragged channels are computed in single precision:
   * on Zen 5 this engine's oneDNN (3.7.1) fills what is left of their last block of 16 with garbage
   * in bf16.
   */
  public Tensor forward(Tensor x) {
    boolean autocast = torch.is_autocast_enabled(DeviceType.CPU);
    boolean half = autocast || x.scalar_type().intern() == ScalarType.BFloat16;
    if (!ragged || !half || !x.device().is_cpu()) {
      return convolve(x, weight, bias);
    }
    torch.set_autocast_enabled(DeviceType.CPU, false);
    try {
      return TensorScope.of(
          () -> convolve(single(x), single(weight), bias == null ? null : single(bias)).type_as(x));
    } finally {
      torch.set_autocast_enabled(DeviceType.CPU, autocast);
    }
  }

  private static Tensor single(Tensor t) {
    return t.to(ScalarType.Float);
  }

  private Tensor convolve(Tensor x, Tensor w, Tensor b) {
    return torch.conv2d(
        x,
        w,
        b == null ? new TensorOptional() : new TensorOptional(b),
        new long[] {stride, stride},
        new long[] {padding, padding},
        new long[] {1, 1},
        1);
  }
}
