package dev.visionllm.model.unipose;

import dev.visionllm.nn.F;
import dev.visionllm.nn.Mlp;
import dev.visionllm.nn.Params;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What moves boxes and keypoints: MLPs for each decoder layer, which the checkpoint may share and
 * always names twice, at the model and at its decoder. Layers are counted from 0 over the whole
 * decoder; d is the hidden size.
 */
final class Heads {
  private final int boxLayers;
  private final List<Mlp> bbox_embed; // of all layers
  private final List<Mlp> pose_embed; // of the pose layers; the last one guesses where to start
  private final List<Mlp> pose_hw_embed; // of the pose layers

  /**
   * @param p the cursor at {@code unipose}
   * @param decoder the cursor at its decoder
   */
  Heads(Params p, Params decoder, UniPose.Config c) {
    boxLayers = c.boxLayers();
    int poseLayers = c.decoderLayers() - boxLayers;
    boolean shared = c.sharedHeads();
    bbox_embed = heads(p, decoder, "bbox_embed", c.decoderLayers(), shared, c.hidden(), 4);
    pose_embed = heads(p, decoder, "pose_embed", poseLayers + 1, shared, c.hidden(), 2);
    pose_hw_embed = heads(p, decoder, "pose_hw_embed", poseLayers, true, c.hidden(), 2);
  }

  private static List<Mlp> heads(
      Params p, Params decoder, String name, int n, boolean shared, long d, long out) {
    return Mlp.heads(p.at(name), decoder.at(name), n, shared, d, d, d, out);
  }

  /** Boxes of a layer: states (..., d) and places (..., 4) -> x, y, w, h (..., 4). */
  Tensor box(int layer, Tensor state, Tensor from) {
    Tensor move = bbox_embed.get(layer).forward(state);
    return torch.sigmoid(move.add(F.inverseSigmoid(from, Decoder.EPS)));
  }

  /** Where a pose layer moves keypoints, as logits: (..., d) -> x, y (..., 2). */
  Tensor point(int layer, Tensor state) {
    return pose_embed.get(layer - boxLayers).forward(state);
  }

  /** How a pose layer changes the keypoints' sizes, as logits: (..., d) -> w, h (..., 2). */
  Tensor pointSize(int layer, Tensor state) {
    return pose_hw_embed.get(layer - boxLayers).forward(state);
  }

  /** Where keypoints start relative to their box's centre, as logits: (..., d) -> (..., 2). */
  Tensor firstPoint(Tensor state) {
    return pose_embed.get(pose_embed.size() - 1).forward(state);
  }
}
