package dev.visionllm.model.internvit;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.ImageEncoder;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.RmsNorm;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * InternViT, the image encoder of the 26B line (Chen et al. 2024), under the names of the
 * reference's InternVisionModel: RMS norms, a scale per channel on both branches, and norms of
 * queries and keys over all heads at once. Shapes: b images, g = size / patch, t = 1 + g^2 tokens
 * (class token first, patches row by row), d hidden size, h heads, k = d / h.
 */
public final class InternVit implements ImageEncoder {
  /**
   * Sizes of the network.
   *
   * @param size side of the square picture, pixels
   * @param patch side of a patch, pixels
   * @param hidden channels d
   * @param mlp channels inside the feed-forward part
   * @param layers number of blocks
   * @param heads attention heads h
   * @param eps epsilon of every norm
   * @param qkvBias whether the projection to queries, keys and values has a bias
   * @param qkNorm whether queries and keys are normed
   */
  public record Config(
      int size,
      int patch,
      int hidden,
      int mlp,
      int layers,
      int heads,
      double eps,
      boolean qkvBias,
      boolean qkNorm)
      implements ImageEncoder.Config {
    /** InternViT-6B at 448 pixels, version 1.2 on, which leaves out the last three of 48 blocks. */
    public static final Config INTERN_VIT_6B_448 =
        new Config(448, 14, 3200, 12800, 45, 25, 1e-6, false, true);

    /** Refuses sizes that do not fit together. */
    public Config {
      ImageEncoder.Config.check(size, patch, hidden, mlp, layers, heads, eps);
    }

    @Override
    public InternVit build(Params p) {
      return new InternVit(p, this);
    }
  }

  private final Config config;
  private final Embeddings embeddings;
  private final List<Layer> layers;

  /**
   * @param p cursor at {@code vis_encoder}
   */
  public InternVit(Params p, Config c) {
    config = c;
    embeddings = new Embeddings(p.at("embeddings"), c);
    layers = p.at("encoder").at("layers").list(c.layers(), q -> new Layer(q, c));
  }

  /** Level 0 is the embeddings. */
  @Override
  public List<Tensor> forward(Tensor pixels) {
    config.check(pixels);
    List<Tensor> levels = new ArrayList<>(layers.size() + 1);
    levels.add(TensorScope.of(() -> embeddings.forward(pixels)));
    for (Layer layer : layers) {
      Tensor x = levels.get(levels.size() - 1);
      levels.add(TensorScope.of(() -> layer.forward(x)));
    }
    return Collections.unmodifiableList(levels);
  }

  private static final class Embeddings {
    private final Tensor class_embedding; // (1, 1, d)
    private final Conv2d patch_embedding; // 3 -> d
    private final Tensor position_embedding; // (1, t, d)

    Embeddings(Params p, Config c) {
      class_embedding = p.tensor("class_embedding", 1, 1, c.hidden());
      patch_embedding = new Conv2d(p.at("patch_embedding"), 3, c.hidden(), c.patch(), c.patch(), 0);
      position_embedding = p.tensor("position_embedding", 1, c.tokens(), c.hidden());
    }

    Tensor forward(Tensor pixels) {
      Tensor x = pixels.to(class_embedding.scalar_type());
      Tensor patches = patch_embedding.forward(x).flatten(2, 3).transpose(1, 2); // (b, g^2, d)
      Tensor cls = class_embedding.expand(x.size(0), 1, class_embedding.size(2)); // (b, 1, d)
      return F.cat(1, cls, patches).add(position_embedding); // (b, t, d)
    }
  }

  /** A pre-norm block with scaled branches: (b, t, d) -> (b, t, d). */
  private static final class Layer {
    private final Tensor ls1; // (d)
    private final Tensor ls2; // (d)
    private final Attention attn;
    private final Mlp mlp;
    private final RmsNorm norm1;
    private final RmsNorm norm2;

    Layer(Params p, Config c) {
      ls1 = p.tensor("ls1", c.hidden());
      ls2 = p.tensor("ls2", c.hidden());
      attn = new Attention(p.at("attn"), c);
      mlp = new Mlp(p.at("mlp"), c);
      norm1 = new RmsNorm(p.at("norm1"), c.hidden(), c.eps());
      norm2 = new RmsNorm(p.at("norm2"), c.hidden(), c.eps());
    }

    Tensor forward(Tensor x) {
      Tensor y = x.add(attn.forward(norm1.forward(x)).mul(ls1));
      return y.add(mlp.forward(norm2.forward(y)).mul(ls2));
    }
  }

  private static final class Attention {
    private final Linear qkv; // (3 h k, d): all queries, then all keys, then all values
    private final RmsNorm q_norm; // null where queries and keys are not normed
    private final RmsNorm k_norm;
    private final Linear proj;
    private final long heads;

    Attention(Params p, Config c) {
      long d = c.hidden();
      qkv = c.qkvBias() ? new Linear(p.at("qkv"), d, 3 * d) : Linear.noBias(p.at("qkv"), d, 3 * d);
      q_norm = c.qkNorm() ? new RmsNorm(p.at("q_norm"), d, c.eps()) : null;
      k_norm = c.qkNorm() ? new RmsNorm(p.at("k_norm"), d, c.eps()) : null;
      proj = new Linear(p.at("proj"), d, d);
      heads = c.heads();
    }

    Tensor forward(Tensor x) {
      long d = x.size(2);
      Tensor all = qkv.forward(x); // (b, t, 3 d)
      Tensor q = F.slice(all, 2, 0, d);
      Tensor k = F.slice(all, 2, d, 2 * d);
      Tensor v = F.slice(all, 2, 2 * d, 3 * d);
      if (q_norm != null) {
        q = q_norm.forward(q);
        k = k_norm.forward(k);
      }
      Tensor out = F.attention(split(q), split(k), split(v), null);
      return proj.forward(F.joinHeads(out));
    }

    private Tensor split(Tensor x) {
      return F.splitHeads(x, heads);
    }
  }

  private static final class Mlp {
    private final Linear fc1;
    private final Linear fc2;

    Mlp(Params p, Config c) {
      fc1 = new Linear(p.at("fc1"), c.hidden(), c.mlp());
      fc2 = new Linear(p.at("fc2"), c.mlp(), c.hidden());
    }

    Tensor forward(Tensor x) {
      return fc2.forward(F.gelu(fc1.forward(x)));
    }
  }
}
