package dev.visionllm.nn;

import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import java.util.Arrays;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Functions without weights, as networks want to write them: hides the binding's optional and
 * vector types. Stateless; results belong to the caller's scope.
 */
public final class F {
  private static final long QUERY_CHUNK = 640; // at most: CLIP's 577 rows are one
  private static final long FUSED_ROWS = 32; // at least: a tile has 16

  private F() {}

  /** Concatenates along dim. */
  public static Tensor cat(long dim, Tensor... parts) {
    return torch.cat(new TensorVector(parts), dim);
  }

  /** Concatenates along dim. */
  public static Tensor cat(long dim, Iterable<Tensor> parts) {
    return torch.cat(vector(parts), dim);
  }

  /** Stacks along a new dimension dim. */
  public static Tensor stack(long dim, Tensor... parts) {
    return torch.stack(new TensorVector(parts), dim);
  }

  /** Stacks along a new dimension dim. */
  public static Tensor stack(long dim, Iterable<Tensor> parts) {
    return torch.stack(vector(parts), dim);
  }

  /** (n, ...) with zero rows appended, (rows, ...). */
  public static Tensor padRows(Tensor x, long rows) {
    long[] shape = x.shape();
    shape[0] = rows - shape[0];
    return shape[0] == 0 ? x : cat(0, x, x.new_zeros(shape));
  }

  /** Mean over dim, which is dropped. */
  public static Tensor mean(Tensor x, long dim) {
    return x.mean(new long[] {dim}, false, new ScalarTypeOptional());
  }

  /** Sum over dim, which is dropped. */
  public static Tensor sum(Tensor x, long dim) {
    return x.sum(new long[] {dim}, false, new ScalarTypeOptional());
  }

  /** x[..., from:to, ...] along dim, a view. */
  public static Tensor slice(Tensor x, long dim, long from, long to) {
    return x.slice(dim, new LongOptional(from), new LongOptional(to), 1);
  }

  /** Where mask is true the value, elsewhere x. */
  public static Tensor fill(Tensor x, Tensor mask, double value) {
    return x.masked_fill(mask, new Scalar(value));
  }

  /** x times a number. */
  public static Tensor scale(Tensor x, double by) {
    return x.mul(new Scalar(by));
  }

  /** x limited to [least, most]. */
  public static Tensor clamp(Tensor x, double least, double most) {
    return x.clamp(
        new org.bytedeco.pytorch.ScalarOptional(new Scalar(least)),
        new org.bytedeco.pytorch.ScalarOptional(new Scalar(most)));
  }

  /** Exact (erf) GELU. */
  public static Tensor gelu(Tensor x) {
    return torch.gelu(x);
  }

  /** log(x / (1 - x)) with x clamped to [eps, 1 - eps]. */
  public static Tensor inverseSigmoid(Tensor x, double eps) {
    Tensor c = clamp(x, 0, 1);
    Tensor a = c.clamp_min(new Scalar(eps));
    Tensor b = c.neg().add(new Scalar(1.0)).clamp_min(new Scalar(eps));
    return torch.log(a.div(b));
  }

  /** Cross-entropy of logits and labels from 0 to 1, element by element. */
  public static Tensor binaryCrossEntropy(Tensor logits, Tensor labels) {
    TensorOptional none = new TensorOptional();
    return torch.binary_cross_entropy_with_logits(logits, labels, none, none, 0);
  }

  /** 0 where mask is false, minus infinity where it is true, in like's dtype and device. */
  public static Tensor maskOut(Tensor mask, Tensor like) {
    return fill(mask.type_as(like).mul(new Scalar(0.0)), mask, Double.NEGATIVE_INFINITY);
  }

  /** In training zeroes a share of x's elements and scales up the rest; else x itself. */
  public static Tensor dropout(Tensor x, double rate, boolean training) {
    return rate == 0 || !training ? x : torch.dropout(x, rate, true);
  }

