package dev.visionllm.cli;

import dev.visionllm.checkpoint.Init;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.Layout;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/** A model folder of a few hundred kilobytes with drawn weights and the nano model's tokenizer. */
final class TinyModel {
  /** The nano model's folder, seen from this module. */
  static final Path NANO = Path.of("..", "models", "nano");

  private static final Path ASSEMBLY =
      Path.of("..", "core", "src", "test", "resources", "tiny-assembly");

  static final int CONTEXT = 1500;

  private static final String CONFIG =
      """
      {
        "model_type": "visionllmv2",
        "vis_encoder_config": {
          "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
          "num_attention_heads": 2, "image_size": 56, "patch_size": 14
        },
        "vl_bridge_type": "mlp2x_gelu",
        "use_pixelshuffle": true,
        "num_embs": 4,
        "num_embs_gen": 8,
        "use_region_encoder": true,
        "region_hidden_dim": 8,
        "llm_config": {
          "vocab_size": %d, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
          "num_attention_heads": 2, "max_position_embeddings": %d
        },
        "use_gdino": true,
        "gdino_config": {
          "backbone_config": {
            "patch_size": 4, "embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2],
            "window_size": 4, "mlp_ratio": 2.0, "drop_path_rate": 0.0
          },
          "d_model": 32, "num_queries": 12, "encoder_layers": 1, "encoder_ffn_dim": 32,
          "encoder_attention_heads": 4, "encoder_n_points": 2, "decoder_layers": 1,
          "decoder_ffn_dim": 32, "decoder_attention_heads": 4, "decoder_n_points": 2,
          "num_feature_levels": 3, "use_masks": false, "dropout": 0.0, "fusion_droppath": 0.0
        },
        "preprocess": {
          "max_tiles": 1, "detector_short_side": 64, "detector_long_side": 64,
          "conversation": "vicuna_v1", "detection_threshold": 0.1, "classes_per_prompt": 4
        }
      }
      """;

  private TinyModel() {}

  /** Writes a model folder. */
  static Path write(Path dir) throws IOException {
    return write(dir, weights -> {});
  }

  /** Writes a model folder. @param change changes the weights before they are written */
  static Path write(Path dir, Consumer<Map<String, Tensor>> change) throws IOException {
    Native.load();
    Files.createDirectories(dir);
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(NANO.resolve(name), dir.resolve(name));
    }
    try (Tokenizer tokenizer = Tokenizer.load(dir);
        var scope = TensorScope.open();
        Params params =
            new Params(new Init(3).with("emb_embeddings_.*", new Init.Fill.Normal(1)))) {
      Files.writeString(dir.resolve("config.json"), CONFIG.formatted(tokenizer.size(), CONTEXT));
      VisionLlmConfig config = VisionLlmConfig.read(dir);
      Layout.build(params, config, SpecialTokens.of(tokenizer)::id);
      Map<String, Tensor> weights = new LinkedHashMap<>(params.taken());
      change.accept(weights);
      SafeTensorsWriter.write(dir.resolve("model.safetensors"), weights);
    }
    return dir;
  }

  /** Writes a model folder with every tool. */
  static Path assembly(Path dir) throws IOException {
    Native.load();
    try (var files = Files.walk(ASSEMBLY)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        Path to = dir.resolve(ASSEMBLY.relativize(f).toString());
        Files.createDirectories(to.getParent());
        Files.copy(f, to);
      }
    }
    VisionLlmConfig c = VisionLlmConfig.read(dir);
    try (Tokenizer tokenizer = Tokenizer.load(dir);
        var scope = TensorScope.open();
        Params params = new Params(new Init(3))) {
      Layout.build(params, c, SpecialTokens.of(tokenizer)::id);
      SafeTensorsWriter.write(dir.resolve("model.safetensors"), params.taken());
    }
    return dir;
  }

  /** Writes a copy of a model folder. */
  static Path copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (Path f : files.toList()) {
        Files.copy(f, to.resolve(f.getFileName()));
      }
    }
    return to;
  }
}
