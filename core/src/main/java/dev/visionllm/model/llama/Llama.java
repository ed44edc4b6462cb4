package dev.visionllm.model.llama;

import dev.visionllm.nn.Chain;
import dev.visionllm.nn.Embedding;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.RmsNorm;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The LLaMA language model (Touvron et al. 2023) with grouped-query attention, under the names of
 * transformers' LlamaForCausalLM; and InternLM2 (Cai et al. 2024), which computes the same from
 * weights with other names and another packing. Shapes: b rows, t new tokens, s = cached + t keys,
 * d hidden size, h heads, g key-value heads, k = d / h channels of a head.
 */
public final class Llama {
  /** Whose names and packing the weights have. The arithmetic is one. */
  public enum Names {
    /** transformers' LlamaForCausalLM. */
    LLAMA("embed_tokens", "lm_head"),
    /** InternLM2ForCausalLM of the reference and of InternLM. */
    INTERNLM2("tok_embeddings", "output");

    private final String table;
    private final String head;

    Names(String table, String head) {
      this.table = table;
      this.head = head;
    }

    private Block block(Params p, Config c) {
      return switch (this) {
        case LLAMA -> new LlamaBlock(p, c);
        case INTERNLM2 -> new InternLm2Block(p, c);
      };
    }
  }

  /**
   * Sizes of the network.
   *
   * @param vocab rows of the token table
   * @param hidden channels d
   * @param mlp channels inside the feed-forward part
   * @param layers number of blocks
   * @param heads query heads h
   * @param kvHeads key-value heads g, a divisor of heads
   * @param eps epsilon of every norm
   * @param ropeTheta base of the rotary embedding's wavelengths
   * @param context longest sequence, tokens
   * @param tied whether the output head is the token table
   * @param names whose names the weights have
   */
  public record Config(
      int vocab,
      int hidden,
      int mlp,
      int layers,
      int heads,
      int kvHeads,
      double eps,
      double ropeTheta,
      int context,
      boolean tied,
      Names names) {
    /** Vicuna 7B v1.5 with VisionLLM v2's added tokens. */
    public static final Config VICUNA_7B =
        new Config(32026, 4096, 11008, 32, 32, 32, 1e-5, 10_000, 4096, false);

    /** InternLM2-20B with VisionLLM v2's added tokens, of the 26B line. */
    public static final Config INTERNLM2_20B =
        new Config(92570, 6144, 16384, 48, 48, 8, 1e-5, 1_000_000, 32768, false, Names.INTERNLM2);

    /** With LLaMA's names. */
    public Config(
        int vocab,
        int hidden,
        int mlp,
        int layers,
        int heads,
        int kvHeads,
        double eps,
        double ropeTheta,
        int context,
        boolean tied) {
      this(vocab, hidden, mlp, layers, heads, kvHeads, eps, ropeTheta, context, tied, Names.LLAMA);
    }

    /** Refuses sizes that do not fit together. */
    public Config {
      if (vocab < 1 || hidden < 1 || mlp < 1 || layers < 1 || heads < 1 || kvHeads < 1) {
        throw new IllegalArgumentException(
            "language model: vocab, hidden, mlp, layers, heads and kvHeads must be positive, are "
                + List.of(vocab, hidden, mlp, layers, heads, kvHeads));
      }
      if (hidden % (2 * heads) != 0) {
        throw new IllegalArgumentException(
            "language model: hidden " + hidden + " is not an even multiple of heads " + heads);
      }
      if (heads % kvHeads != 0) {
        throw new IllegalArgumentException(
            "language model: heads " + heads + " is not a multiple of kvHeads " + kvHeads);
      }
      if (!(eps > 0) || !(ropeTheta > 1) || context < 1) {
        throw new IllegalArgumentException(
            "language model: eps "
                + eps
                + " should be above 0, ropeTheta "
                + ropeTheta
                + " above 1, context "
                + context
                + " at least 1");
      }
    }

    /** Channels of a head, k. */
    public int headSize() {
      return hidden / heads;
    }
  }

  private final Config config;
  private final Embedding embed_tokens; // (vocab, d); InternLM2: tok_embeddings
  private final List<Block> layers;
  private final RmsNorm norm;
  private final Linear lm_head; // (vocab, d), null where it is the token table; InternLM2: output

