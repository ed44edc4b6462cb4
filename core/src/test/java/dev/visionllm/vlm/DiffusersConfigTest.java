package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.model.diffusion.ConditionMapper;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.diffusion.Schedule;
import dev.visionllm.model.diffusion.Unet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The published configs of Stable Diffusion 1.5 give the presets; other structures are refused. */
class DiffusersConfigTest {
  private static final String UNET =
      """
      {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0", "act_fn": "silu",
       "attention_head_dim": 8, "block_out_channels": [320, 640, 1280, 1280],
       "center_input_sample": false, "cross_attention_dim": 768,
       "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
         "CrossAttnDownBlock2D", "DownBlock2D"], "downsample_padding": 1,
       "flip_sin_to_cos": true, "freq_shift": 0, "in_channels": 4, "layers_per_block": 2,
       "mid_block_scale_factor": 1, "norm_eps": 1e-05, "norm_num_groups": 32, "out_channels": 4,
       "sample_size": 64, "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D",
         "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]}
      """;
  private static final String VAE =
      """
      {"_class_name": "AutoencoderKL", "_diffusers_version": "0.6.0", "act_fn": "silu",
       "block_out_channels": [128, 256, 512, 512], "down_block_types": ["DownEncoderBlock2D",
         "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"], "in_channels": 3,
       "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 32, "out_channels": 3,
       "sample_size": 512, "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D",
         "UpDecoderBlock2D", "UpDecoderBlock2D"]}
      """;
  private static final String TEXT =
      """
      {"architectures": ["CLIPTextModel"], "attention_dropout": 0.0, "bos_token_id": 0,
       "dropout": 0.0, "eos_token_id": 2, "hidden_act": "quick_gelu", "hidden_size": 768,
       "initializer_factor": 1.0, "initializer_range": 0.02, "intermediate_size": 3072,
       "layer_norm_eps": 1e-05, "max_position_embeddings": 77, "model_type": "clip_text_model",
       "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 1,
       "projection_dim": 768, "torch_dtype": "float32", "vocab_size": 49408}
      """;
  private static final String SCHEDULER =
      """
      {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012,
       "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
       "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1,
       "trained_betas": null, "clip_sample": false}
      """;

  @Test
  void aPublishedFolderGivesThePresets(@TempDir Path dir) throws IOException {
    write(dir.resolve("unet/config.json"), UNET);
    write(dir.resolve("vae/config.json"), VAE);
    write(dir.resolve("text_encoder/config.json"), TEXT);
    write(dir.resolve("scheduler/scheduler_config.json"), SCHEDULER);
    assertThat(DiffusersConfig.read(dir, ConditionMapper.Config.V2_7B))
        .isEqualTo(LatentDiffusion.Config.GENERATION);
    assertThat(DiffusersConfig.schedule(dir)).isEqualTo(Schedule.PNDM);
    write(
        dir.resolve("unet/config.json"), UNET.replace("\"in_channels\": 4", "\"in_channels\": 8"));
    write(
        dir.resolve("scheduler/scheduler_config.json"),
        SCHEDULER.replace("PNDMScheduler", "EulerAncestralDiscreteScheduler"));
    assertThat(DiffusersConfig.read(dir, ConditionMapper.Config.V2_7B))
        .isEqualTo(LatentDiffusion.Config.EDITING);
    assertThat(DiffusersConfig.schedule(dir)).isEqualTo(Schedule.EULER_ANCESTRAL);
    Files.delete(dir.resolve("vae/config.json"));
    assertThatThrownBy(() -> DiffusersConfig.read(dir, ConditionMapper.Config.V2_7B))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is no file")
        .hasMessageContaining("config.json");
  }

  private static void write(Path file, String json) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, json);
  }

  @Test
  void otherStructuresAreRefusedByName() {
    refused(() -> DiffusersConfig.unet(changed(UNET, "act_fn", "\"gelu\""), "unet"), "\"act_fn\"");
    refused(
        () -> DiffusersConfig.unet(changed(UNET, "use_linear_projection", "true"), "unet"),
        "\"use_linear_projection\"");
    refused(
        () -> DiffusersConfig.unet(changed(UNET, "class_embed_type", "\"timestep\""), "unet"),
        "\"class_embed_type\" is set");
    refused(
        () -> DiffusersConfig.unet(changed(UNET, "up_block_types", "[\"UpBlock2D\"]"), "unet"),
        "has 1 entries, should have 4");
    refused(
        () -> DiffusersConfig.unet(changed(UNET, "down_block_types", "[\"KDownBlock2D\"]"), "unet"),
        "names KDownBlock2D, should be DownBlock2D or CrossAttnDownBlock2D");
    refused(
        () -> DiffusersConfig.unet(changed(UNET, "down_block_types", "[3]"), "unet"),
        "a list of strings");
    refused(
        () -> DiffusersConfig.unet(changed(UNET, "mid_block_scale_factor", "0.5"), "unet"),
        "\"mid_block_scale_factor\" is 0.5, should be 1");
    assertThat(DiffusersConfig.unet(changed(UNET, "resnet_out_scale_factor", "1.0"), "unet"))
        .isEqualTo(Unet.Config.SD_15);
    refused(() -> DiffusersConfig.unet(changed(UNET, "colour", "1"), "unet"), "\"colour\"");
    refused(() -> DiffusersConfig.unet(changed(UNET, "attention_head_dim", "0"), "unet"), "heads");
    refused(() -> DiffusersConfig.vae(changed(VAE, "shift_factor", "0.1"), "vae"), "shift_factor");
    refused(() -> DiffusersConfig.text(changed(TEXT, "hidden_act", "\"gelu\""), "text"), "gelu");
    refused(
        () -> DiffusersConfig.levels(changed(SCHEDULER, "prediction_type", "\"sample\""), "s"),
        "\"prediction_type\" is \"sample\", should be epsilon or v_prediction");
    assertThat(DiffusersConfig.levels(changed(SCHEDULER, "beta_start", "0.001"), "s").velocity())
        .isFalse();
    assertThat(
            DiffusersConfig.levels(changed(SCHEDULER, "prediction_type", "\"v_prediction\""), "s")
                .velocity())
        .isTrue();
    refused(
        () -> DiffusersConfig.levels(changed(SCHEDULER, "timestep_spacing", "\"trailing\""), "s"),
        "leading");
    refused(
        () -> DiffusersConfig.levels(changed(SCHEDULER, "beta_schedule", "\"cosine\""), "s"),
        "should be linear or scaled_linear");
    refused(
        () -> DiffusersConfig.levels(changed(SCHEDULER, "_class_name", "\"HeunScheduler\""), "s"),
        "HeunScheduler");
  }

  private static JsonNode changed(String json, String field, String value) {
    JsonMapper mapper = JsonMapper.builder().build();
    var node = (tools.jackson.databind.node.ObjectNode) mapper.readTree(json);
    node.set(field, mapper.readTree(value));
    return node;
  }

  private static void refused(Runnable body, String message) {
    assertThatThrownBy(body::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
