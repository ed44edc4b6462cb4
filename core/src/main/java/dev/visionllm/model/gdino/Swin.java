package dev.visionllm.model.gdino;

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
 * The Swin transformer as a backbone of feature maps (Liu et al. 2021), with the parameter names of
 * Hugging Face's SwinBackbone. Windows keep their size on every map; maps are padded to whole
 * windows at the bottom and right.
 *
 * <p>Shapes: b images; h, w rows and columns of a map; c channels; s = windows a map; t = window^2
 * tokens of a window; k channels of a head.
 */
public final class Swin {
  /**
   * @param patch pixels a side of a patch
   * @param embed channels of the first stage; each stage doubles them
   * @param depths blocks of each stage
   * @param heads attention heads of each stage
   * @param window tokens a side of a window
   * @param mlpRatio hidden size of a block's MLP over its channels
   * @param eps of the blocks' layer norms
   * @param dropPath rate of the last block in training; earlier blocks' rates rise to it from 0
   */
  public record Config(
      int patch,
      int embed,
      List<Integer> depths,
      List<Integer> heads,
      int window,
      double mlpRatio,
      double eps,
      double dropPath) {
    /** Swin-T, the release's backbone. */
    public static final Config TINY =
        new Config(4, 96, List.of(2, 2, 6, 2), List.of(3, 6, 12, 24), 7, 4, 1e-5, 0.1);

    /** Checks that stages fit together. */
    public Config {
      depths = List.copyOf(depths);
      heads = List.copyOf(heads);
      if (depths.size() != heads.size() || depths.size() < 3) {
        throw new IllegalArgumentException(
            "Swin needs depths and heads of the same three or more stages, not "
                + depths
                + " and "
                + heads);
      }
      for (int i = 0; i < heads.size(); i++) {
        if (heads.get(i) < 1 || (embed << i) % heads.get(i) != 0) {
          throw new IllegalArgumentException(
              "Swin stage "
                  + (i + 1)
                  + " has "
                  + (embed << i)
                  + " channels, not a multiple of its "
                  + heads.get(i)
                  + " heads");
        }
      }
      if (patch < 1 || window < 1 || dropPath < 0 || dropPath >= 1) {
        throw new IllegalArgumentException(
            "Swin needs patch and window >= 1 and drop path in [0, 1), not "
                + patch
                + ", "
                + window
                + ", "
                + dropPath);
      }
    }

    /** Channels of a stage, counted from 0. */
    public int channels(int stage) {
      return embed << stage;
    }
  }

  private final Config c;
  private final int first;
  private final Conv2d projection;
  private final LayerNorm norm;
  private final List<Stage> layers;
  private final List<LayerNorm> hidden_states_norms;

  /**
   * @param first the first stage, counted from 0, whose map is wanted: earlier ones have no norm
   */
  Swin(Params p, Config c, int first) {
    this.c = c;
    this.first = first;
    Params e = p.at("embeddings");
    projection =
        new Conv2d(e.at("patch_embeddings.projection"), 3, c.embed(), c.patch(), c.patch(), 0);
    norm = new LayerNorm(e.at("norm"), c.embed(), 1e-5);
    Tensor index = TensorScope.keep(Windows.positionIndex(c.window()));
    List<Stage> stages = new ArrayList<>();
    for (int i = 0; i < c.depths().size(); i++) {
      stages.add(new Stage(p.at("encoder.layers").at(i), c, i, index));
    }
    layers = List.copyOf(stages);
    List<LayerNorm> norms = new ArrayList<>();
    for (int i = first; i < c.depths().size(); i++) {
      norms.add(
          new LayerNorm(p.at("hidden_states_norms").at("stage" + (i + 1)), c.channels(i), 1e-5));
    }
    hidden_states_norms = List.copyOf(norms);
  }