  /** In training zeroes a share of x's first dimension and scales up the rest; else x itself. */
  public static Tensor dropPath(Tensor x, double rate, boolean training) {
    if (rate == 0 || !training) {
      return x;
    }
    long[] shape = new long[Math.toIntExact(x.dim())];
    Arrays.fill(shape, 1);
    shape[0] = x.size(0);
    Tensor kept = torch.bernoulli(torch.full(shape, new Scalar(1 - rate)).type_as(x));
    return x.mul(scale(kept, 1 / (1 - rate)));
  }

  /** Indices of the k largest elements along the last dimension, largest first, int64. */
  public static Tensor topIndices(Tensor x, long k) {
    return new Tensor(torch.topk(x, k, -1, true, true).get1());
  }

  /** Index of the largest element along dim, which is dropped; the first of equal ones. */
  public static Tensor argmax(Tensor x, long dim) {
    return x.argmax(new LongOptional(dim), false);
  }

  /**
   * Resizes maps as torch's bilinear interpolation with align_corners false and without
   * antialiasing does: (b, c, h, w) -> (b, c, height, width).
   */
  public static Tensor resizeBilinear(Tensor x, long height, long width) {
    return torch.upsample_bilinear2d(x, new long[] {height, width}, false);
  }

  /** Rows of x (b, n, d) at int64 indices (b, m) -> (b, m, d). */
  public static Tensor rows(Tensor x, Tensor indices) {
    return x.gather(1, indices.unsqueeze(-1).expand(indices.size(0), indices.size(1), x.size(2)));
  }

  /**
   * x W^T: (..., in), (out, in) -> (..., out). A single row in the CPU's bf16, as when a token is
   * decoded, leaves oneDNN aside where the process computes alone ({@link Native#alone}): 45 GB/s
   * of weights instead of 20. Otherwise it goes through twice, since oneDNN's kernel for two rows
   * reads 23 GB/s. With tiles oneDNN is the faster one.
   */
  public static Tensor linear(Tensor x, Tensor weight) {
    if (x.numel() != weight.size(1)
        || x.is_cuda()
        || x.requires_grad()
        || x.scalar_type().intern() != ScalarType.BFloat16
        || Native.hasTiles()) {
      return torch.linear(x, weight);
    }
    if (Native.isAlone()) {
      return Native.withoutOneDnn(() -> torch.linear(x, weight));
    }
    long[] shape = x.shape();
    shape[shape.length - 1] = weight.size(0);
    Tensor row = x.reshape(1, weight.size(1));
    return slice(torch.linear(cat(0, row, row), weight), 0, 0, 1).view(shape);
  }

  /** silu(x) of a tensor that nobody else reads, in its memory where no gradient needs it. */
  public static Tensor silu(Tensor x) {
    if (x.requires_grad()) {
      return torch.silu(x);
    }
    torch.silu_(x); // what it returns is gone with x
    return x;
  }

  /** silu(gate) up, in gate's memory where no gradient needs gate. */
  public static Tensor swiglu(Tensor gate, Tensor up) {
    if (gate.requires_grad() || up.requires_grad()) {
      return torch.silu(gate).mul(up);
    }
    torch.silu_(gate).mul_(up);
    return gate;
  }

  /** (b, t, heads * k) -> (b, heads, t, k). */
  public static Tensor splitHeads(Tensor x, long heads) {
    long b = x.size(0);
    long t = x.size(1);
    return x.view(b, t, heads, x.size(2) / heads).transpose(1, 2);
  }

  /** (b, heads, t, k) -> (b, t, heads * k). */
  public static Tensor joinHeads(Tensor x) {
    Tensor y = x.transpose(1, 2).contiguous();
    return y.view(y.size(0), y.size(1), y.size(2) * y.size(3));
  }

  /**
   * softmax(q k^T / sqrt(d) + mask) v. The one place where the kernel is chosen: on the CPU's bf16
   * the fused kernel is far slower than plain matrix products over chunks of query rows, but for
   * many rows on processors with tiles ({@link Native#hasTiles}).
   *
   * @param q (b, heads, t, d)
   * @param k (b, heads, s, d)
   * @param v (b, heads, s, d)
   * @param mask additive, broadcastable to (b, heads, t, s), or null
   * @return (b, heads, t, d)
   */
  public static Tensor attention(Tensor q, Tensor k, Tensor v, Tensor mask) {
    return attention(q, k, v, mask, false);
  }

