package dev.visionllm.vlm;

import dev.visionllm.model.diffusion.AutoencoderKl;
import dev.visionllm.model.diffusion.ConditionMapper;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.diffusion.NoiseLevels;
import dev.visionllm.model.diffusion.Schedule;
import dev.visionllm.model.diffusion.TextEncoder;
import dev.visionllm.model.diffusion.Unet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the configs of a Stable Diffusion folder as diffusers 0.28 and transformers write them, and
 * the reference's config of what stands before it. Settings that are not computed here are refused
 * by name.
 */
public final class DiffusersConfig {
  private DiffusersConfig() {}

  /**
   * Sizes of a model folder with unet/, vae/, text_encoder/ and scheduler/.
   *
   * @param mapper the reference's sd_config or ip2p_config
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException naming the file and the field
   */
  public static LatentDiffusion.Config read(Path folder, ConditionMapper.Config mapper)
      throws IOException {
    Path text = folder.resolve("text_encoder").resolve("config.json");
    Path vae = folder.resolve("vae").resolve("config.json");
    Path unet = folder.resolve("unet").resolve("config.json");
    Path scheduler = folder.resolve("scheduler").resolve("scheduler_config.json");
    return new LatentDiffusion.Config(
        mapper,
        text(parse(text), text.toString()),
        vae(parse(vae), vae.toString()),
        unet(parse(unet), unet.toString()),
        levels(parse(scheduler), scheduler.toString()));
  }

  /** Side of the latents that the UNet was trained on. */
  public static int sampleSize(Path folder) throws IOException {
    Path file = folder.resolve("unet").resolve("config.json");
    return new Fields(parse(file), file.toString()).integer("sample_size", 64);
  }

  /** The schedule that a model folder names as its own. */
  public static Schedule schedule(Path folder) throws IOException {
    Path file = folder.resolve("scheduler").resolve("scheduler_config.json");
    return schedule(parse(file), file.toString());
  }

  /** The reference's StableDiffusionWithLLMEmbConfig or InstructPix2PixWithLLMEmbConfig. */
  public static ConditionMapper.Config mapper(JsonNode json, String where) {
    Fields f = new Fields(json, where);
    f.knows("sd_model_id", "trigger_token", "trigger_token_id", "embed_tokens", "is_composition");
    f.knows("cfg_drop_rate", "cfg_scale"); // training; not used by the reference
    ConditionMapper.Config c =
        new ConditionMapper.Config(
            f.integer("num_embed_tokens", 64),
            f.integer("llm_hidden_size", 4096),
            f.integer("sd_hidden_size", 768),
            f.integer("num_queries", 77),
            f.integer("num_encoder_layers", 1),
            f.integer("num_decoder_layers", 1));
    f.done();
    return c;
  }

  /** Transformers' CLIPTextConfig. */
  public static TextEncoder.Config text(JsonNode json, String where) {
    Fields f = new Fields(json, where);
    f.only("hidden_act", "quick_gelu");
    TextEncoder.Config c =
        new TextEncoder.Config(
            f.integer("vocab_size", 49408),
            f.integer("hidden_size", 512),
            f.integer("intermediate_size", 2048),
            f.integer("num_hidden_layers", 12),
            f.integer("num_attention_heads", 8),
            f.integer("max_position_embeddings", 77),
            f.number("layer_norm_eps", 1e-5));
    f.done();
    return c;
  }

  /** Diffusers' AutoencoderKL. */
  public static AutoencoderKl.Config vae(JsonNode json, String where) {
    Fields f = new Fields(json, where);
    f.knows("_class_name", "_diffusers_version", "sample_size", "force_upcast");
    f.only("act_fn", "silu").only("in_channels", 3).only("out_channels", 3);
    f.only("use_quant_conv", true).only("use_post_quant_conv", true);
    f.only("mid_block_add_attention", true);
    f.absent("latents_mean", "latents_std", "shift_factor");
    List<Integer> channels = f.integers("block_out_channels", List.of(64));
    blocks(f, "down_block_types", "DownEncoderBlock2D", null, channels.size(), where);
    blocks(f, "up_block_types", "UpDecoderBlock2D", null, channels.size(), where);
    AutoencoderKl.Config c =
        new AutoencoderKl.Config(
            channels,
            f.integer("layers_per_block", 1),
            f.integer("latent_channels", 4),
            f.integer("norm_num_groups", 32),
            f.number("scaling_factor", 0.18215));
    f.done();
    return c;
  }

