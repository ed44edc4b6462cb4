package dev.visionllm.model.gdino;

import dev.visionllm.Golden;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.JsonNode;

/** Configurations for tests: those of golden folders, and one of this project's own. */
final class Configs {
  private Configs() {}

  static GroundingDino.Config of(Golden g) {
    JsonNode b = g.meta().get("backbone_config");
    Swin.Config swin =
        new Swin.Config(
            b.get("patch_size").asInt(),
            b.get("embed_dim").asInt(),
            ints(b.get("depths")),
            ints(b.get("num_heads")),
            b.get("window_size").asInt(),
            b.get("mlp_ratio").asDouble(),
            b.get("layer_norm_eps").asDouble(),
            b.get("drop_path_rate").asDouble());
    return new GroundingDino.Config(
        swin,
        g.config("d_model").asInt(),
        g.config("num_queries").asInt(),
        g.config("encoder_layers").asInt(),
        g.config("encoder_ffn_dim").asInt(),
        g.config("encoder_attention_heads").asInt(),
        g.config("encoder_n_points").asInt(),
        g.config("decoder_layers").asInt(),
        g.config("decoder_ffn_dim").asInt(),
        g.config("decoder_attention_heads").asInt(),
        g.config("decoder_n_points").asInt(),
        g.config("num_feature_levels").asInt(),
        g.config("max_text_len").asInt(),
        g.config("l_hidden_size").asInt(),
        true,
        g.config("mask_dim").asInt(),
        g.config("decoder_bbox_embed_share").asBoolean(),
        g.config("positional_embedding_temperature").asDouble(),
        g.config("dropout").asDouble(),
        g.config("fusion_droppath").asDouble());
  }

  /** A detector of a few hundred thousand parameters without masks. */
  static final GroundingDino.Config SMALL =
      new GroundingDino.Config(
          new Swin.Config(4, 12, List.of(1, 2, 1, 1), List.of(1, 2, 3, 4), 3, 2, 1e-5, 0),
          32,
          12,
          2,
          64,
          4,
          2,
          2,
          64,
          4,
          2,
          3,
          8,
          20,
          false,
          0,
          true,
          20,
          0,
          0);

  /** The same with a mask branch. */
  static final GroundingDino.Config MASKS = withMasks(SMALL, 16, SMALL.levels());

  static GroundingDino.Config withMasks(GroundingDino.Config c, int maskDim, int levels) {
    return new GroundingDino.Config(
        c.backbone(),
        c.hidden(),
        c.queries(),
        c.encoderLayers(),
        c.encoderFfn(),
        c.encoderHeads(),
        c.encoderPoints(),
        c.decoderLayers(),
        c.decoderFfn(),
        c.decoderHeads(),
        c.decoderPoints(),
        levels,
        c.maxTextLen(),
        c.textHidden(),
        true,
        maskDim,
        c.sharedBoxHead(),
        c.temperature(),
        c.dropout(),
        c.fusionDropPath());
  }

  /** Weights from a seeded generator: norms at one, the rest small. */
  static Params random(long seed) {
    Random random = new Random(seed);
    return new Params(
        (name, shape) -> {
          int n =
              (int)
                  IntStream.range(0, shape.length)
                      .mapToLong(i -> shape[i])
                      .reduce(1, (x, y) -> x * y);
          float[] data = new float[n];
          double fan = shape.length > 1 ? n / (double) shape[0] : 1;
          double spread = shape.length > 1 ? 1 / Math.sqrt(fan) : 0.2;
          boolean norm = shape.length == 1 && name.endsWith("weight");
          for (int i = 0; i < n; i++) {
            data[i] = (float) (random.nextGaussian() * spread + (norm ? 1 : 0));
          }
          return Tensors.of(data, shape);
        });
  }

  static Tensor noise(long seed, long... shape) {
    Random random = new Random(seed);
    int n = 1;
    for (long s : shape) {
      n *= (int) s;
    }
    float[] data = new float[n];
    for (int i = 0; i < n; i++) {
      data[i] = (float) random.nextGaussian();
    }
    return Tensors.of(data, shape);
  }

  private static List<Integer> ints(JsonNode n) {
    List<Integer> out = new ArrayList<>();
    n.forEach(i -> out.add(i.asInt()));
    return out;
  }
}
