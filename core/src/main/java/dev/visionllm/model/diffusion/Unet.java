package dev.visionllm.model.diffusion;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.GroupNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The denoiser of Stable Diffusion 1.5 (Rombach et al. 2022), under the names of diffusers'
 * UNet2DConditionModel. Shapes: b pictures, (h, w) latent map, n tokens of the condition, k
 * channels of the condition, d time embedding = 4 x first level's channels.
 */
public final class Unet {
  /**
   * Sizes of the network, in diffusers' config.json under the names in brackets.
   *
   * @param inChannels of the latents, with image latents appended when editing [in_channels]
   * @param outChannels of the predicted noise [out_channels]
   * @param channels of each level, finest first [block_out_channels]
   * @param crossDown which levels attend on the way down [down_block_types]
   * @param crossUp which levels attend on the way up, coarsest first [up_block_types]
   * @param layers residual blocks of a level on the way down; one more on the way up
   *     [layers_per_block]
   * @param heads attention heads [attention_head_dim, which diffusers names wrongly]
   * @param contextChannels k [cross_attention_dim]
   * @param groups of every group norm [norm_num_groups]
   * @param eps of the residual blocks' norms [norm_eps]
   * @param cosineFirst order of the time's sines and cosines [flip_sin_to_cos]
   * @param frequencyShift of the time's frequencies [freq_shift]
   */
  public record Config(
      int inChannels,
      int outChannels,
      List<Integer> channels,
      List<Boolean> crossDown,
      List<Boolean> crossUp,
      int layers,
      int heads,
      int contextChannels,
      int groups,
      double eps,
      boolean cosineFirst,
      int frequencyShift) {
    /** Stable Diffusion 1.5. */
    public static final Config SD_15 = sd(4);

    /** InstructPix2Pix: the same with the edited picture's latents as four more channels. */
    public static final Config INSTRUCT_PIX2PIX = sd(8);

    /** Refuses sizes that do not fit together. */
    public Config {
      channels = List.copyOf(channels);
      crossDown = List.copyOf(crossDown);
      crossUp = List.copyOf(crossUp);
      if (channels.isEmpty()
          || crossDown.size() != channels.size()
          || crossUp.size() != channels.size()) {
        throw new IllegalArgumentException(
            "UNet: "
                + channels.size()
                + " levels of channels, "
                + crossDown.size()
                + " blocks down and "
                + crossUp.size()
                + " blocks up; should be the same number, at least 1");
      }
      if (inChannels < 1 || outChannels < 1 || layers < 1 || heads < 1 || contextChannels < 1) {
        throw new IllegalArgumentException(
            "UNet: in and out channels, layers, heads and context channels must be positive, are "
                + List.of(inChannels, outChannels, layers, heads, contextChannels));
      }
      for (int c : channels) {
        if (c < 1 || groups < 1 || c % groups != 0 || c % heads != 0 || c % 2 != 0) {
          throw new IllegalArgumentException(
              "UNet: "
                  + c
                  + " channels are not an even multiple of "
                  + groups
                  + " groups and of "
                  + heads
                  + " heads");
        }
      }
      if (!(eps > 0) || frequencyShift < 0 || frequencyShift > 1) {
        throw new IllegalArgumentException(
            "UNet: eps is "
                + eps
                + ", should be above 0; frequency shift is "
                + frequencyShift
                + ", should be 0 or 1");
      }
    }

    private static Config sd(int in) {
      return new Config(
          in,
          4,
          List.of(320, 640, 1280, 1280),
          List.of(true, true, true, false),
          List.of(false, true, true, true),
          2,
          8,
          768,
          32,
          1e-5,
          true,
          0);
    }

    int time() {
      return 4 * channels.get(0);
    }
  }

  private final Config config;
  final Conv2d conv_in;
  private final Linear linear_1; // time_embedding.linear_1
  private final Linear linear_2; // time_embedding.linear_2
  final List<Down> down_blocks;
  final Middle mid_block;
  final List<Up> up_blocks;
  private final GroupNorm conv_norm_out;
  private final Conv2d conv_out;
  private final ScalarType dtype; // of the weights

