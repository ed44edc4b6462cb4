package dev.visionllm.model.unipose;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.Windows;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The Swin transformer as a backbone of feature maps (Liu et al. 2021) with its authors' parameter
 * names. Windows keep their size on every map; maps are padded to whole windows.
 *
 * <p>Shapes: b images; h, w rows and columns of a map; c channels; s windows of a map; t = window^2
 * tokens of a window; k channels of a head.
 */
public final class Swin {
  /** Levels that the pyramid reads: the last three stages. */
  static final int MAPS = 3;

  private static final double EPS = 1e-5;

  /**
   * @param patch pixels a side of a patch, 4 in the release
   * @param embed channels of the first stage; each stage doubles them
   * @param depths blocks of each of the four stages
   * @param heads attention heads of each stage
   * @param window tokens a side of a window
   * @param mlpRatio hidden size of a block's MLP over its channels
   * @param dropPath rate of the last block in training; earlier blocks' rates rise to it from 0
   */
  public record Config(
      int patch,
      int embed,
      List<Integer> depths,
      List<Integer> heads,
      int window,
      double mlpRatio,
      double dropPath) {
    /** Swin-T, trained on 224 pixels: "swin_T_224_1k", the release's backbone. */
    public static final Config TINY =
        new Config(4, 96, List.of(2, 2, 6, 2), List.of(3, 6, 12, 24), 7, 4, 0.2);

    /** Checks that stages fit together. */
    public Config {
      depths = List.copyOf(depths);
      heads = List.copyOf(heads);
      if (depths.size() != heads.size() || depths.size() < MAPS) {
        throw new IllegalArgumentException(
            "Swin needs depths and heads of the same three or more stages, not "
                + depths
                + " and "
                + heads);
      }
      for (int i = 0; i < heads.size(); i++) {
        if (depths.get(i) < 1 || heads.get(i) < 1 || (embed << i) % heads.get(i) != 0) {
          throw new IllegalArgumentException(
              "Swin stage "
                  + (i + 1)
                  + " has "
                  + depths.get(i)
                  + " blocks of "
                  + (embed << i)
                  + " channels and "
                  + heads.get(i)
                  + " heads: it needs blocks, and channels that are a multiple of the heads");
        }
      }
      if (patch < 1 || window < 1 || !(dropPath >= 0 && dropPath < 1)) {
        throw new IllegalArgumentException(
            "Swin needs patch and window >= 1 and drop path in [0, 1), not %d, %d, %s"
                .formatted(patch, window, dropPath));
      }
    }

    /** Channels of the maps, finest first. */
    List<Integer> channels() {
      List<Integer> out = new ArrayList<>();
      for (int i = depths.size() - MAPS; i < depths.size(); i++) {
        out.add(embed << i);
      }
      return out;
    }
  }

  private final int patch;
  private final Conv2d proj;
  private final LayerNorm norm;
  private final List<Stage> layers;
  private final List<LayerNorm> norms; // norm1, norm2, norm3 of the last three stages

  /**
   * @param p the cursor at {@code backbone.0}
   */
  Swin(Params p, Config c) {
    patch = c.patch();
    proj = new Conv2d(p.at("patch_embed.proj"), 3, c.embed(), c.patch(), c.patch(), 0);
    norm = new LayerNorm(p.at("patch_embed.norm"), c.embed(), EPS);
    Tensor index = TensorScope.keep(Windows.positionIndex(c.window()));
    int stages = c.depths().size();
    List<Stage> list = new ArrayList<>();
    for (int i = 0; i < stages; i++) {
      list.add(new Stage(p.at("layers").at(i), c, i, index));
    }
    layers = List.copyOf(list);
    List<LayerNorm> after = new ArrayList<>();
    for (int i = stages - MAPS; i < stages; i++) {
      after.add(new LayerNorm(p.at("norm" + i), (long) c.embed() << i, EPS));
    }
    norms = List.copyOf(after);
  }

  /**
   * @param pixels (b, 3, height, width), normalised
   * @param training whether blocks are dropped at random
   * @return the last three stages' maps (b, c, h, w), normed, of stride 8, 16 and 32
   */
  List<Tensor> forward(Tensor pixels, boolean training) {
    Tensor x = TensorScope.of(() -> embed(pixels)); // (b, h, w, c)
    List<Tensor> maps = new ArrayList<>();
    int first = layers.size() - MAPS;
    for (int i = 0; i < layers.size(); i++) {
      Stage stage = layers.get(i);
      Tensor out = stage.blocks(x, training);
      if (i >= first) {
        LayerNorm after = norms.get(i - first);
        maps.add(TensorScope.of(() -> after.forward(out).permute(0, 3, 1, 2).contiguous()));
      }
      x = stage.downsample == null ? out : TensorScope.of(() -> stage.downsample.forward(out));
    }
    return maps;
  }

  private Tensor embed(Tensor pixels) {
    return norm.forward(
        proj.forward(Windows.padImage(pixels, patch)).permute(0, 2, 3, 1).contiguous());
  }

  private static final class Stage {
    private final int window;
    private final List<Block> blocks;
    private final Merging downsample; // null in the last stage

