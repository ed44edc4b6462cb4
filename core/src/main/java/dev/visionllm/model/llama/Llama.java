package dev.visionllm.model.llama;

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
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The LLaMA language model (Touvron et al. 2023) with grouped-query attention, under the names of
 * transformers' LlamaForCausalLM. Shapes: b rows, t new tokens, s = cached + t keys, d hidden size,
 * h heads, g key-value heads, k = d / h channels of a head.
 */
public final class Llama {
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
      boolean tied) {
    /** Vicuna 7B v1.5 with VisionLLM v2's added tokens. */
    public static final Config VICUNA_7B =
        new Config(32026, 4096, 11008, 32, 32, 32, 1e-5, 10_000, 4096, false);

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
  private final Embedding embed_tokens; // (vocab, d)
  private final List<Layer> layers;
  private final RmsNorm norm;
  private final Linear lm_head; // (vocab, d), null where it is the token table

  /**
   * @param p cursor at {@code llm}: takes {@code model.*} and {@code lm_head}
   */
  public Llama(Params p, Config c) {
    config = c;
    Params model = p.at("model");
    embed_tokens = new Embedding(model.at("embed_tokens"), c.vocab(), c.hidden());
    layers = model.at("layers").list(c.layers(), q -> new Layer(q, c));
    norm = new RmsNorm(model.at("norm"), c.hidden(), c.eps());
    lm_head = c.tied() ? null : Linear.noBias(p.at("lm_head"), c.hidden(), c.vocab());
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /** Token embeddings: int64 (...) -> (..., d). */
  public Tensor embed(Tensor ids) {
    return embed_tokens.forward(ids);
  }

  /** Scores of every token of the vocabulary: hidden (..., d) -> (..., vocab). */
  public Tensor logits(Tensor hidden) {
    return lm_head == null ? torch.linear(hidden, embed_tokens.weight()) : lm_head.forward(hidden);
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
          Context c = context(embeds, positions, mask, cache);
          List<UnaryOperator<Tensor>> steps = new ArrayList<>(layers.size() + 1);
          for (int i = 0; i < layers.size(); i++) {
            int index = i;
            steps.add(x -> layers.get(index).forward(x, index, c));
          }
          steps.add(norm::forward);
          Tensor out = TensorScope.chain(embeds, steps);
          if (cache != null) {
            cache.advance(embeds.size(1));
          }
          return out;
        });
  }

  /** As {@link #forward}, but the states of all levels: embeddings first, the last one normed. */
  List<Tensor> levels(Tensor embeds, Tensor positions, Tensor mask, KvCache cache) {
    check(embeds, positions, mask, cache);
    return TensorScope.all(
        () -> {
          Context c = context(embeds, positions, mask, cache);
          List<Tensor> out = new ArrayList<>(layers.size() + 1);
          out.add(embeds);
          for (int i = 0; i < layers.size(); i++) {
            out.add(layers.get(i).forward(out.get(i), i, c));
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

  /** What all layers share: rotary angles (b, 1, t, k/2), mask (b or 1, 1, t, s), cache. */
  private record Context(Tensor cos, Tensor sin, Tensor mask, KvCache cache) {}

  private Context context(Tensor embeds, Tensor positions, Tensor mask, KvCache cache) {
    ScalarType dtype = embeds.scalar_type();
    float[] frequency = new float[config.headSize() / 2];
    for (int i = 0; i < frequency.length; i++) {
      frequency[i] = (float) Math.pow(config.ropeTheta(), -2.0 * i / config.headSize());
    }
    Tensor f =
        Tensors.of(frequency, 1, 1, 1, frequency.length).to(embeds.device(), ScalarType.Float);
    Tensor angles =
        positions.to(ScalarType.Float).unsqueeze(1).unsqueeze(3).mul(f); // (b, 1, t, k/2)
    return new Context(
        angles.cos().to(dtype),
        angles.sin().to(dtype),
        mask == null ? null : mask.to(dtype),
        cache);
  }

  /** A pre-norm block: (b, t, d) -> (b, t, d). */
  private static final class Layer {
    private final RmsNorm input_layernorm;
    private final Attention self_attn;
    private final RmsNorm post_attention_layernorm;
    private final Mlp mlp;

    Layer(Params p, Config c) {
      self_attn = new Attention(p.at("self_attn"), c);
      mlp = new Mlp(p.at("mlp"), c);
      input_layernorm = new RmsNorm(p.at("input_layernorm"), c.hidden(), c.eps());
      post_attention_layernorm = new RmsNorm(p.at("post_attention_layernorm"), c.hidden(), c.eps());
    }

    Tensor forward(Tensor x, int index, Context c) {
      Tensor y = x.add(self_attn.forward(input_layernorm.forward(x), index, c));
      return y.add(mlp.forward(post_attention_layernorm.forward(y)));
    }
  }

  private static final class Attention {
    private final Linear q_proj; // (h k, d)
    private final Linear k_proj; // (g k, d)
    private final Linear v_proj; // (g k, d)
    private final Linear o_proj; // (d, h k)
    private final long heads;
    private final long kvHeads;

    Attention(Params p, Config c) {
      long kv = (long) c.kvHeads() * c.headSize();
      q_proj = Linear.noBias(p.at("q_proj"), c.hidden(), c.hidden());
      k_proj = Linear.noBias(p.at("k_proj"), c.hidden(), kv);
      v_proj = Linear.noBias(p.at("v_proj"), c.hidden(), kv);
      o_proj = Linear.noBias(p.at("o_proj"), c.hidden(), c.hidden());
      heads = c.heads();
      kvHeads = c.kvHeads();
    }

    Tensor forward(Tensor x, int index, Context c) {
      Tensor q = rotate(F.splitHeads(q_proj.forward(x), heads), c); // (b, h, t, k)
      Tensor k = rotate(F.splitHeads(k_proj.forward(x), kvHeads), c); // (b, g, t, k)
      Tensor v = F.splitHeads(v_proj.forward(x), kvHeads); // (b, g, t, k)
      if (c.cache() != null) {
        KvCache.Pair all = c.cache().append(index, k, v);
        k = all.keys(); // (b, g, s, k)
        v = all.values();
      }
      return o_proj.forward(F.joinHeads(attend(q, k, v, c.mask())));
    }

    /** Attention in which h / g query heads share a key-value head. */
    private Tensor attend(Tensor q, Tensor k, Tensor v, Tensor mask) {
      if (heads == kvHeads) {
        return F.attention(q, k, v, mask);
      }
      long b = q.size(0);
      long group = heads / kvHeads;
      if (q.size(2) == 1) { // the group's heads become query rows: nothing of the cache is copied
        Tensor rows = q.reshape(b, kvHeads, group, q.size(3));
        return F.attention(rows, k, v, mask).reshape(b, heads, 1, q.size(3));
      }
      return F.attention(q, shared(k, group), shared(v, group), mask);
    }

    /** (b, g, s, k) -> (b, h, s, k), each head repeated for its group. */
    private static Tensor shared(Tensor x, long group) {
      long[] s = x.shape();
      return x.unsqueeze(2)
          .expand(s[0], s[1], group, s[2], s[3])
          .reshape(s[0], s[1] * group, s[2], s[3]);
    }

    /** Rotary position embedding, the halves of a head as pairs (rotate_half). */
    private static Tensor rotate(Tensor x, Context c) {
      long half = x.size(3) / 2;
      Tensor a = F.slice(x, 3, 0, half);
      Tensor b = F.slice(x, 3, half, 2 * half);
      return F.cat(3, a.mul(c.cos()).sub(b.mul(c.sin())), b.mul(c.cos()).add(a.mul(c.sin())));
    }
  }

  /** SwiGLU. */
  private static final class Mlp {
    private final Linear gate_proj;
    private final Linear up_proj;
    private final Linear down_proj;

    Mlp(Params p, Config c) {
      gate_proj = Linear.noBias(p.at("gate_proj"), c.hidden(), c.mlp());
      up_proj = Linear.noBias(p.at("up_proj"), c.hidden(), c.mlp());
      down_proj = Linear.noBias(p.at("down_proj"), c.mlp(), c.hidden());
    }

    Tensor forward(Tensor x) {
      return down_proj.forward(torch.silu(gate_proj.forward(x)).mul(up_proj.forward(x)));
    }
  }
}
