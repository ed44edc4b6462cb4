package dev.visionllm.model.diffusion;

import dev.visionllm.Golden;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.ClipTokenizer;
import dev.visionllm.vlm.DiffusersConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.JsonNode;

/** Configs of golden folders and a tiny one for tests of invariants. */
public final class Configs {
  /** Generation with 2 pixels per latent; small enough for many runs. */
  static final LatentDiffusion.Config TINY = tiny(4);

  /** Editing of the same sizes. */
  static final LatentDiffusion.Config TINY_EDIT = tiny(8);

  private static final int START = 521;
  private static final int END = 522;

  private Configs() {}

  static LatentDiffusion.Config tiny(int in) {
    return new LatentDiffusion.Config(
        new ConditionMapper.Config(3, 8, 16, 5, 1, 1),
        new TextEncoder.Config(20, 16, 32, 1, 2, 6, 1e-5),
        new AutoencoderKl.Config(List.of(8, 16), 1, 4, 4, 0.5),
        new Unet.Config(
            in,
            4,
            List.of(8, 16),
            List.of(true, false),
            List.of(false, true),
            1,
            2,
            16,
            4,
            1e-5,
            true,
            0),
        NoiseLevels.SD_15);
  }

  /** The prefix of the folder's weights, and of its config in meta.json. */
  static String prefix(Golden g) {
    return g.meta().has("ip2p_config") ? "ip2p" : "sd";
  }

  /** The folder's networks. */
  public static LatentDiffusion.Config of(Golden g) {
    JsonNode m = g.meta();
    String mapper = prefix(g) + "_config";
    return new LatentDiffusion.Config(
        DiffusersConfig.mapper(m.get(mapper), mapper),
        DiffusersConfig.text(m.get("text_encoder_config"), "text_encoder_config"),
        DiffusersConfig.vae(m.get("vae_config"), "vae_config"),
        DiffusersConfig.unet(m.get("unet_config"), "unet_config"),
        levels(m));
  }

  private static NoiseLevels levels(JsonNode m) {
    for (String key : new String[] {"scheduler_config", "scheduler"}) {
      if (m.path(key).isObject()) {
        return DiffusersConfig.levels(m.get(key), key);
      }
    }
    return NoiseLevels.SD_15;
  }

  /** The folder's captions through our tokenizer. */
  public static Tensor captions(Golden g, Path files) {
    int length = g.meta().get(prefix(g) + "_config").get("num_queries").asInt();
    try {
      ClipTokenizer tokenizer = ClipTokenizer.read(files);
      JsonNode captions = g.meta().get("captions");
      long[] ids = new long[captions.size() * length];
      for (int i = 0; i < captions.size(); i++) {
        int[] row = tokenizer.encode(captions.get(i).asString(), length);
        for (int k = 0; k < length; k++) {
          ids[i * length + k] = row[k];
        }
      }
      return Tensors.of(ids, captions.size(), length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ids of the empty text in the folders' tiny CLIP vocabulary, q of them. */
  static int[] empty(int q) {
    int[] ids = new int[q];
    Arrays.fill(ids, END);
    ids[0] = START;
    return ids;
  }
}
