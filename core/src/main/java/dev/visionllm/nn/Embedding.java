package dev.visionllm.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A table of vectors, looked up by index. */
public final class Embedding {
  private final Tensor weight; // (n, d)

  /**
   * @param n rows @param d columns
   */
  public Embedding(Params p, long n, long d) {
    weight = p.tensor("weight", n, d);
  }

  /** The whole table, (n, d). */
  public Tensor weight() {
    return weight;
  }

  /** int64 (...) -> (..., d). */
  public Tensor forward(Tensor ids) {
    return torch.embedding(weight, ids);
  }
}
