package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/** A model folder in the released layout, with every part, tiny and of random weights. */
public final class TinyFolder {
  private static final String CONFIG =
      """
      {
        "architectures": ["VisionLLMv2Model"], "model_type": "visionllmv2",
        "torch_dtype": "float32",
        "vis_encoder_config": {"architectures": ["CLIPVisionModel"], "hidden_size": 8,
          "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
          "image_size": 28, "patch_size": 14},
        "llm_config": {"architectures": ["LlamaForCausalLM"], "vocab_size": %d, "hidden_size": 16,
          "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
          "max_position_embeddings": 3000},
        "use_llm_lora": false, "use_region_encoder": true, "region_hidden_dim": 8, "num_embs": 2,
        "num_embs_gen": 3,
        "use_gdino": true,
        "gdino_config": {
          "backbone_config": {"model_type": "swin", "embed_dim": 8, "depths": [1, 1, 1, 1],
            "num_heads": [1, 1, 1, 1], "window_size": 2, "mlp_ratio": 2.0, "drop_path_rate": 0.0},
          "d_model": 32, "num_queries": 6, "encoder_layers": 1, "encoder_ffn_dim": 32,
          "encoder_attention_heads": 2, "decoder_layers": 2, "decoder_ffn_dim": 32,
          "decoder_attention_heads": 2, "num_feature_levels": 3, "max_text_len": 4,
          "use_masks": false, "dropout": 0.0, "fusion_droppath": 0.0},
        "use_unipose": true,
        "unipose_config": {
          "backbone_config": {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2],
            "window_size": 3, "mlp_ratio": 2.0, "drop_path_rate": 0.0},
          "hidden_dim": 32, "num_queries": 12, "enc_layers": 1, "dec_layers": 3,
          "num_box_decoder_layers": 1, "dim_feedforward": 32, "nheads": 2, "num_body_points": 20,
          "pose_groups": 5, "fusion_droppath": 0.0},
        "use_sd": true,
        "sd_config": {"llm_hidden_size": 16, "sd_hidden_size": 16, "num_queries": 5,
          "num_embed_tokens": 3, "sd_model_id": "tiny"},
        "use_ip2p": true,
        "ip2p_config": {"llm_hidden_size": 16, "sd_hidden_size": 16, "num_queries": 5,
          "num_embed_tokens": 3, "sd_model_id": "tiny"},
        "preprocess": {"max_tiles": 2, "detector_short_side": 64, "detector_long_side": 96,
          "classes_per_prompt": 3, "detection_threshold": 0.0}
      }
      """;
  private static final Map<String, String> DIFFUSION =
      Map.of(
          "text_encoder/config.json",
          "{\"vocab_size\": 20, \"hidden_size\": 16, \"intermediate_size\": 32,"
              + " \"num_hidden_layers\": 1, \"num_attention_heads\": 2,"
              + " \"max_position_embeddings\": 6}",
          "vae/config.json",
          "{\"block_out_channels\": [8, 16], \"layers_per_block\": 1, \"norm_num_groups\": 4,"
              + " \"down_block_types\": [\"DownEncoderBlock2D\", \"DownEncoderBlock2D\"],"
              + " \"up_block_types\": [\"UpDecoderBlock2D\", \"UpDecoderBlock2D\"]}",
          "unet/config.json",
          "{\"in_channels\": CHANNELS, \"block_out_channels\": [8, 16], \"layers_per_block\": 1,"
              + " \"attention_head_dim\": 2, \"cross_attention_dim\": 16, \"norm_num_groups\": 4,"
              + " \"down_block_types\": [\"CrossAttnDownBlock2D\", \"DownBlock2D\"],"
              + " \"up_block_types\": [\"UpBlock2D\", \"CrossAttnUpBlock2D\"]}",
          "scheduler/scheduler_config.json",
          "{\"_class_name\": \"PNDMScheduler\", \"skip_prk_steps\": true, \"steps_offset\": 1,"
              + " \"beta_schedule\": \"scaled_linear\", \"beta_start\": 0.00085,"
              + " \"beta_end\": 0.012}");

  private TinyFolder() {}

  /** Writes a folder without weights: config.json, tokenizer, configs of the diffusion networks. */
  public static Path files(Path dir) throws IOException {
    Native.load();
    Files.createDirectories(dir);
    Path tokenizer = Path.of("src/test/resources/goldens/tokenizer/tokenizer.model");
    Files.copy(tokenizer, dir.resolve("tokenizer.model"));
    int words;
    try (Tokenizer plain = Tokenizer.load(dir)) {
      words = plain.size();
    }
    StringBuilder added = new StringBuilder();
    for (String token : SpecialTokens.DEFAULT_TOKENS) {
      if (!List.of("<s>", "</s>", "<unk>").contains(token)) {
        added.append(added.isEmpty() ? "{" : ",").append('"').append(token).append("\": ");
        added.append(words++);
      }
    }
    Files.writeString(dir.resolve("added_tokens.json"), added.append("}"));
    Files.writeString(dir.resolve("config.json"), CONFIG.formatted(words));
    for (String part : List.of("sd", "ip2p")) {
      for (Map.Entry<String, String> e : DIFFUSION.entrySet()) {
        Path file = dir.resolve(part).resolve(e.getKey());
        Files.createDirectories(file.getParent());
        Files.writeString(file, e.getValue().replace("CHANNELS", part.equals("sd") ? "4" : "8"));
      }
    }
    return dir;
  }

  /** Weights of a folder's configuration; the caller closes them. */
  public static Params weights(Path dir, long seed) throws IOException {
    VisionLlmConfig config = VisionLlmConfig.read(dir);
    Params p = new Params(RandomWeights.of(seed));
    try (var scope = TensorScope.open();
        Tokenizer t = Tokenizer.load(dir)) {
      Layout.build(p, config, SpecialTokens.of(t)::id);
    }
    return p;
  }

  /** Writes a whole folder. */
  public static Path write(Path dir, long seed) throws IOException {
    files(dir);
    try (Params p = weights(dir, seed)) {
      save(dir, p.taken());
    }
    return dir;
  }

  /** Writes a folder's weights as one safetensors file. */
  public static void save(Path dir, Map<String, Tensor> weights) throws IOException {
    SafeTensorsWriter.write(dir.resolve(Checkpoint.SINGLE), weights);
  }

  /** A copy of a folder without its weights. */
  public static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path file : all.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else if (!file.toString().endsWith(".safetensors")) {
          Files.copy(file, target);
        }
      }
    }
    return to;
  }
}
