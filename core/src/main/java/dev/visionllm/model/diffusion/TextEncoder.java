package dev.visionllm.model.diffusion;

import dev.visionllm.nn.Embedding;
import dev.visionllm.nn.F;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.QuickGeluMlp;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * CLIP's text encoder (Radford et al. 2021), under the names of transformers' CLIPTextModel. Each
 * token attends to itself and earlier ones; padding is not masked, as Stable Diffusion was trained.
 * Shapes: b texts, t tokens, d hidden size.
 */
public final class TextEncoder {
  /**
   * Sizes of the network, in transformers' config.json under the names in brackets.
   *
   * @param vocabulary tokens [vocab_size]
   * @param hidden d [hidden_size]
   * @param mlp channels inside the feed-forward part [intermediate_size]
   * @param layers blocks [num_hidden_layers]
   * @param heads attention heads [num_attention_heads]
   * @param positions longest text [max_position_embeddings]
   * @param eps of every layer norm [layer_norm_eps]
   */
  public record Config(
      int vocabulary, int hidden, int mlp, int layers, int heads, int positions, double eps) {
    /** CLIP ViT-L/14's, as Stable Diffusion 1.5 has it. */
    public static final Config SD_15 = new Config(49408, 768, 3072, 12, 12, 77, 1e-5);

    /** Refuses sizes that do not fit together. */
    public Config {
      if (vocabulary < 1 || hidden < 1 || mlp < 1 || layers < 1 || heads < 1 || positions < 1) {
        throw new IllegalArgumentException(
            "text encoder: vocabulary, hidden, mlp, layers, heads and positions must be positive,"
                + " are "
                + List.of(vocabulary, hidden, mlp, layers, heads, positions));
      }
      if (hidden % heads != 0) {
        throw new IllegalArgumentException(
            "text encoder: hidden " + hidden + " is not a multiple of heads " + heads);
      }
      if (!(eps > 0)) {
        throw new IllegalArgumentException("text encoder: eps is " + eps + ", should be above 0");
      }
    }
  }

  private final Config config;
  private final Embedding token_embedding; // embeddings.token_embedding, (vocabulary, d)
  private final Embedding position_embedding; // embeddings.position_embedding, (positions, d)
  private final List<Layer> layers;
  private final LayerNorm final_layer_norm;

  /**
   * @param p cursor at {@code sd.sd_text_encoder.text_model}
   */
  public TextEncoder(Params p, Config c) {
    config = c;
    Params embeddings = p.at("embeddings");
    token_embedding = new Embedding(embeddings.at("token_embedding"), c.vocabulary(), c.hidden());
    position_embedding =
        new Embedding(embeddings.at("position_embedding"), c.positions(), c.hidden());
    layers = p.at("encoder").at("layers").list(c.layers(), q -> new Layer(q, c));
    final_layer_norm = new LayerNorm(p.at("final_layer_norm"), c.hidden(), c.eps());
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /** Features of texts: int64 ids (b, t) -> (b, t, d). */
  public Tensor forward(Tensor ids) {
    return TensorScope.of(
        () -> {
          List<Tensor> levels = levels(ids);
          return final_layer_norm.forward(levels.get(levels.size() - 1));
        });
  }

  /** Embeddings and the state after each block, without the final norm: layers + 1 of (b, t, d). */
  List<Tensor> levels(Tensor ids) {
    if (ids.dim() != 2 || ids.size(1) < 1 || ids.size(1) > config.positions()) {
      throw new IllegalArgumentException(
          "text encoder: ids are "
              + Arrays.toString(ids.shape())
              + ", should be (b, t) with 1 to "
              + config.positions()
              + " tokens");
    }
    Tensor mask = causal(Math.toIntExact(ids.size(1)));
    List<Tensor> levels = new ArrayList<>(layers.size() + 1);
    levels.add(
        TensorScope.of(
            () ->
                token_embedding
                    .forward(ids)
                    .add(F.slice(position_embedding.weight(), 0, 0, ids.size(1)))));
    for (Layer layer : layers) {
      Tensor x = levels.get(levels.size() - 1);
      levels.add(TensorScope.of(() -> layer.forward(x, mask)));
    }
    return levels;
  }

  /** Additive, (1, 1, t, t): minus infinity where the key comes after the query. */
  private Tensor causal(int t) {
    float[] mask = new float[t * t];
    for (int query = 0; query < t; query++) {
      Arrays.fill(mask, query * t + query + 1, (query + 1) * t, Float.NEGATIVE_INFINITY);
    }
    return Tensors.of(mask, 1, 1, t, t).to(position_embedding.weight());
  }

  /** A pre-norm block: (b, t, d) -> (b, t, d). */
  private static final class Layer {
    private final LayerNorm layer_norm1;
    private final Attention self_attn;
    private final LayerNorm layer_norm2;
    private final QuickGeluMlp mlp;

    Layer(Params p, Config c) {
      self_attn = new Attention(p.at("self_attn"), c);
      layer_norm1 = new LayerNorm(p.at("layer_norm1"), c.hidden(), c.eps());
      mlp = new QuickGeluMlp(p.at("mlp"), c.hidden(), c.mlp());
      layer_norm2 = new LayerNorm(p.at("layer_norm2"), c.hidden(), c.eps());
    }

    Tensor forward(Tensor x, Tensor mask) {
      Tensor y = x.add(self_attn.forward(layer_norm1.forward(x), mask));
      return y.add(mlp.forward(layer_norm2.forward(y)));
    }
  }

  private static final class Attention {
    private final Linear k_proj;
    private final Linear v_proj;
    private final Linear q_proj;
    private final Linear out_proj;
    private final int heads;

    Attention(Params p, Config c) {
      k_proj = new Linear(p.at("k_proj"), c.hidden(), c.hidden());
      v_proj = new Linear(p.at("v_proj"), c.hidden(), c.hidden());
      q_proj = new Linear(p.at("q_proj"), c.hidden(), c.hidden());
      out_proj = new Linear(p.at("out_proj"), c.hidden(), c.hidden());
      heads = c.heads();
    }

    Tensor forward(Tensor x, Tensor mask) {
      Tensor q = F.splitHeads(q_proj.forward(x), heads);
      Tensor k = F.splitHeads(k_proj.forward(x), heads);
      Tensor v = F.splitHeads(v_proj.forward(x), heads);
      return out_proj.forward(F.joinHeads(F.attention(q, k, v, mask)));
    }
  }
}
