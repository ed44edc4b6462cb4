package dev.visionllm.model.diffusion;

import dev.visionllm.Golden;
import dev.visionllm.vlm.DiffusersConfig;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Configs of golden folders and a tiny one for tests of invariants. */
final class Configs {
  /** Generation with 2 pixels per latent; small enough for many runs. */
  static final LatentDiffusion.Config TINY = tiny(4);

  /** Editing of the same sizes. */
  static final LatentDiffusion.Config TINY_EDIT = tiny(8);

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

  static LatentDiffusion.Config of(Golden g) {
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
}
