package dev.visionllm.nn;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** y = x W^T + b over the last dimension, with what an adapter adds where the tree has one. */
public final class Linear {
  private final Tensor weight; // (out, in)
  private final Tensor bias; // (out) or null
  private final Lora lora; // or null

  private Linear(Params p, long in, long out, boolean hasBias) {
    weight = p.tensor("weight", out, in);
    bias = hasBias ? p.tensor("bias", out) : null;
    lora = p.lora(in, out);
  }

  /** With a bias. */
  public Linear(Params p, long in, long out) {
    this(p, in, out, true);
  }

  /** Without a bias. */
  public static Linear noBias(Params p, long in, long out) {
    return new Linear(p, in, out, false);
  }

  /** The weight, (out, in). */
  public Tensor weight() {
    return weight;
  }

  /** Whether the weight is only a part of what is computed. */
  public boolean adapted() {
    return lora != null;
  }

  /** (..., in) -> (..., out). */
  public Tensor forward(Tensor x) {
    return forward(x, false);
  }

  /** (..., in) -> (..., out). @param training whether an adapter drops */
  public Tensor forward(Tensor x, boolean training) {
    Tensor y = bias == null ? F.linear(x, weight) : torch.linear(x, weight, bias);
    return lora == null ? y : lora.add(y, x, training);
  }

  /** alpha x W^T + beta b in one product, for layers with a bias: (..., in) -> (..., out). */
  Tensor forward(Tensor x, double alpha, double beta) {
    long[] shape = x.shape();
    Tensor rows = x.reshape(-1, weight.size(1));
    shape[shape.length - 1] = weight.size(0);
    Tensor y = torch.addmm(bias, rows, weight.t(), new Scalar(beta), new Scalar(alpha)).view(shape);
    return lora == null ? y : lora.add(y, F.scale(x, alpha), false);
  }
}