    Stage(Params p, Config c, int stage, Tensor index) {
      window = c.window();
      int before = c.depths().subList(0, stage).stream().mapToInt(Integer::intValue).sum();
      int all = c.depths().stream().mapToInt(Integer::intValue).sum();
      List<Block> list = new ArrayList<>();
      for (int i = 0; i < c.depths().get(stage); i++) {
        double rate = c.dropPath() * (before + i) / (all - 1);
        long shift = i % 2 == 0 ? 0 : window / 2;
        list.add(new Block(p.at("blocks").at(i), c, stage, shift, rate, index));
      }
      blocks = List.copyOf(list);
      downsample =
          stage + 1 < c.depths().size()
              ? new Merging(p.at("downsample"), (long) c.embed() << stage)
              : null;
    }

    /** (b, h, w, c) -> (b, h, w, c). */
    Tensor blocks(Tensor x, boolean training) {
      Tensor shifted =
          blocks.size() < 2 || window < 2
              ? null
              : TensorScope.of(() -> Windows.shiftMask(x.size(1), x.size(2), window).type_as(x));
      Tensor y = x;
      for (Block block : blocks) {
        Tensor in = y;
        y = TensorScope.of(() -> block.forward(in, shifted, training));
      }
      return y;
    }
  }

  private static final class Block {
    private final int window;
    private final long shift;
    private final double dropPath;
    private final LayerNorm norm1;
    private final Attention attn;
    private final LayerNorm norm2;
    private final Linear fc1;
    private final Linear fc2;

    Block(Params p, Config c, int stage, long shift, double dropPath, Tensor index) {
      long d = (long) c.embed() << stage;
      window = c.window();
      this.shift = shift;
      this.dropPath = dropPath;
      norm1 = new LayerNorm(p.at("norm1"), d, EPS);
      attn = new Attention(p.at("attn"), c.window(), d, c.heads().get(stage), index);
      norm2 = new LayerNorm(p.at("norm2"), d, EPS);
      long hidden = (long) (c.mlpRatio() * d);
      fc1 = new Linear(p.at("mlp.fc1"), d, hidden);
      fc2 = new Linear(p.at("mlp.fc2"), hidden, d);
    }

    /** (b, h, w, c) -> (b, h, w, c). @param shifted (s, 1, t, t), used by every second block */
    Tensor forward(Tensor x, Tensor shifted, boolean training) {
      Tensor in = Windows.split(norm1.forward(x), window, shift); // (b, s, t, c)
      Tensor y = attn.forward(in, shift > 0 ? shifted : null);
      y = Windows.join(y, x.size(1), x.size(2), window, shift);
      Tensor z = x.add(F.dropPath(y, dropPath, training));
      y = fc2.forward(F.gelu(fc1.forward(norm2.forward(z))));
      return z.add(F.dropPath(y, dropPath, training));
    }
  }

  private static final class Attention {
    private final long heads;
    private final Tensor relative_position_bias_table; // ((2 window - 1)^2, heads)
    private final Tensor index; // (t, t)
    private final Linear qkv;
    private final Linear proj;

    Attention(Params p, int window, long d, long heads, Tensor index) {
      long span = 2L * window - 1;
      this.heads = heads;
      this.index = index;
      relative_position_bias_table = p.tensor("relative_position_bias_table", span * span, heads);
      p.alias("relative_position_index", index); // published, but determined by the window's size
      qkv = new Linear(p.at("qkv"), d, 3 * d);
      proj = new Linear(p.at("proj"), d, d);
    }

    /** (b, s, t, c) -> (b, s, t, c). @param mask additive, (s, 1, t, t), or null */
    Tensor forward(Tensor x, Tensor mask) {
      long t = x.size(2);
      long k = x.size(3) / heads;
      Tensor bias =
          relative_position_bias_table
              .index_select(0, index.view(-1))
              .view(t, t, heads)
              .permute(2, 0, 1); // (heads, t, t)
      if (mask != null) {
        bias = bias.add(mask); // (s, heads, t, t)
      }
      Tensor all = // (3, b, s, heads, t, k)
          qkv.forward(x).view(x.size(0), x.size(1), t, 3, heads, k).permute(3, 0, 1, 4, 2, 5);
      Tensor q = F.scale(all.select(0, 0), 1 / Math.sqrt(k));
      Tensor scores = torch.matmul(q, all.select(0, 1).transpose(-2, -1)).add(bias);
      Tensor y = torch.matmul(torch.softmax(scores, -1), all.select(0, 2));
      return proj.forward(y.transpose(2, 3).reshape(x.shape()));
    }
  }

  /** Joins each two by two neighbours into one token of twice the channels. */
  private static final class Merging {
    private final LayerNorm norm;
    private final Linear reduction;

    Merging(Params p, long d) {
      norm = new LayerNorm(p.at("norm"), 4 * d, EPS);
      reduction = Linear.noBias(p.at("reduction"), 4 * d, 2 * d);
    }

    /** (b, h, w, c) -> (b, (h + 1) / 2, (w + 1) / 2, 2 c). */
    Tensor forward(Tensor x) {
      return reduction.forward(norm.forward(Windows.mergePairs(x)));
    }
  }
}
