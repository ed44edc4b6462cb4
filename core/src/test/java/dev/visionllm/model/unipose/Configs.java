package dev.visionllm.model.unipose;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Configurations for tests: those of golden folders, and one of this project's own. */
public final class Configs {
  private Configs() {}

  /**
   * @param swin a folder's "swin"
   * @param c a folder's settings of UniPose
   */
  public static UniPose.Config of(JsonNode swin, JsonNode c) {
    return new UniPose.Config(
        new Swin.Config(
            4,
            swin.get("embed_dim").asInt(),
            ints(swin.get("depths")),
            ints(swin.get("num_heads")),
            swin.get("window_size").asInt(),
            swin.get("mlp_ratio").asDouble(),
            swin.get("drop_path_rate").asDouble()),
        c.get("hidden_dim").asInt(),
        c.get("num_queries").asInt(),
        c.get("enc_layers").asInt(),
        c.get("dec_layers").asInt(),
        c.get("num_box_decoder_layers").asInt(),
        c.get("dim_feedforward").asInt(),
        c.get("nheads").asInt(),
        c.get("enc_n_points").asInt(),
        c.get("dec_n_points").asInt(),
        c.get("num_feature_levels").asInt(),
        new PoseGroups(
            50, c.get("num_body_points").asInt(), PoseGroups.Layout.REFERENCE), // 50 is hard-coded
        c.get("l_hidden_size").asInt(),
        c.get("dec_pred_bbox_embed_share").asBoolean(),
        c.get("pe_temperatureH").asDouble(),
        c.get("dropout").asDouble(),
        c.get("fusion_droppath").asDouble());
  }

  /** A network of a hundred thousand parameters. */
  static UniPose.Config small(PoseGroups.Layout layout) {
    return new UniPose.Config(
        new Swin.Config(4, 8, List.of(1, 2, 1), List.of(1, 2, 2), 3, 2, 0),
        32,
        12,
        1,
        3,
        1,
        32,
        2,
        2,
        2,
        3,
        new PoseGroups(5, 20, layout),
        16,
        true,
        20,
        0,
        0);
  }

  private static List<Integer> ints(JsonNode n) {
    List<Integer> out = new ArrayList<>();
    n.forEach(i -> out.add(i.asInt()));
    return out;
  }
}
