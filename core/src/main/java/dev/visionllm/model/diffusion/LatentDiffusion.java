package dev.visionllm.model.diffusion;

import dev.visionllm.nn.Params;

/**
 * The four networks that make or edit pictures, under the names of the reference's
 * StableDiffusionWithLLMEmb and InstructPix2PixWithLLMEmb. Inference is {@link TextToImage} and
 * {@link InstructPix2Pix}; training calls the networks themselves.
 */
public final class LatentDiffusion {
  /** Sizes of the four networks, and the noise that the denoiser was trained on. */
  public record Config(
      ConditionMapper.Config mapper,
      TextEncoder.Config text,
      AutoencoderKl.Config vae,
      Unet.Config unet,
      NoiseLevels levels) {
    /** Image generation of the released model: Stable Diffusion 1.5. */
    public static final Config GENERATION =
        new Config(
            ConditionMapper.Config.V2_7B,
            TextEncoder.Config.SD_15,
            AutoencoderKl.Config.SD_15,
            Unet.Config.SD_15,
            NoiseLevels.SD_15);

    /** Image editing of the released model: InstructPix2Pix. */
    public static final Config EDITING =
        new Config(
            ConditionMapper.Config.V2_7B,
            TextEncoder.Config.SD_15,
            AutoencoderKl.Config.SD_15,
            Unet.Config.INSTRUCT_PIX2PIX,
            NoiseLevels.SD_15);

    /** Refuses networks that do not fit together. */
    public Config {
      same("condition channels of mapper and UNet", mapper.hidden(), unet.contextChannels());
      same("condition channels of text encoder and UNet", text.hidden(), unet.contextChannels());
      same("latent channels of autoencoder and UNet", vae.latentChannels(), unet.outChannels());
      int z = unet.outChannels();
      if (unet.inChannels() != z && unet.inChannels() != 2 * z) {
        throw new IllegalArgumentException(
            "diffusion: the UNet takes "
                + unet.inChannels()
                + " channels, should be "
                + z
                + " to generate or "
                + 2 * z
                + " to edit");
      }
      if (mapper.queries() > text.positions()) {
        throw new IllegalArgumentException(
            "diffusion: the mapper gives "
                + mapper.queries()
                + " tokens, the text encoder at most "
                + text.positions()
                + " for the unconditional half");
      }
    }

    private static void same(String what, int a, int b) {
      if (a != b) {
        throw new IllegalArgumentException(
            "diffusion: " + what + " are " + a + " and " + b + ", should be equal");
      }
    }

    /** Whether the denoiser also sees the latents of a picture to edit. */
    public boolean edits() {
      return unet.inChannels() == 2 * unet.outChannels();
    }
  }

  private final Config config;
  private final ConditionMapper mapper; // emb_proj, llm2sd_mapper_queries, llm2sd_mapper
  private final TextEncoder sd_text_encoder;
  private final AutoencoderKl sd_vae;
  private final Unet sd_unet;

  /**
   * @param p cursor at {@code sd} or {@code ip2p}
   */
  public LatentDiffusion(Params p, Config c) {
    config = c;
    mapper = new ConditionMapper(p, c.mapper());
    sd_text_encoder = new TextEncoder(p.at("sd_text_encoder").at("text_model"), c.text());
    sd_vae = new AutoencoderKl(p.at("sd_vae"), c.vae());
    sd_unet = new Unet(p.at("sd_unet"), c.unet());
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /** Super-link states to condition. */
  public ConditionMapper mapper() {
    return mapper;
  }

  /** Text to condition. */
  public TextEncoder textEncoder() {
    return sd_text_encoder;
  }

  /** Pictures to latents and back. */
  public AutoencoderKl vae() {
    return sd_vae;
  }

  /** The denoiser. */
  public Unet unet() {
    return sd_unet;
  }
}
