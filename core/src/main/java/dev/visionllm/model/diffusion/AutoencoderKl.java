package dev.visionllm.model.diffusion;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.GroupNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Pictures to latents and back (Rombach et al. 2022), under the names of diffusers' AutoencoderKL.
 * Shapes: b pictures of (h, w) pixels, values -1..1; f = 2^(levels - 1) pixels per latent; z latent
 * channels. Latents here are unscaled; the denoiser works on latents x {@link
 * Config#scalingFactor}.
 */
public final class AutoencoderKl {
  private static final double EPS = 1e-6; // fixed in diffusers' blocks of this network

  /**
   * Sizes of the network, in diffusers' config.json under the names in brackets.
   *
   * @param channels of each level, finest first [block_out_channels]
   * @param layers residual blocks of a level of the encoder; one more in the decoder
   *     [layers_per_block]
   * @param latentChannels z [latent_channels]
   * @param groups of every group norm [norm_num_groups]
   * @param scalingFactor makes the latents' deviation about 1 [scaling_factor]
   */
  public record Config(
      List<Integer> channels, int layers, int latentChannels, int groups, double scalingFactor) {
    /** Stable Diffusion 1.5, and InstructPix2Pix. */
    public static final Config SD_15 = new Config(List.of(128, 256, 512, 512), 2, 4, 32, 0.18215);

    /** Refuses sizes that do not fit together. */
    public Config {
      channels = List.copyOf(channels);
      if (channels.isEmpty() || layers < 1 || latentChannels < 1) {
        throw new IllegalArgumentException(
            "autoencoder: levels, layers and latent channels must be positive, are "
                + List.of(channels.size(), layers, latentChannels));
      }
      for (int c : channels) {
        if (c < 1 || groups < 1 || c % groups != 0) {
          throw new IllegalArgumentException(
              "autoencoder: " + c + " channels are not a multiple of " + groups + " groups");
        }
      }
      if (!(scalingFactor > 0)) {
        throw new IllegalArgumentException(
            "autoencoder: scaling factor is " + scalingFactor + ", should be above 0");
      }
    }

    /** Pixels per latent along a side, f. */
    public int pixelsPerLatent() {
      return 1 << channels.size() - 1;
    }

    private int widest() {
      return channels.get(channels.size() - 1);
    }
  }

  /**
   * What the encoder says about a picture: a normal distribution per latent.
   *
   * @param mean (b, z, h/f, w/f), also its mode
   * @param logVariance (b, z, h/f, w/f), within -30..20
   */
  public record Posterior(Tensor mean, Tensor logVariance) {
    /** A draw. @param noise standard normal, (b, z, h/f, w/f) */
    public Tensor sample(Tensor noise) {
      return mean.add(torch.exp(F.scale(logVariance, 0.5)).mul(noise));
    }
  }

  private final Config config;
  private final Encoder encoder;
  private final Decoder decoder;
  private final Conv2d quant_conv;
  private final Conv2d post_quant_conv;
  private final ScalarType dtype; // of the weights

  /**
   * @param p cursor at {@code sd.sd_vae} or {@code ip2p.sd_vae}
   */
  public AutoencoderKl(Params p, Config c) {
    config = c;
    int z = c.latentChannels();
    encoder = new Encoder(p.at("encoder"), c);
    decoder = new Decoder(p.at("decoder"), c);
    quant_conv = new Conv2d(p.at("quant_conv"), 2L * z, 2L * z, 1, 1, 0);
    post_quant_conv = new Conv2d(p.at("post_quant_conv"), z, z, 1, 1, 0);
    dtype = decoder.mid_block.attention.to_q.weight().scalar_type().intern();
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /** A tensor on the weights' device and in their number format. */
  Tensor like(Tensor x) {
    return x.to(decoder.mid_block.attention.to_q.weight());
  }

  /**
   * Encodes pictures.
   *
   * @param pixels (b, 3, h, w), -1..1, sides multiples of f
   */
  public Posterior encode(Tensor pixels) {
    int f = config.pixelsPerLatent();
    if (pixels.dim() != 4
        || pixels.size(1) != 3
        || pixels.size(2) % f != 0
        || pixels.size(3) % f != 0) {
      throw new IllegalArgumentException(
          "autoencoder: pixels are "
              + Arrays.toString(pixels.shape())
              + ", should be (b, 3, h, w) with sides that are multiples of "
              + f);
    }
    int z = config.latentChannels();
    List<Tensor> parts =
        TensorScope.all(
            () -> {
              Tensor moments = quant_conv.forward(encoder.forward(pixels.to(dtype)));
              return List.of(
                  F.slice(moments, 1, 0, z), F.clamp(F.slice(moments, 1, z, 2L * z), -30, 20));
            });
    return new Posterior(parts.get(0), parts.get(1));
  }

  /** (b, z, h/f, w/f) -> (b, 3, h, w), about -1..1, in the weights' number format. */
  public Tensor decode(Tensor latents) {
    if (latents.dim() != 4 || latents.size(1) != config.latentChannels()) {
      throw new IllegalArgumentException(
          "autoencoder: latents are "
              + Arrays.toString(latents.shape())
              + ", should be (b, "
              + config.latentChannels()
              + ", h, w)");
    }
    return TensorScope.of(() -> decoder.forward(post_quant_conv.forward(latents.to(dtype))));
  }

  /** Resize, pad or nothing between levels; both halves of the network keep blocks of this kind. */
  private static final class Level {
    private final List<ResnetBlock> resnets;
    private final Conv2d resampler; // null at the last level
    private final boolean up;

    Level(Params p, Config c, int in, int out, boolean up, boolean last) {
      this.up = up;
      resnets =
          p.at("resnets")
              .list(
                  up ? c.layers() + 1 : c.layers(),
                  q ->
                      new ResnetBlock(
                          q, q.path().endsWith(".0") ? in : out, out, 0, c.groups(), EPS));
      Params conv = p.at(up ? "upsamplers" : "downsamplers").at(0).at("conv");
      resampler = last ? null : new Conv2d(conv, out, out, 3, up ? 1 : 2, up ? 1 : 0);
    }

    Tensor forward(Tensor x) {
      Tensor y = x;
      for (ResnetBlock resnet : resnets) {
        Tensor in = y;
        y = TensorScope.of(() -> resnet.forward(in, null));
      }
      if (resampler == null) {
        return y;
      }
      return resampler.forward(
          up
              ? torch.upsample_nearest2d(y, 2 * y.size(2), 2 * y.size(3))
              : torch.constant_pad_nd(y, 0, 1, 0, 1)); // right and bottom only, as the reference
    }
  }

  /** (b, 3, h, w) -> (b, 2 z, h/f, w/f). */
  private static final class Encoder {
    private final Conv2d conv_in;
    private final List<Level> down_blocks;
    private final Middle mid_block;
    private final GroupNorm conv_norm_out;
    private final Conv2d conv_out;

    Encoder(Params p, Config c) {
      int last = c.channels().size() - 1;
      conv_in = new Conv2d(p.at("conv_in"), 3, c.channels().get(0), 3, 1, 1);
      down_blocks =
          IntStream.rangeClosed(0, last)
              .mapToObj(
                  i ->
                      new Level(
                          p.at("down_blocks").at(i),
                          c,
                          c.channels().get(Math.max(i - 1, 0)),
                          c.channels().get(i),
                          false,
                          i == last))
              .toList();
      mid_block = new Middle(p.at("mid_block"), c);
      conv_norm_out = new GroupNorm(p.at("conv_norm_out"), c.groups(), c.widest(), EPS);
      conv_out = new Conv2d(p.at("conv_out"), c.widest(), 2L * c.latentChannels(), 3, 1, 1);
    }

    Tensor forward(Tensor pixels) {
      Tensor x = conv_in.forward(pixels);
      for (Level level : down_blocks) {
        Tensor in = x;
        x = TensorScope.of(() -> level.forward(in));
      }
      Tensor last = x;
      Tensor y = TensorScope.of(() -> mid_block.forward(last));
      return conv_out.forward(F.silu(conv_norm_out.forward(y)));
    }
  }

  /** (b, z, h/f, w/f) -> (b, 3, h, w). */
  private static final class Decoder {
    private final Conv2d conv_in;
    private final Middle mid_block;
    private final List<Level> up_blocks;
    private final GroupNorm conv_norm_out;
    private final Conv2d conv_out;

    Decoder(Params p, Config c) {
      int last = c.channels().size() - 1;
      int finest = c.channels().get(0);
      conv_in = new Conv2d(p.at("conv_in"), c.latentChannels(), c.widest(), 3, 1, 1);
      mid_block = new Middle(p.at("mid_block"), c);
      up_blocks =
          IntStream.rangeClosed(0, last)
              .mapToObj(
                  i ->
                      new Level(
                          p.at("up_blocks").at(i),
                          c,
                          c.channels().get(Math.min(last - i + 1, last)),
                          c.channels().get(last - i),
                          true,
                          i == last))
              .toList();
      conv_norm_out = new GroupNorm(p.at("conv_norm_out"), c.groups(), finest, EPS);
      conv_out = new Conv2d(p.at("conv_out"), finest, 3, 3, 1, 1);
    }

    Tensor forward(Tensor latents) {
      Tensor first = TensorScope.of(() -> mid_block.forward(conv_in.forward(latents)));
      Tensor x =
          TensorScope.chain(
              first, up_blocks.stream().map(b -> (UnaryOperator<Tensor>) b::forward).toList());
      Tensor y = TensorScope.of(() -> F.silu(conv_norm_out.forward(x)));
      return conv_out.forward(y);
    }
  }

  /** Residual block, attention, residual block at the coarsest level. */
  private static final class Middle {
    private final List<ResnetBlock> resnets;
    private final Attention attention; // attentions.0

    Middle(Params p, Config c) {
      attention = new Attention(p.at("attentions").at(0), c.widest(), c.groups());
      resnets =
          p.at("resnets")
              .list(2, q -> new ResnetBlock(q, c.widest(), c.widest(), 0, c.groups(), EPS));
    }

    Tensor forward(Tensor x) {
      Tensor y = TensorScope.of(() -> resnets.get(0).forward(x, null));
      Tensor z = TensorScope.of(() -> attention.forward(y));
      return resnets.get(1).forward(z, null);
    }
  }

  /** One head over all positions of the map: (b, c, h, w) -> (b, c, h, w). */
  private static final class Attention {
    private final GroupNorm group_norm;
    private final Linear to_q;
    private final Linear to_k;
    private final Linear to_v;
    private final Linear to_out; // at index 0

    Attention(Params p, int c, int groups) {
      group_norm = new GroupNorm(p.at("group_norm"), groups, c, EPS);
      to_q = new Linear(p.at("to_q"), c, c);
      to_k = new Linear(p.at("to_k"), c, c);
      to_v = new Linear(p.at("to_v"), c, c);
      to_out = new Linear(p.at("to_out").at(0), c, c);
    }

    Tensor forward(Tensor x) {
      Tensor tokens = group_norm.forward(x).flatten(2, 3).transpose(1, 2); // (b, h w, c)
      Tensor q = F.splitHeads(to_q.forward(tokens), 1);
      Tensor k = F.splitHeads(to_k.forward(tokens), 1);
      Tensor v = F.splitHeads(to_v.forward(tokens), 1);
      Tensor y = to_out.forward(F.joinHeads(F.attention(q, k, v, null)));
      return x.add(y.transpose(1, 2).contiguous().view(x.shape()));
    }
  }
}
