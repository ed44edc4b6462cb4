package dev.visionllm.model.gdino;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.GroupNorm;
import dev.visionllm.nn.Level;
import dev.visionllm.nn.Mlp;
import dev.visionllm.nn.Params;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Grounding DINO's mask branch: one map of features at the backbone's finest stride, and for every
 * query a vector whose product with the features is the query's mask (Mask DINO, Li et al. 2022).
 * Shapes: b images; q queries; d hidden size; m mask features; h, w of the backbone's first map.
 */
final class MaskBranch {
  private final Conv2d lateral_convs; // of the first map, 1 x 1
  private final GroupNorm lateral_convs_norm;
  private final Conv2d output_convs; // 3 x 3
  private final GroupNorm output_convs_norm;
  private final Conv2d mask_features; // 1 x 1
  private final Mlp encoder; // model.mask_embed
  private final List<Mlp> mask_embed; // of each decoder layer

  /**
   * @param p the cursor at {@code gdino}
   */
  MaskBranch(Params p, GroundingDino.Config c) {
    Params m = p.at("model");
    int d = c.hidden();
    Params lateral = m.at("lateral_convs.0");
    lateral_convs = Conv2d.noBias(lateral, c.backbone().channels(0), d, 1, 1, 0);
    lateral_convs_norm = new GroupNorm(lateral.at("norm"), GroundingDino.GROUPS, d, 1e-5);
    Params output = m.at("output_convs.0");
    output_convs = Conv2d.noBias(output, d, d, 3, 1, 1);
    output_convs_norm = new GroupNorm(output.at("norm"), GroundingDino.GROUPS, d, 1e-5);
    mask_features = new Conv2d(m.at("mask_features"), d, c.maskDim(), 1, 1, 0);
    encoder = new Mlp(m.at("mask_embed"), d, d, d, c.maskDim());
    mask_embed = Mlp.heads(p.at("mask_embed"), null, c.decoderLayers(), true, d, d, d, c.maskDim());
  }

  /**
   * @param finest the backbone's first map, (b, c, h, w)
   * @param memory the encoder's tokens of all levels, (b, n, d)
   * @param level the finest of these levels
   * @return (b, m, h, w)
   */
  Tensor features(Tensor finest, Tensor memory, Level level) {
    Tensor fine = lateral_convs_norm.forward(lateral_convs.forward(finest)); // (b, d, h, w)
    Tensor coarse =
        F.slice(memory, 1, level.start(), level.end())
            .transpose(1, 2)
            .reshape(memory.size(0), memory.size(2), level.height(), level.width())
            .to(ScalarType.Float);
    Tensor x = fine.add(F.resizeBilinear(coarse, fine.size(2), fine.size(3)).type_as(fine));
    return mask_features.forward(torch.relu(output_convs_norm.forward(output_convs.forward(x))));
  }

  /** Mask logits of states after a decoder layer: (b, q, d), (b, m, h, w) -> (b, q, h, w), fp32. */
  Tensor masks(int layer, Tensor states, Tensor features) {
    return masks(mask_embed.get(layer), states, features);
  }

  /** Mask logits of the states that enter the decoder, with a head of their own. */
  Tensor masks(Tensor states, Tensor features) {
    return masks(encoder, states, features);
  }

  private static Tensor masks(Mlp head, Tensor states, Tensor features) {
    Tensor flat = torch.matmul(head.forward(states), features.flatten(2, -1)); // (b, q, h * w)
    return flat.view(states.size(0), states.size(1), features.size(2), features.size(3))
        .to(ScalarType.Float);
  }
}
