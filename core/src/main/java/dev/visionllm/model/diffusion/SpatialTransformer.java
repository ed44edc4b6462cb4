package dev.visionllm.model.diffusion;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.GroupNorm;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Lets the positions of a map attend to each other and to the condition, diffusers'
 * Transformer2DModel with convolutions at both ends. Shapes: b pictures, c channels, (h, w) map, s
 * = h w positions, n tokens of the condition, k channels of the condition.
 */
final class SpatialTransformer {
  private static final double NORM_EPS = 1e-6; // fixed in Transformer2DModel

  private final GroupNorm norm;
  private final Conv2d proj_in; // 1 x 1
  private final List<Block> transformer_blocks;
  private final Conv2d proj_out; // 1 x 1

  SpatialTransformer(Params p, int c, Unet.Config config) {
    norm = new GroupNorm(p.at("norm"), config.groups(), c, NORM_EPS);
    proj_in = new Conv2d(p.at("proj_in"), c, c, 1, 1, 0);
    transformer_blocks =
        p.at("transformer_blocks")
            .list(1, q -> new Block(q, c, config.contextChannels(), config.heads()));
    proj_out = new Conv2d(p.at("proj_out"), c, c, 1, 1, 0);
  }

  /**
   * @param x (b, c, h, w)
   * @param context (b, n, k)
   * @return (b, c, h, w)
   */
  Tensor forward(Tensor x, Tensor context) {
    long[] shape = x.shape();
    Tensor tokens =
        TensorScope.of(
            () -> proj_in.forward(norm.forward(x)).flatten(2, 3).transpose(1, 2).contiguous());
    for (Block block : transformer_blocks) {
      Tensor y = tokens; // (b, s, c)
      tokens = TensorScope.of(() -> block.forward(y, context));
    }
    Tensor map = tokens.transpose(1, 2).contiguous().view(shape);
    return x.add(proj_out.forward(map));
  }

  /** Attention among positions, attention to the condition, gated feed-forward; all pre-norm. */
  private static final class Block {
    private final LayerNorm norm1;
    private final Attention attn1;
    private final LayerNorm norm2;
    private final Attention attn2;
    private final LayerNorm norm3;
    private final FeedForward ff;

    Block(Params p, int c, int k, int heads) {
      norm1 = new LayerNorm(p.at("norm1"), c, 1e-5);
      attn1 = new Attention(p.at("attn1"), c, c, heads);
      norm2 = new LayerNorm(p.at("norm2"), c, 1e-5);
      attn2 = new Attention(p.at("attn2"), c, k, heads);
      norm3 = new LayerNorm(p.at("norm3"), c, 1e-5);
      ff = new FeedForward(p.at("ff").at("net"), c);
    }

    /** (b, s, c), (b, n, k) -> (b, s, c). */
    Tensor forward(Tensor x, Tensor context) {
      Tensor own = TensorScope.of(() -> attend(x));
      Tensor told = TensorScope.of(() -> own.add(attn2.forward(norm2.forward(own), context)));
      return told.add(ff.forward(norm3.forward(told)));
    }

    private Tensor attend(Tensor x) {
      Tensor y = norm1.forward(x);
      return x.add(attn1.forward(y, y));
    }
  }

  private static final class Attention {
    private final Linear to_q;
    private final Linear to_k;
    private final Linear to_v;
    private final Linear to_out; // at index 0; a dropout follows it in the reference
    private final int heads;

    Attention(Params p, int c, int k, int heads) {
      to_q = Linear.noBias(p.at("to_q"), c, c);
      to_k = Linear.noBias(p.at("to_k"), k, c);
      to_v = Linear.noBias(p.at("to_v"), k, c);
      to_out = new Linear(p.at("to_out").at(0), c, c);
      this.heads = heads;
    }

    /** Queries (b, s, c), keys and values (b, n, k) -> (b, s, c). */
    Tensor forward(Tensor x, Tensor memory) {
      Tensor q = F.splitHeads(to_q.forward(x), heads);
      Tensor k = F.splitHeads(to_k.forward(memory), heads);
      Tensor v = F.splitHeads(to_v.forward(memory), heads);
      return to_out.forward(F.joinHeads(F.attention(q, k, v, null)));
    }
  }

  /** GEGLU: one half of the first projection gates the other (Shazeer 2020). */
  private static final class FeedForward {
    private final int inner;
    private final Linear proj; // c -> 8 c: values, gates
    private final Linear out; // 4 c -> c

    FeedForward(Params net, int c) {
      inner = 4 * c;
      proj = new Linear(net.at(0).at("proj"), c, 2L * inner);
      out = new Linear(net.at(2), inner, c);
    }

    Tensor forward(Tensor x) {
      Tensor gated =
          TensorScope.of(
              () -> {
                Tensor y = proj.forward(x);
                Tensor gate = F.slice(y, 2, inner, 2L * inner);
                return F.slice(y, 2, 0, inner)
                    .mul(y.requires_grad() ? torch.gelu(gate) : torch.gelu_(gate));
              });
      return out.forward(gated);
    }
  }
}
