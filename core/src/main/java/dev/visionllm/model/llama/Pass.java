package dev.visionllm.model.llama;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/**
 * What all blocks share in one pass of t tokens. Shapes as in {@link Llama}.
 *
 * @param cos cosines of the rotary angles, (b, 1, t, k/2)
 * @param sin sines of the rotary angles, (b, 1, t, k/2)
 * @param mask additive, (b or 1, 1, t, s), or null; with whole as wide as the cache's buffers
 * @param cache of the earlier tokens, or null
 * @param whole whether to attend to the cache's whole buffers: the CPU's bf16 products copy a view
 *     of a buffer's front and read the buffer as it is, which for one token is five times faster
 * @param training whether adapters drop
 */
record Pass(Tensor cos, Tensor sin, Tensor mask, KvCache cache, boolean whole, boolean training) {
  /**
   * Attention of a block: rotates queries and keys, writes keys and values to the cache, attends to
   * all that is cached. h / g query heads share a key-value head.
   *
   * @param index of the block
   * @param query (b, h, t, k)
   * @param key (b, g, t, k)
   * @param value (b, g, t, k)
   * @return (b, t, h k)
   */
  Tensor attend(int index, Tensor query, Tensor key, Tensor value) {
    Tensor q = rotate(query);
    Tensor k = rotate(key);
    Tensor v = value;
    if (cache != null) {
      KvCache.Pair written = cache.append(index, k, v);
      KvCache.Pair all = whole ? cache.whole(index) : written;
      k = all.keys(); // (b, g, s, k)
      v = all.values();
    }
    return F.joinHeads(grouped(q, k, v));
  }

  private Tensor grouped(Tensor q, Tensor k, Tensor v) {
    long b = q.size(0);
    long heads = q.size(1);
    long kvHeads = k.size(1);
    if (heads == kvHeads) {
      return F.causalAttention(q, k, v, mask);
    }
    long group = heads / kvHeads;
    if (q.size(2) == 1) { // the group's heads become query rows: nothing of the cache is copied
      Tensor rows = q.reshape(b, kvHeads, group, q.size(3));
      return F.attention(rows, k, v, mask).reshape(b, heads, 1, q.size(3));
    }
    return F.causalAttention(q, shared(k, group), shared(v, group), mask);
  }

  /** (b, g, s, k) -> (b, h, s, k), each head repeated for its group. */
  private static Tensor shared(Tensor x, long group) {
    long[] s = x.shape();
    return x.unsqueeze(2)
        .expand(s[0], s[1], group, s[2], s[3])
        .reshape(s[0], s[1] * group, s[2], s[3]);
  }

  /** Rotary position embedding, the halves of a head as pairs (rotate_half). */
  private Tensor rotate(Tensor x) {
    long half = x.size(3) / 2;
    Tensor a = F.slice(x, 3, 0, half);
    Tensor b = F.slice(x, 3, half, 2 * half);
    return F.cat(3, a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin)));
  }
}