  /**
   * As {@link #attention}, where the mask hides from each query the keys behind it, the t queries
   * being the last t of s: chunks of queries then leave those keys out.
   */
  public static Tensor causalAttention(Tensor q, Tensor k, Tensor v, Tensor mask) {
    return attention(q, k, v, mask, mask != null && mask.size(2) == q.size(2));
  }

  private static Tensor attention(Tensor q, Tensor k, Tensor v, Tensor mask, boolean causal) {
    if (q.is_cuda() || q.scalar_type().intern() == ScalarType.Float) {
      return fused(q, k, v, mask);
    }
    boolean tiles = Native.hasTiles() && q.size(2) >= FUSED_ROWS;
    TensorVector chunks = new TensorVector();
    long t = q.size(2);
    long s = k.size(2);
    long count = (t + QUERY_CHUNK - 1) / QUERY_CHUNK;
    long chunk = (t + count - 1) / count;
    Scores scores = tiles ? null : new Scores(q, k, v, mask, chunk);
    for (long first = 0; first < t; first += chunk) {
      long from = first;
      long to = Math.min(t, from + chunk);
      long keys = causal ? s - t + to : s;
      chunks.push_back( // a scope each: the scores of all chunks together can be gigabytes
          TensorScope.of(
              () -> {
                Tensor rows = mask == null || mask.size(2) == 1 ? mask : slice(mask, 2, from, to);
                Tensor hidden = mask == null ? null : slice(rows, 3, 0, keys);
                Tensor queries = slice(q, 2, from, to);
                Tensor seen = slice(k, 2, 0, keys);
                Tensor values = slice(v, 2, 0, keys);
                return tiles
                    ? fused(queries, seen, values, hidden)
                    : torch.matmul(scores.shares(queries, seen, hidden), values);
              }));
    }
    return torch.cat(chunks, 2);
  }

  private static Tensor fused(Tensor q, Tensor k, Tensor v, Tensor mask) {
    return torch.scaled_dot_product_attention(
        q,
        k,
        v,
        mask == null ? new TensorOptional() : new TensorOptional(mask),
        0.0,
        false,
        new org.bytedeco.pytorch.DoubleOptional(),
        false);
  }

  /**
   * Softmax of the scores of a chunk of queries. Without gradients all chunks use one buffer: fresh
   * memory costs more than what is written to it.
   */
  private static final class Scores {
    private final Tensor buffer; // or null, where gradients need each chunk's
    private final double scale;

    Scores(Tensor q, Tensor k, Tensor v, Tensor mask, long rows) {
      boolean gradients =
          q.requires_grad()
              || k.requires_grad()
              || v.requires_grad()
              || (mask != null && mask.requires_grad()); // a learnt position bias
      long[] size = {q.size(0) * q.size(1) * rows * k.size(2)};
      buffer = gradients ? null : q.new_empty(size);
      scale = 1 / Math.sqrt(q.size(3));
    }

    /** (b, heads, rows, d) and (b, heads, keys, d) -> (b, heads, rows, keys). */
    Tensor shares(Tensor q, Tensor k, Tensor mask) {
      Tensor scaled = scale(q, scale);
      if (buffer == null) {
        Tensor scores = torch.matmul(scaled, k.transpose(2, 3));
        return torch.softmax(mask == null ? scores : scores.add(mask), -1);
      }
      long b = q.size(0) * q.size(1);
      long rows = q.size(2);
      long keys = k.size(2);
      long d = q.size(3);
      Tensor flat = slice(buffer, 0, 0, b * rows * keys).view(b, rows, keys);
      torch.bmm_out(flat, scaled.reshape(b, rows, d), k.reshape(b, keys, d).transpose(1, 2));
      Tensor scores = flat.view(q.size(0), q.size(1), rows, keys);
      if (mask != null) {
        scores.add_(mask);
      }
      return torch.softmax_out(scores, scores, -1);
    }
  }

  private static TensorVector vector(Iterable<Tensor> parts) {
    TensorVector v = new TensorVector();
    parts.forEach(v::push_back);
    return v;
  }
}
