package dev.visionllm.nn;

import java.util.List;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What a linear layer of low rank adds to one that stays as it is (LoRA, Hu et al. 2021): y = W x +
 * scale B A x. Its matrices lie below the layer, as {@code lora_A.weight} and {@code
 * lora_B.weight}; they may be held in single precision beside a layer in a shorter format, and are
 * used in the format of x.
 */
public final class Lora {
  /**
   * Which layers are adapted, and how.
   *
   * @param targets patterns of whole paths of linear layers
   * @param rank r, rows of A and columns of B
   * @param alpha numerator of the scale
   * @param rankStabilised whether the scale is alpha / sqrt(r) instead of alpha / r (Kalajdzievski
   *     2023)
   * @param dropout share of A's input that training drops; language models know when they train,
   *     other networks never drop
   */
  public record Config(
      List<String> targets, int rank, double alpha, boolean rankStabilised, double dropout) {
    /** What the reference adapts in LLaMA and in InternLM2 (wrap_llm_lora). */
    public static final Config REFERENCE =
        new Config(
            List.of(
                "llm\\..*\\.(self_attn\\.[qkvo]_proj|mlp\\.(up|down)_proj)",
                "llm\\..*\\.(attention\\.(wqkv|wo)|feed_forward\\.w[23])"),
            32,
            64,
            false,
            0.05);

    /** Refuses numbers without a meaning. */
    public Config {
      targets = List.copyOf(targets);
      targets.forEach(Pattern::compile);
      if (rank < 1 || !Double.isFinite(alpha) || !(dropout >= 0 && dropout < 1)) {
        throw new IllegalArgumentException(
            "LoRA: r is "
                + rank
                + ", lora_alpha "
                + alpha
                + " and lora_dropout "
                + dropout
                + "; r should be at least 1, lora_dropout from 0 to below 1");
      }
    }

    /** The same for other layers. */
    public Config withTargets(List<String> others) {
      return new Config(others, rank, alpha, rankStabilised, dropout);
    }

    /** Factor of B A. */
    public double scale() {
      return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
    }

    /** Whether the layer of that path is adapted. */
    boolean adapts(String path) {
      return targets.stream().anyMatch(t -> Pattern.matches(t, path));
    }
  }

  private final Tensor lora_A; // (r, in)
  private final Tensor lora_B; // (out, r)
  private final double scale;
  private final double dropout;

  /**
   * @param p cursor at the adapted layer
   */
  Lora(Params p, long in, long out, Config c) {
    lora_A = p.at("lora_A").tensor("weight", c.rank(), in);
    lora_B = p.at("lora_B").tensor("weight", out, c.rank());
    scale = c.scale();
    dropout = c.dropout();
  }

  /** Adds to y (..., out), in place, what the layer's input x (..., in) gives. */
  Tensor add(Tensor y, Tensor x, boolean training) {
    ScalarType dtype = x.scalar_type();
    Tensor low = F.linear(F.dropout(x, dropout, training), lora_A.to(dtype)); // (..., r)
    return y.add_(F.linear(low, lora_B.to(dtype)), new Scalar(scale));
  }

  /**
   * W + scale B A, summed in single precision and given in W's number format.
   *
   * @param w (out, in)
   * @param a (r, in)
   * @param b (out, r)
   */
  public static Tensor merged(Tensor w, Tensor a, Tensor b, double scale) {
    Tensor product = torch.matmul(b.to(ScalarType.Float), a.to(ScalarType.Float));
    return w.to(ScalarType.Float).add(F.scale(product, scale)).to(w.scalar_type());
  }
}
