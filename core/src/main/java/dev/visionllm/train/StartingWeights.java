package dev.visionllm.train;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.Init;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** Where a new run's tensors come from: folders that the recipe names, or random numbers. */
final class StartingWeights {
  private StartingWeights() {}

  /** Of a new run. @throws IllegalArgumentException if a setting's weights are not given */
  static Params.Source of(Recipe recipe, VisionLlmConfig config) throws IOException {
    Params.Source folders = folders(recipe, config);
    if (!recipe.painter().editsAsDraws()) {
      return folders;
    }
    given(recipe, "edits_as_draws", "sd.sd_unet.conv_in.weight");
    return new EditingStart(folders);
  }

  /** Refuses a setting that takes weights from a part which no folder of the recipe gives. */
  private static void given(Recipe recipe, String setting, String name) {
    if (recipe.from().keySet().stream().noneMatch(p -> Pattern.matches(p, name))) {
      throw new IllegalArgumentException(
          "%s starts from trained weights, but no pattern of the recipe's from matches %s"
              .formatted(setting, name));
    }
  }

  /** The recipe's folder for a name gives the tensor, with the right shape; others are drawn. */
  private static Params.Source folders(Recipe recipe, VisionLlmConfig config) throws IOException {
    Map<String, Params.Source> folders = new LinkedHashMap<>();
    for (Map.Entry<String, Path> e : recipe.from().entrySet()) {
      folders.put(e.getKey(), Checkpoint.open(e.getValue()).withHardware(Hardware.CPU));
    }
    Params.Source init = drawn(recipe.seed());
    if (recipe.local()) {
      init = new LocalStart(init, config.multimodal().vision(), recipe.seed());
    }
    if (recipe.detectorStart()) {
      given(recipe, "detector_start", "gdino.model.level_embed");
      init = new DetectorStart(init, firstOf(folders, init));
    }
    return firstOf(folders, init);
  }

  /** The first folder whose pattern a name matches gives its tensor. @param drawn gives others */
  private static Params.Source firstOf(Map<String, Params.Source> folders, Params.Source drawn) {
    return new Params.Source() {
      private Params.Source of(String name) {
        return folders.entrySet().stream()
            .filter(e -> Pattern.matches(e.getKey(), name))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElse(drawn);
      }

      @Override
      public Tensor get(String name, long... shape) {
        return of(name).get(name, shape);
      }

      @Override
      public boolean has(String name) {
        return of(name).has(name);
      }
    };
  }

  /**
   * Deformable attention starts without preference among places around a point, boxes start where
   * their reference is, and classes start near even odds (Deformable DETR's initialisation; places
   * are drawn instead of laid on a circle). Word embeddings start large beside what the language
   * model's layers add to them, so that a word can still be told from its state after some layers;
   * those of picture decoders do so too. A denoiser's blocks start without an effect and its answer
   * is zero (Ho et al. 2020).
   */
  static Init drawn(long seed) {
    return new Init(seed)
        .with(".*sampling_offsets\\.weight", new Init.Fill.Constant(0))
        .with(".*sampling_offsets\\.bias", new Init.Fill.Uniform(2))
        .with(".*attention_weights\\.weight", new Init.Fill.Constant(0))
        .with(".*bbox_embed.*layers\\.2\\.weight", new Init.Fill.Constant(0))
        .with(".*text_enhancer_layer\\.layer_norm_after\\.weight", new Init.Fill.Constant(0.1))
        .with("llm\\.model\\.embed_tokens\\.weight", new Init.Fill.Normal(1))
        .with("llm\\..*\\.(o_proj|down_proj)\\.weight", new Init.Fill.Xavier(0.3))
        .with("emb_embeddings_.*", new Init.Fill.Normal(1))
        .with(".*\\.llm2sd_mapper_queries", new Init.Fill.Normal(1))
        .with(".*\\.time_embedding\\.linear_.*weight", new Init.Fill.Xavier(1))
        .with(".*\\.sd_text_encoder\\..*_embedding\\.weight", new Init.Fill.Normal(1))
        .with(".*\\.sd_text_encoder\\..*\\.(out_proj|fc2)\\.weight", new Init.Fill.Xavier(0.3))
        .with(".*\\.sd_unet\\..*(conv2|proj_out|conv_out)\\.weight", new Init.Fill.Constant(0))
        .with(".*(query_position_embeddings|tgt_embed).*", new Init.Fill.Normal(1));
  }
}
