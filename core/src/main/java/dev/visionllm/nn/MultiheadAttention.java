package dev.visionllm.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Attention with the three input projections in one matrix, as torch.nn.MultiheadAttention. */
public final class MultiheadAttention {
  private final long d;
  private final long heads;
  private final Tensor in_proj_weight; // (3 d, d): query, key, value
  private final Tensor in_proj_bias; // (3 d)
  private final Linear out_proj;

  /**
   * @param d hidden size, a multiple of heads
   */
  public MultiheadAttention(Params p, long d, long heads) {
    this.d = d;
    this.heads = heads;
    in_proj_weight = p.tensor("in_proj_weight", 3 * d, d);
    in_proj_bias = p.tensor("in_proj_bias", 3 * d);
    out_proj = new Linear(p.at("out_proj"), d, d);
  }

  /**
   * @param x queries and keys, (b, t, d)
   * @param values (b, t, d)
   * @param mask additive, broadcastable to (b, heads, t, t), or null
   */
  public Tensor self(Tensor x, Tensor values, Tensor mask) {
    Tensor qk = project(x, 0, 2 * d);
    return attend(
        F.slice(qk, 2, 0, d), F.slice(qk, 2, d, 2 * d), project(values, 2 * d, 3 * d), mask);
  }

  /**
   * @param x queries, (b, t, d)
   * @param memory keys and values, (b, s, d)
   * @param mask additive, broadcastable to (b, heads, t, s), or null
   */
  public Tensor cross(Tensor x, Tensor memory, Tensor mask) {
    Tensor kv = project(memory, d, 3 * d);
    return attend(project(x, 0, d), F.slice(kv, 2, 0, d), F.slice(kv, 2, d, 2 * d), mask);
  }

  private Tensor project(Tensor x, long from, long to) {
    return torch.linear(
        x, F.slice(in_proj_weight, 0, from, to), F.slice(in_proj_bias, 0, from, to));
  }

  private Tensor attend(Tensor q, Tensor k, Tensor v, Tensor mask) {
    Tensor y =
        F.attention(F.splitHeads(q, heads), F.splitHeads(k, heads), F.splitHeads(v, heads), mask);
    return out_proj.forward(F.joinHeads(y));
  }
}