  /** Diffusers' UNet2DConditionModel. */
  public static Unet.Config unet(JsonNode json, String where) {
    Fields f = new Fields(json, where);
    f.knows("_class_name", "_diffusers_version", "sample_size");
    f.only("act_fn", "silu").only("center_input_sample", false).only("downsample_padding", 1);
    f.only("mid_block_type", "UNetMidBlock2DCrossAttn");
    f.only("use_linear_projection", false).only("only_cross_attention", false);
    f.only("dual_cross_attention", false).only("upcast_attention", false);
    f.only("resnet_time_scale_shift", "default").only("time_embedding_type", "positional");
    f.only("conv_in_kernel", 3).only("conv_out_kernel", 3).only("class_embeddings_concat", false);
    f.only("transformer_layers_per_block", 1).only("resnet_skip_time_act", false);
    f.only("cross_attention_norm", "none").only("attention_type", "default");
    f.knows("dropout", "addition_embed_type_num_heads"); // of training, of what is refused below
    one(f, where, "mid_block_scale_factor");
    one(f, where, "resnet_out_scale_factor");
    f.absent("addition_embed_type", "addition_time_embed_dim", "class_embed_type");
    f.absent("encoder_hid_dim", "encoder_hid_dim_type", "mid_block_only_cross_attention");
    f.absent("num_attention_heads", "num_class_embeds", "projection_class_embeddings_input_dim");
    f.absent("time_cond_proj_dim", "time_embedding_act_fn", "time_embedding_dim");
    f.absent("timestep_post_act", "reverse_transformer_layers_per_block");
    List<Integer> channels = f.integers("block_out_channels", List.of(320, 640, 1280, 1280));
    int n = channels.size();
    Unet.Config c =
        new Unet.Config(
            f.integer("in_channels", 4),
            f.integer("out_channels", 4),
            channels,
            blocks(f, "down_block_types", "DownBlock2D", "CrossAttnDownBlock2D", n, where),
            blocks(f, "up_block_types", "UpBlock2D", "CrossAttnUpBlock2D", n, where),
            f.integer("layers_per_block", 2),
            f.integer("attention_head_dim", 8),
            f.integer("cross_attention_dim", 1280),
            f.integer("norm_num_groups", 32),
            f.number("norm_eps", 1e-5),
            f.flag("flip_sin_to_cos", true),
            f.integer("freq_shift", 0));
    f.done();
    return c;
  }

  /** The noise levels of any of diffusers' schedulers that {@link Schedule} knows. */
  public static NoiseLevels levels(JsonNode json, String where) {
    Schedule own = schedule(json, where);
    Fields f = new Fields(json, where);
    f.knows("_class_name", "_diffusers_version", "_use_default_values");
    f.only("skip_prk_steps", true).only("clip_sample", false);
    f.only("rescale_betas_zero_snr", false).only("thresholding", false);
    f.only("use_karras_sigmas", false).only("variance_type", "fixed_small");
    f.only("algorithm_type", "dpmsolver++").only("solver_order", 2);
    f.only("solver_type", "midpoint").only("final_sigmas_type", "zero");
    f.only("euler_at_final", false).only("use_lu_lambdas", false).only("lower_order_final", true);
    f.only("interpolation_type", "linear").only("timestep_type", "discrete");
    f.knows("clip_sample_range", "sample_max_value", "dynamic_thresholding_ratio");
    f.knows("sigma_min", "sigma_max", "lambda_min_clipped");
    f.absent("trained_betas");
    f.only(
        "timestep_spacing",
        switch (own) {
          case PNDM, DDIM, DDPM -> "leading";
          case EULER, EULER_ANCESTRAL, DPM_SOLVER -> "linspace";
        });
    NoiseLevels levels =
        new NoiseLevels(
            f.integer("num_train_timesteps", 1000),
            f.number("beta_start", 0.0001),
            f.number("beta_end", 0.02),
            f.either("beta_schedule", "linear", "scaled_linear").equals("linear")
                ? NoiseLevels.Shape.LINEAR
                : NoiseLevels.Shape.SCALED_LINEAR,
            f.integer("steps_offset", 0),
            f.flag("set_alpha_to_one", own == Schedule.DDIM),
            f.either("prediction_type", "epsilon", "v_prediction").equals("v_prediction"));
    f.done();
    return levels;
  }

  /** The schedule that diffusers' class name stands for; PNDM where there is none. */
  public static Schedule schedule(JsonNode json, String where) {
    String name = new Fields(json, where).text("_class_name", "PNDMScheduler");
    return switch (name) {
      case "PNDMScheduler" -> Schedule.PNDM;
      case "DDIMScheduler" -> Schedule.DDIM;
      case "DDPMScheduler" -> Schedule.DDPM;
      case "EulerDiscreteScheduler" -> Schedule.EULER;
      case "EulerAncestralDiscreteScheduler" -> Schedule.EULER_ANCESTRAL;
      case "DPMSolverMultistepScheduler" -> Schedule.DPM_SOLVER;
      default ->
          throw new IllegalArgumentException(
              where
                  + ": field \"_class_name\" is \""
                  + name
                  + "\", which is none of the schedulers PNDM, DDIM, DDPM, EulerDiscrete,"
                  + " EulerAncestralDiscrete and DPMSolverMultistep");
    };
  }

  /** For each level whether its block is of the second type. @param cross null if there is none */
  private static List<Boolean> blocks(
      Fields f, String name, String plain, String cross, int levels, String where) {
    List<String> types = f.texts(name);
    List<Boolean> out = new ArrayList<>();
    for (String type : types) {
      if (!type.equals(plain) && !type.equals(cross)) {
        throw new IllegalArgumentException(
            where
                + ": field \""
                + name
                + "\" names "
                + type
                + ", should be "
                + (cross == null ? plain : plain + " or " + cross));
      }
      out.add(type.equals(cross));
    }
    if (out.size() != levels) {
      throw new IllegalArgumentException(
          where
              + ": field \""
              + name
              + "\" has "
              + out.size()
              + " entries, should have "
              + levels
              + " as block_out_channels");
    }
    return out;
  }

  /** A factor that may be written as 1 or 1.0. */
  private static void one(Fields f, String where, String name) {
    double factor = f.number(name, 1.0);
    if (factor != 1) {
      throw new IllegalArgumentException(
          where
              + ": field \""
              + name
              + "\" is "
              + factor
              + ", should be 1, the only value that this version computes");
    }
  }

  private static JsonNode parse(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          "there is no file " + file + ": a Stable Diffusion folder has it");
    }
    try {
      return JsonMapper.builder().build().readTree(Files.readString(file));
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          file + " is not JSON: " + e.getOriginalMessage().lines().findFirst().orElse(""), e);
    }
  }
}