  /**
   * @param p cursor at {@code llm}: takes {@code model.*} and the head
   */
  public Llama(Params p, Config c) {
    config = c;
    Params model = p.at("model");
    embed_tokens = new Embedding(model.at(c.names().table), c.vocab(), c.hidden());
    layers = model.at("layers").list(c.layers(), q -> c.names().block(q, c));
    norm = new RmsNorm(model.at("norm"), c.hidden(), c.eps());
    lm_head = c.tied() ? null : Linear.noBias(p.at(c.names().head), c.hidden(), c.vocab());
    if (lm_head != null && lm_head.adapted()) {
      throw new IllegalArgumentException(
          p.at(c.names().head).path()
              + ": the output head cannot be adapted, only learn in full: leave it out of the"
              + " targets");
    }
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /** Token embeddings: int64 (...) -> (..., d). */
  public Tensor embed(Tensor ids) {
    return embed_tokens.forward(ids);
  }

  /** The output head's weight, (vocab, d). */
  public Tensor head() {
    return lm_head == null ? embed_tokens.weight() : lm_head.weight();
  }

  /** Scores of every token of the vocabulary: hidden (..., d) -> (..., vocab). */
  public Tensor logits(Tensor hidden) {
    return F.linear(hidden, head());
  }

  /**
   * Last hidden states, after the final norm: what {@link #logits} and the super-link read.
   *
   * @param embeds (b, t, d)
   * @param positions int64 (b, t), place of each token in its own row; see {@link Masks#positions}
   * @param mask additive (b or 1, 1, t, s), see {@link Masks}; null lets every token see every key,
   *     which is right only for one token after an unpadded prompt
   * @param cache keys and values of the earlier tokens, extended by t; or null. Inference only: no
   *     gradient flows into it
   * @return (b, t, d)
   */
  public Tensor forward(Tensor embeds, Tensor positions, Tensor mask, KvCache cache) {
    check(embeds, positions, mask, cache);
    return TensorScope.of(
        () -> {
          Tensor out =
              TensorScope.chain(embeds, steps(pass(embeds, positions, mask, cache, false)));
          if (cache != null) {
            cache.advance(embeds.size(1));
          }
          return out;
        });
  }

  /**
   * As {@link #forward}, for training: adapters drop, and the way back is the chain's.
   *
   * @param recompute whether to keep the blocks' inputs only and run them again on the way back,
   *     for memory: a third more time
   * @return a chain whose output is (b, t, d)
   */
  public Chain train(Tensor embeds, Tensor positions, Tensor mask, boolean recompute) {
    check(embeds, positions, mask, null);
    List<UnaryOperator<Tensor>> steps = steps(pass(embeds, positions, mask, null, true));
    return recompute ? Chain.recomputing(embeds, steps) : Chain.keeping(embeds, steps);
  }

  private List<UnaryOperator<Tensor>> steps(Pass pass) {
    List<UnaryOperator<Tensor>> steps = new ArrayList<>(layers.size() + 1);
    for (int i = 0; i < layers.size(); i++) {
      int index = i;
      steps.add(x -> layers.get(index).forward(x, index, pass));
    }
    steps.add(norm::forward);
    return steps;
  }

  /** As {@link #forward}, but the states of all levels: embeddings first, the last one normed. */
  List<Tensor> levels(Tensor embeds, Tensor positions, Tensor mask, KvCache cache) {
    check(embeds, positions, mask, cache);
    return TensorScope.all(
        () -> {
          Pass pass = pass(embeds, positions, mask, cache, false);
          List<Tensor> out = new ArrayList<>(layers.size() + 1);
          out.add(embeds);
          for (int i = 0; i < layers.size(); i++) {
            out.add(layers.get(i).forward(out.get(i), i, pass));
          }
          out.set(layers.size(), norm.forward(out.get(layers.size())));
          if (cache != null) {
            cache.advance(embeds.size(1));
          }
          return out;
        });
  }

  private void check(Tensor embeds, Tensor positions, Tensor mask, KvCache cache) {
    long b = embeds.size(0);
    long t = embeds.size(1);
    long s = t + (cache == null ? 0 : cache.length());
    if (cache != null && s > config.context()) {
      throw new IllegalArgumentException(
          "the text has "
              + s
              + " tokens, the language model's context holds "
              + config.context()
              + ": shorten the prompt or use fewer image tiles");
    }
    if (!Arrays.equals(positions.shape(), new long[] {b, t})) {
      throw new IllegalArgumentException(
          "positions are "
              + Arrays.toString(positions.shape())
              + ", should be ("
              + b
              + ", "
              + t
              + ")");
    }
    if (mask != null && (mask.dim() != 4 || mask.size(3) != s)) {
      throw new IllegalArgumentException(
          "mask is "
              + Arrays.toString(mask.shape())
              + ", should be (b, 1, "
              + t
              + ", "
              + s
              + ") for "
              + (s - t)
              + " cached and "
              + t
              + " new tokens");
    }
  }

  private Pass pass(Tensor embeds, Tensor positions, Tensor mask, KvCache cache, boolean training) {
    ScalarType dtype = embeds.scalar_type().intern();
    float[] frequency = new float[config.headSize() / 2];
    for (int i = 0; i < frequency.length; i++) {
      frequency[i] = (float) Math.pow(config.ropeTheta(), -2.0 * i / config.headSize());
    }
    Tensor f =
        Tensors.of(frequency, 1, 1, 1, frequency.length).to(embeds.device(), ScalarType.Float);
    Tensor angles =
        positions.to(ScalarType.Float).unsqueeze(1).unsqueeze(3).mul(f); // (b, 1, t, k/2)
    boolean whole =
        cache != null && embeds.size(1) == 1 && !embeds.is_cuda() && dtype != ScalarType.Float;
    Tensor seen = whole ? hideBehind(mask, cache) : mask;
    return new Pass(
        angles.cos().to(dtype),
        angles.sin().to(dtype),
        seen == null ? null : seen.to(dtype),
        cache,
        whole,
        training);
  }

  /** The mask of one new token, or null, widened to the cache's buffers. */
  private static Tensor hideBehind(Tensor mask, KvCache cache) {
    long s = cache.length() + 1L;
    Tensor own = mask == null ? torch.zeros(1, 1, 1, s) : mask;
    long[] behind = own.shape();
    behind[3] = cache.capacity(s) - s;
    return F.cat(3, own, own.new_full(behind, new Scalar(Masks.HIDDEN)));
  }
}