  /**
   * @param pixels (b, 3, height, width), normalised
   * @param training whether blocks are dropped at random
   * @return one map (b, c, h, w) for each stage from the first wanted one, normed
   */
  List<Tensor> forward(Tensor pixels, boolean training) {
    Tensor x = TensorScope.of(() -> embed(pixels)); // (b, h, w, c)
    List<Tensor> maps = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      Stage stage = layers.get(i);
      Tensor in = x;
      Tensor out = stage.blocks(in, training);
      if (i >= first) {
        LayerNorm n = hidden_states_norms.get(i - first);
        maps.add(TensorScope.of(() -> n.forward(out).permute(0, 3, 1, 2).contiguous()));
      }
      x = i + 1 < layers.size() ? TensorScope.of(() -> stage.downsample.forward(out)) : out;
    }
    return maps;
  }

  private Tensor embed(Tensor pixels) {
    Tensor x = Windows.padImage(pixels, c.patch());
    return norm.forward(projection.forward(x).permute(0, 2, 3, 1).contiguous());
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
        double rate = all == 1 ? 0 : c.dropPath() * (before + i) / (all - 1);
        list.add(
            new Block(
                p.at("blocks").at(i), c, stage, i % 2 == 0 ? 0 : c.window() / 2, rate, index));
      }
      blocks = List.copyOf(list);
      downsample =
          stage + 1 < c.depths().size() ? new Merging(p.at("downsample"), c.channels(stage)) : null;
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
    private final LayerNorm layernorm_before;
    private final Attention attention;
    private final LayerNorm layernorm_after;
    private final Linear intermediate;
    private final Linear output;

    Block(Params p, Config c, int stage, long shift, double dropPath, Tensor index) {
      int d = c.channels(stage);
      window = c.window();
      this.shift = shift;
      this.dropPath = dropPath;
      layernorm_before = new LayerNorm(p.at("layernorm_before"), d, c.eps());
      attention = new Attention(p.at("attention"), c, d, c.heads().get(stage), index);
      layernorm_after = new LayerNorm(p.at("layernorm_after"), d, c.eps());
      int mlp = (int) (c.mlpRatio() * d);
      intermediate = new Linear(p.at("intermediate.dense"), d, mlp);
      output = new Linear(p.at("output.dense"), mlp, d);
    }

    /** (b, h, w, c) -> (b, h, w, c). @param shifted (s, 1, t, t), used by every second block */
    Tensor forward(Tensor x, Tensor shifted, boolean training) {
      Tensor in = Windows.split(layernorm_before.forward(x), window, shift); // (b, s, t, c)
      Tensor y = attention.forward(in, shift > 0 ? shifted : null);
      y = Windows.join(y, x.size(1), x.size(2), window, shift);
      Tensor z = x.add(F.dropPath(y, dropPath, training));
      return z.add(output.forward(F.gelu(intermediate.forward(layernorm_after.forward(z)))));
    }
  }

  private static final class Attention {
    private final long heads;
    private final Tensor relative_position_bias_table; // ((2 window - 1)^2, heads)
    private final Tensor index; // (t * t)
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear output;

    Attention(Params p, Config c, int d, int heads, Tensor index) {
      Params s = p.at("self");
      int span = 2 * c.window() - 1;
      this.heads = heads;
      this.index = index;
      relative_position_bias_table =
          s.tensor("relative_position_bias_table", (long) span * span, heads);
      s.alias("relative_position_index", index); // published, but determined by the window's size
      query = new Linear(s.at("query"), d, d);
      key = new Linear(s.at("key"), d, d);
      value = new Linear(s.at("value"), d, d);
      output = new Linear(p.at("output.dense"), d, d);
    }

    /** (b, s, t, c) -> (b, s, t, c). @param mask additive, (s, 1, t, t), or null */
    Tensor forward(Tensor x, Tensor mask) {
      long t = x.size(2);
      Tensor bias =
          relative_position_bias_table
              .index_select(0, index.view(-1))
              .view(t, t, heads)
              .permute(2, 0, 1); // (heads, t, t)
      if (mask != null) {
        bias = bias.add(mask); // (s, heads, t, t)
      }
      Tensor q = split(F.scale(query.forward(x), 1 / Math.sqrt((double) x.size(3) / heads)));
      Tensor scores = torch.matmul(q, split(key.forward(x)).transpose(-2, -1)).add(bias);
      Tensor y = torch.matmul(torch.softmax(scores, -1), split(value.forward(x)));
      return output.forward(y.transpose(2, 3).reshape(x.shape()));
    }

    /** (b, s, t, c) -> (b, s, heads, t, k). */
    private Tensor split(Tensor x) {
      return x.view(x.size(0), x.size(1), x.size(2), heads, x.size(3) / heads).transpose(2, 3);
    }
  }

  /** Joins each two by two neighbours into one token of twice the channels. */
  private static final class Merging {
    private final LayerNorm norm;
    private final Linear reduction;

    Merging(Params p, int d) {
      norm = new LayerNorm(p.at("norm"), 4L * d, 1e-5);
      reduction = Linear.noBias(p.at("reduction"), 4L * d, 2L * d);
    }

    /** (b, h, w, c) -> (b, (h + 1) / 2, (w + 1) / 2, 2 c). */
    Tensor forward(Tensor x) {
      return reduction.forward(norm.forward(Windows.mergePairs(x)));
    }
  }
}
