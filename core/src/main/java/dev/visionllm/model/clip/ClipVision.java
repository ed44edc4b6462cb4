package dev.visionllm.model.clip;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.Embedding;
import dev.visionllm.nn.F;
import dev.visionllm.nn.ImageEncoder;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.QuickGeluMlp;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * CLIP's image encoder, a ViT (Radford et al. 2021), under the names of transformers'
 * CLIPVisionModel. Shapes: b images, g = size / patch, t = 1 + g^2 tokens (class token first,
 * patches row by row), d hidden size.
 */
public final class ClipVision implements ImageEncoder {
  /**
   * Sizes of the network.
   *
   * @param size side of the square picture, pixels
   * @param patch side of a patch, pixels
   * @param hidden channels d
   * @param mlp channels inside the feed-forward part
   * @param layers number of blocks
   * @param heads attention heads
   * @param eps epsilon of every layer norm
   */
  public record Config(int size, int patch, int hidden, int mlp, int layers, int heads, double eps)
      implements ImageEncoder.Config {
    /** The encoder of VisionLLM v2 (7B). */
    public static final Config VIT_L_14_336 = new Config(336, 14, 1024, 4096, 24, 16, 1e-5);

    /** Refuses sizes that do not fit together. */
    public Config {
      ImageEncoder.Config.check(size, patch, hidden, mlp, layers, heads, eps);
    }

    @Override
    public ClipVision build(Params p) {
      return new ClipVision(p.at("vision_model"), this);
    }
  }

  private final Config config;
  private final Embeddings embeddings;
  private final LayerNorm pre_layrnorm; // sic: the checkpoint's spelling
  private final List<Layer> layers;
  private final LayerNorm post_layernorm; // null where the checkpoint leaves it out

  /**
   * @param p cursor at {@code vis_encoder.vision_model}
   */
  public ClipVision(Params p, Config c) {
    config = c;
    embeddings = new Embeddings(p.at("embeddings"), c);
    pre_layrnorm = new LayerNorm(p.at("pre_layrnorm"), c.hidden(), c.eps());
    layers = p.at("encoder").at("layers").list(c.layers(), q -> new Layer(q, c));
    post_layernorm =
        p.has("post_layernorm.weight")
            ? new LayerNorm(p.at("post_layernorm"), c.hidden(), c.eps())
            : null;
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /** Level 0 is the normalised embeddings. */
  @Override
  public List<Tensor> forward(Tensor pixels) {
    config.check(pixels);
    List<Tensor> levels = new ArrayList<>(layers.size() + 1);
    levels.add(TensorScope.of(() -> pre_layrnorm.forward(embeddings.forward(pixels))));
    for (Layer layer : layers) {
      Tensor x = levels.get(levels.size() - 1);
      levels.add(TensorScope.of(() -> layer.forward(x)));
    }
    return Collections.unmodifiableList(levels);
  }

  /**
   * The picture's own embedding: the normed class token.
   *
   * @param last the last level, (b, t, d)
   * @return (b, d)
   * @throws IllegalStateException if the checkpoint has no {@code post_layernorm}
   */
  public Tensor pooled(Tensor last) {
    if (post_layernorm == null) {
      throw new IllegalStateException("the checkpoint has no post_layernorm, so nothing to pool");
    }
    return post_layernorm.forward(last.select(1, 0));
  }

  private static final class Embeddings {
    private final Tensor class_embedding; // (d)
    private final Conv2d patch_embedding; // 3 -> d
    private final Embedding position_embedding; // (t, d)

    Embeddings(Params p, Config c) {
      class_embedding = p.tensor("class_embedding", c.hidden());
      patch_embedding =
          Conv2d.noBias(p.at("patch_embedding"), 3, c.hidden(), c.patch(), c.patch(), 0);
      position_embedding = new Embedding(p.at("position_embedding"), c.tokens(), c.hidden());
    }

    Tensor forward(Tensor pixels) {
      Tensor x = pixels.to(class_embedding.scalar_type());
      Tensor patches = patch_embedding.forward(x).flatten(2, 3).transpose(1, 2); // (b, g^2, d)
      Tensor cls = class_embedding.expand(x.size(0), 1, class_embedding.size(0)); // (b, 1, d)
      return F.cat(1, cls, patches).add(position_embedding.weight()); // (b, t, d)
    }
  }

  /** A pre-norm block: (b, t, d) -> (b, t, d). */
  private static final class Layer {
    private final LayerNorm layer_norm1;
    private final Attention self_attn;
    private final LayerNorm layer_norm2;
    private final QuickGeluMlp mlp;

    Layer(Params p, Config c) {
      layer_norm1 = new LayerNorm(p.at("layer_norm1"), c.hidden(), c.eps());
      self_attn = new Attention(p.at("self_attn"), c);
      layer_norm2 = new LayerNorm(p.at("layer_norm2"), c.hidden(), c.eps());
      mlp = new QuickGeluMlp(p.at("mlp"), c.hidden(), c.mlp());
    }

    Tensor forward(Tensor x) {
      Tensor y = x.add(self_attn.forward(layer_norm1.forward(x)));
      return y.add(mlp.forward(layer_norm2.forward(y)));
    }
  }

  private static final class Attention {
    private final Linear q_proj;
    private final Linear k_proj;
    private final Linear v_proj;
    private final Linear out_proj;
    private final long heads;

    Attention(Params p, Config c) {
      q_proj = new Linear(p.at("q_proj"), c.hidden(), c.hidden());
      k_proj = new Linear(p.at("k_proj"), c.hidden(), c.hidden());
      v_proj = new Linear(p.at("v_proj"), c.hidden(), c.hidden());
      out_proj = new Linear(p.at("out_proj"), c.hidden(), c.hidden());
      heads = c.heads();
    }

    Tensor forward(Tensor x) {
      Tensor q = F.splitHeads(q_proj.forward(x), heads);
      Tensor k = F.splitHeads(k_proj.forward(x), heads);
      Tensor v = F.splitHeads(v_proj.forward(x), heads);
      return out_proj.forward(F.joinHeads(F.attention(q, k, v, null)));
    }
  }
}
