package dev.visionllm.nn;

import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Two-dimensional convolution with a square kernel. */
public final class Conv2d {
  private static final int BLOCK = 16;
  private static final long SMALL = 256; // places of a map that takes less time than its weights
  private static final long LARGE = 1 << 20; // weights that are worth the other way

  private final long in;
  private final long out;
  private final Tensor weight; // (out, in, k, k)
  private final Tensor bias; // (out) or null
  private final long kernel;
  private final long stride;
  private final long padding;

  private Conv2d(
      Params p, long in, long out, long kernel, long stride, long padding, boolean hasBias) {
    weight = p.tensor("weight", out, in, kernel, kernel);
    bias = hasBias ? p.tensor("bias", out) : null;
    this.kernel = kernel;
    this.stride = stride;
    this.padding = padding;
    this.in = in;
    this.out = out;
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
   * (b, in, h, w) -> (b, out, h', w'). On the CPU channels are filled up with zeros to blocks of
   * 16: this engine's oneDNN (3.7.1) goes wrong in what is left of the last block on Zen 5, in fp32
   * (the gradient of the input, and outputs of more than 16 channels) as in bf16 (outputs).
   */
  public Tensor forward(Tensor x) {
    long moreIn = in == 1 || in > BLOCK ? -in & (BLOCK - 1) : 0;
    long moreOut = -out & (BLOCK - 1);
    if (outweighed(x)) {
      return TensorScope.of(() -> unfolded(x));
    }
    if (!x.device().is_cpu() || moreIn + moreOut == 0) {
      return convolve(x, weight, bias);
    }
    return TensorScope.of(
        () -> {
          Tensor y =
              convolve(
                  pad(x, 0, 0, 0, 0, 0, moreIn),
                  pad(weight, 0, 0, 0, 0, 0, moreIn, 0, moreOut),
                  bias == null ? null : pad(bias, 0, moreOut));
          return F.slice(y, 1, 0, out);
        });
  }

  /**
   * Whether oneDNN would spend most of its time on laying the weights out for the processor's
   * tiles: on small maps with many channels.
   */
  private boolean outweighed(Tensor x) {
    return Native.hasTiles()
        && x.device().is_cpu()
        && x.scalar_type().intern() == ScalarType.BFloat16
        && !x.requires_grad()
        && x.size(2) * x.size(3) <= SMALL
        && weight.numel() >= LARGE;
  }

  /** As a product of the weights, as they are, and the neighbourhoods of all places. */
  private Tensor unfolded(Tensor x) {
    long[] kernels = {kernel, kernel};
    long[] strides = {stride, stride};
    long[] paddings = {padding, padding};
    List<Tensor> pictures = new ArrayList<>();
    for (long i = 0; i < x.size(0); i++) { // one by one: a batched product copies the weights
      Tensor picture = F.slice(x, 0, i, i + 1);
      pictures.add( // a scope each: places are k * k times as many numbers as the map
          TensorScope.of(
              () -> {
                Tensor places =
                    torch.im2col(picture, kernels, new long[] {1, 1}, paddings, strides);
                return torch.matmul(weight.view(out, -1), places);
              }));
    }
    Tensor y = pictures.size() == 1 ? pictures.get(0) : F.cat(0, pictures);
    if (bias != null) {
      y.add_(bias.view(-1, 1));
    }
    long height = (x.size(2) + 2 * padding - kernel) / stride + 1;
    return y.view(x.size(0), out, height, -1);
  }

  /** Zeros before and after, last dimension first. */
  private static Tensor pad(Tensor t, long... zeros) {
    return torch.constant_pad_nd(t, zeros);
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