  /**
   * @param p cursor at {@code sd.sd_unet} or {@code ip2p.sd_unet}
   */
  public Unet(Params p, Config c) {
    config = c;
    int first = c.channels().get(0);
    conv_in = new Conv2d(p.at("conv_in"), c.inChannels(), first, 3, 1, 1);
    linear_1 = new Linear(p.at("time_embedding").at("linear_1"), first, c.time());
    linear_2 = new Linear(p.at("time_embedding").at("linear_2"), c.time(), c.time());
    down_blocks = p.at("down_blocks").list(c.channels().size(), q -> new Down(q, c));
    mid_block = new Middle(p.at("mid_block"), c);
    up_blocks = p.at("up_blocks").list(c.channels().size(), q -> new Up(q, c));
    conv_norm_out = new GroupNorm(p.at("conv_norm_out"), c.groups(), first, c.eps());
    conv_out = new Conv2d(p.at("conv_out"), first, c.outChannels(), 3, 1, 1);
    dtype = linear_1.weight().scalar_type().intern();
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /**
   * Predicts the noise in latents, or their velocity.
   *
   * @param latents (b, in, h, w); converted to the weights' number format
   * @param times (b), time steps, whole or between two
   * @param context the condition, (b, n, k)
   * @return (b, out, h, w) in the weights' number format
   */
  public Tensor forward(Tensor latents, Tensor times, Tensor context) {
    check(latents, times, context);
    Tensor condition = context.to(dtype);
    Tensor time = TensorScope.of(() -> timeEmbedding(times)); // (b, d)
    Deque<Tensor> skips = new ArrayDeque<>();
    Tensor x = TensorScope.of(() -> conv_in.forward(latents.to(dtype)));
    skips.push(x);
    for (Down block : down_blocks) {
      x = block.forward(x, time, condition, skips);
    }
    x = mid_block.forward(x, time, condition);
    for (Up block : up_blocks) {
      x = block.forward(x, time, condition, skips);
    }
    Tensor last = x;
    return TensorScope.of(() -> conv_out.forward(F.silu(conv_norm_out.forward(last))));
  }

  /** Sines and cosines of the times in fp32: (b) -> (b, first level's channels). */
  Tensor timeFrequencies(Tensor times) {
    int half = config.channels().get(0) / 2;
    float[] rates = new float[half];
    for (int i = 0; i < half; i++) {
      rates[i] = (float) Math.exp(-Math.log(10_000) * i / (half - config.frequencyShift()));
    }
    Tensor rate = Tensors.of(rates, 1, half).to(times.device(), ScalarType.Float);
    Tensor angle = times.to(ScalarType.Float).unsqueeze(1).mul(rate);
    Tensor sin = torch.sin(angle);
    Tensor cos = torch.cos(angle);
    return config.cosineFirst() ? F.cat(1, cos, sin) : F.cat(1, sin, cos);
  }

  /** (b) -> (b, d). */
  Tensor timeEmbedding(Tensor times) {
    return linear_2.forward(torch.silu(linear_1.forward(timeFrequencies(times).to(dtype))));
  }

  private void check(Tensor latents, Tensor times, Tensor context) {
    boolean fits =
        latents.dim() == 4
            && latents.size(1) == config.inChannels()
            && times.dim() == 1
            && times.size(0) == latents.size(0)
            && context.dim() == 3
            && context.size(0) == latents.size(0)
            && context.size(2) == config.contextChannels();
    if (!fits) {
      throw new IllegalArgumentException(
          "UNet: latents, times and context are "
              + Arrays.toString(latents.shape())
              + ", "
              + Arrays.toString(times.shape())
              + ", "
              + Arrays.toString(context.shape())
              + ", should be (b, "
              + config.inChannels()
              + ", h, w), (b), (b, n, "
              + config.contextChannels()
              + ")");
    }
  }

  // A level's parts are listed by index; that index is the last part of the cursor's path.
  private static int index(Params p) {
    return Integer.parseInt(p.path().substring(p.path().lastIndexOf('.') + 1));
  }

  /** One level on the way down: CrossAttnDownBlock2D or DownBlock2D. */
  static final class Down {
    private final List<ResnetBlock> resnets;
    private final List<SpatialTransformer> attentions; // one per residual block, or none
    private final Conv2d downsampler; // downsamplers.0.conv, null at the coarsest level

    Down(Params p, Config c) {
      int level = index(p);
      int out = c.channels().get(level);
      int in = c.channels().get(Math.max(level - 1, 0));
      attentions =
          p.at("attentions")
              .list(
                  c.crossDown().get(level) ? c.layers() : 0,
                  q -> new SpatialTransformer(q, out, c));
      resnets =
          p.at("resnets")
              .list(
                  c.layers(),
                  q ->
                      new ResnetBlock(
                          q, index(q) == 0 ? in : out, out, c.time(), c.groups(), c.eps()));
      downsampler =
          level == c.channels().size() - 1
              ? null
              : new Conv2d(p.at("downsamplers").at(0).at("conv"), out, out, 3, 2, 1);
    }

    /** (b, in, h, w) -> (b, out, h/2, w/2); every intermediate result is pushed on skips. */
    Tensor forward(Tensor x, Tensor time, Tensor context, Deque<Tensor> skips) {
      Tensor y = x;
      for (int i = 0; i < resnets.size(); i++) {
        y = step(resnets.get(i), attentions.isEmpty() ? null : attentions.get(i), y, time, context);
        skips.push(y);
      }
      if (downsampler != null) {
        y = downsampler.forward(y);
        skips.push(y);
      }
      return y;
    }
  }

  /** UNetMidBlock2DCrossAttn: residual block, attention, residual block. */
  static final class Middle {
    private final List<SpatialTransformer> attentions;
    private final List<ResnetBlock> resnets;

    Middle(Params p, Config c) {
      int width = c.channels().get(c.channels().size() - 1);
      attentions = p.at("attentions").list(1, q -> new SpatialTransformer(q, width, c));
      resnets =
          p.at("resnets")
              .list(2, q -> new ResnetBlock(q, width, width, c.time(), c.groups(), c.eps()));
    }

    Tensor forward(Tensor x, Tensor time, Tensor context) {
      Tensor y = step(resnets.get(0), attentions.get(0), x, time, context);
      return step(resnets.get(1), null, y, time, context);
    }
  }

  /** One level on the way up: CrossAttnUpBlock2D or UpBlock2D. */
  static final class Up {
    private final List<ResnetBlock> resnets;
    private final List<SpatialTransformer> attentions; // one per residual block, or none
    private final Conv2d upsampler; // upsamplers.0.conv, null at the finest level

    Up(Params p, Config c) {
      int at = index(p);
      int levels = c.channels().size();
      int out = c.channels().get(levels - 1 - at);
      attentions =
          p.at("attentions")
              .list(
                  c.crossUp().get(at) ? c.layers() + 1 : 0, q -> new SpatialTransformer(q, out, c));
      resnets =
          p.at("resnets")
              .list(
                  c.layers() + 1,
                  q -> new ResnetBlock(q, in(c, at, index(q)), out, c.time(), c.groups(), c.eps()));
      upsampler =
          at == levels - 1
              ? null
              : new Conv2d(p.at("upsamplers").at(0).at("conv"), out, out, 3, 1, 1);
    }

    /** Channels that come from below plus those of the skip that belongs to the block. */
    private static int in(Config c, int at, int block) {
      List<Integer> widths = new ArrayList<>(c.channels());
      Collections.reverse(widths);
      int below = widths.get(block == 0 ? Math.max(at - 1, 0) : at);
      int skip = widths.get(block < c.layers() ? at : Math.min(at + 1, widths.size() - 1));
      return below + skip;
    }

    /** (b, in, h, w) -> (b, out, size of the next level's skips); takes its skips. */
    Tensor forward(Tensor x, Tensor time, Tensor context, Deque<Tensor> skips) {
      Tensor y = x;
      for (int i = 0; i < resnets.size(); i++) {
        ResnetBlock resnet = resnets.get(i);
        SpatialTransformer attention = attentions.isEmpty() ? null : attentions.get(i);
        Tensor below = y;
        Tensor skip = skips.pop();
        y = TensorScope.of(() -> step(resnet, attention, F.cat(1, below, skip), time, context));
      }
      if (upsampler == null) {
        return y;
      }
      Tensor last = y;
      Tensor finer = skips.peek(); // an odd side was rounded up on the way down
      return TensorScope.of(
          () -> upsampler.forward(torch.upsample_nearest2d(last, finer.size(2), finer.size(3))));
    }
  }

  private static Tensor step(
      ResnetBlock resnet, SpatialTransformer attention, Tensor x, Tensor time, Tensor context) {
    return TensorScope.of(
        () -> {
          Tensor y = resnet.forward(x, time);
          return attention == null ? y : attention.forward(y, context);
        });
  }
}
