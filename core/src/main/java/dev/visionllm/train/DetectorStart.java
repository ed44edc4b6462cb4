package dev.visionllm.train;

import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * Lets a pose decoder start as a trained detector: UniPose is Grounding DINO up to its keypoints,
 * so all that finds objects (backbone, encoder, box layers, boxes, what projects names) can be that
 * detector's, and the layers of keypoints start as its last one. Both must have the same sizes; the
 * heads of keypoints are drawn. It stands in for a pretrained pose decoder, of which a small model
 * has none; the paper starts from the published one.
 */
final class DetectorStart implements Params.Source {
  private static final String POSE = "unipose.";
  private static final String DETECTOR = "gdino.";
  private static final Pattern QKV = Pattern.compile("(.*)\\.qkv\\.(\\w+)");
  private static final Pattern LAYER =
      Pattern.compile("(gdino\\.(?:model\\.decoder\\.layers|bbox_embed)\\.)(\\d+)(\\..*)");

  /** Parts of names after "unipose." and what the detector calls them after "gdino.". */
  private static final Map<Pattern, String> NAMES = new LinkedHashMap<>();

  static {
    String swin = "model.backbone.conv_encoder.model.";
    name("backbone.0.patch_embed.proj", swin + "embeddings.patch_embeddings.projection");
    name("backbone.0.patch_embed.norm", swin + "embeddings.norm");
    name("backbone.0.norm1", swin + "hidden_states_norms.stage2");
    name("backbone.0.norm2", swin + "hidden_states_norms.stage3");
    name("backbone.0.norm3", swin + "hidden_states_norms.stage4");
    String block = "backbone.0.layers.#.blocks.#.";
    String theirs = swin + "encoder.layers.$1.blocks.$2.";
    name(block + "norm1", theirs + "layernorm_before");
    name(block + "norm2", theirs + "layernorm_after");
    name(block + "attn.proj", theirs + "attention.output.dense");
    name(block + "attn", theirs + "attention.self");
    name(block + "mlp.fc1", theirs + "intermediate.dense");
    name(block + "mlp.fc2", theirs + "output.dense");
    name("backbone.0.layers.#.downsample", swin + "encoder.layers.$1.downsample");
    name("input_proj", "model.input_proj_vision");
    name("projection_llava", "patch2query");
    name("projection_kpt_llava", "patch2query");
    name("bbox_embed", "bbox_embed");
    name("transformer.level_embed", "model.level_embed");
    name("transformer.enc_output", "model.enc_output");
    name("transformer.enc_output_norm", "model.enc_output_norm");
    name("transformer.enc_out_bbox_embed", "model.encoder_output_bbox_embed");
    name("transformer.tgt_embed", "model.query_position_embeddings");
    String layer = "transformer.encoder.layers.#.";
    theirs = "model.encoder.layers.$1.deformable_layer.";
    name(layer + "self_attn", theirs + "self_attn");
    name(layer + "norm1", theirs + "self_attn_layer_norm");
    name(layer + "norm2", theirs + "final_layer_norm");
    name(layer + "linear1", theirs + "fc1");
    name(layer + "linear2", theirs + "fc2");
    layer = "transformer.encoder.text_layers.#.";
    theirs = "model.encoder.layers.$1.text_enhancer_layer.";
    name(layer + "self_attn", theirs + "self_attn");
    name(layer + "norm1", theirs + "layer_norm_before");
    name(layer + "norm2", theirs + "layer_norm_after");
    name(layer + "linear1", theirs + "fc1");
    name(layer + "linear2", theirs + "fc2");
    layer = "transformer.encoder.fusion_layers.#.";
    theirs = "model.encoder.layers.$1.fusion_layer.";
    name(layer + "gam_v", theirs + "vision_param");
    name(layer + "gam_l", theirs + "text_param");
    name(layer + "layer_norm_v", theirs + "layer_norm_vision");
    name(layer + "layer_norm_l", theirs + "layer_norm_text");
    for (String of : new String[] {"", "values_", "out_"}) {
      name(layer + "attn." + of + "v_proj", theirs + "attn." + of + "vision_proj");
      name(layer + "attn." + of + "l_proj", theirs + "attn." + of + "text_proj");
    }
    name("transformer.decoder.bbox_embed", "bbox_embed");
    name("transformer.decoder.norm", "model.decoder.layer_norm");
    name("transformer.decoder.ref_point_head", "model.decoder.reference_points_head");
    layer = "transformer.decoder.layers.#.";
    theirs = "model.decoder.layers.$1.";
    name(layer + "self_attn", theirs + "self_attn");
    name(layer + "norm2", theirs + "self_attn_layer_norm");
    name(layer + "ca_text", theirs + "encoder_attn_text");
    name(layer + "catext_norm", theirs + "encoder_attn_text_layer_norm");
    name(layer + "cross_attn", theirs + "encoder_attn");
    name(layer + "norm1", theirs + "encoder_attn_layer_norm");
    name(layer + "linear1", theirs + "fc1");
    name(layer + "linear2", theirs + "fc2");
    name(layer + "norm3", theirs + "final_layer_norm");
  }

  /**
   * @param ours a part of the network; # stands for a number, which theirs may repeat
   */
  private static void name(String ours, String theirs) {
    String pattern = ours.replace(".", "\\.").replace("#", "(\\d+)");
    NAMES.put(Pattern.compile("^" + pattern + "(?=\\.|$)"), theirs);
  }

  private final Params.Source drawn;
  private final Params.Source detector;

  /**
   * @param drawn gives what the detector does not have
   * @param detector gives the parameters called {@code gdino...}
   */
  DetectorStart(Params.Source drawn, Params.Source detector) {
    this.drawn = drawn;
    this.detector = detector;
  }

  @Override
  public boolean has(String name) {
    return drawn.has(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    String theirs = name.startsWith(POSE) ? named(name.substring(POSE.length())) : null;
    if (theirs == null) {
      return drawn.get(name, shape);
    }
    Matcher qkv = QKV.matcher(theirs);
    if (!qkv.matches()) {
      return detector.get(theirs, shape);
    }
    long[] third = shape.clone();
    third[0] /= 3;
    return TensorScope.of(
        () ->
            F.cat(
                0,
                Stream.of("query", "key", "value")
                    .map(of -> qkv.group(1) + "." + of + "." + qkv.group(2))
                    .map(of -> detector.get(of, third))
                    .toList()));
  }

  /** What the detector calls a parameter; of decoder layers that it has not its last. */
  private String named(String ours) {
    for (Map.Entry<Pattern, String> e : NAMES.entrySet()) {
      Matcher m = e.getKey().matcher(ours);
      if (m.find()) {
        String theirs = DETECTOR + m.replaceFirst(e.getValue());
        Matcher layer = LAYER.matcher(theirs);
        int n = layer.matches() ? Integer.parseInt(layer.group(2)) : 0;
        while (n > 0 && !detector.has(theirs)) {
          n--;
          theirs = layer.group(1) + n + layer.group(3);
        }
        return theirs;
      }
    }
    return null;
  }
}
