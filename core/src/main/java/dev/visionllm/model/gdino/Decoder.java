package dev.visionllm.model.gdino;

import dev.visionllm.nn.DeformableAttention;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Mlp;
import dev.visionllm.nn.MultiheadAttention;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.PositionEncoding;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Grounding DINO's decoder: queries look at each other, at the classes and around their boxes in
 * the picture; every layer refines the boxes. Shapes: b images, q queries, n picture tokens, p
 * classes, d hidden size.
 */
final class Decoder {
  /**
   * What a layer hands to the heads.
   *
   * @param state normed queries, (b, q, d)
   * @param reference boxes x, y, w, h that entered the layer, (b, q, 4)
   */
  record Turn(Tensor state, Tensor reference) {}

  private final int hidden;
  private final List<Layer> layers;
  private final LayerNorm layer_norm;
  private final Mlp reference_points_head;
  private final List<Mlp> bbox_embed;

  /**
   * @param bbox_embed the box head of every layer, which the detector owns
   */
  Decoder(Params p, GroundingDino.Config c, List<Mlp> bbox_embed) {
    int d = c.hidden();
    hidden = d;
    layer_norm = new LayerNorm(p.at("layer_norm"), d, 1e-5);
    layers = p.at("layers").list(c.decoderLayers(), q -> new Layer(q, c));
    reference_points_head = new Mlp(p.at("reference_points_head"), 2L * d, d, d);
    this.bbox_embed = bbox_embed;
  }

  /**
   * @param queries what the queries start from, (b, q, d)
   * @param boxes where they start from, x, y, w, h in shares of the picture without padding, (b, q,
   *     4)
   * @param memory the encoder's output
   * @param keys hides padded classes: additive, (b, 1, 1, p), or null
   * @param mask between queries: additive, (1, 1, q, q), or null
   */
  List<Turn> forward(
      Features f,
      Tensor queries,
      Tensor boxes,
      Encoder.State memory,
      Tensor keys,
      Tensor mask,
      boolean training) {
    Tensor ratios = F.cat(-1, f.ratios(), f.ratios()).unsqueeze(1); // (b or 1, 1, levels, 4)
    List<Turn> turns = new ArrayList<>();
    Tensor x = queries;
    Tensor reference = boxes;
    for (int i = 0; i < layers.size(); i++) {
      Layer layer = layers.get(i);
      Mlp head = bbox_embed.get(i);
      Tensor in = x;
      Tensor from = reference;
      List<Tensor> out =
          TensorScope.all(
              () -> {
                Tensor around = from.unsqueeze(2).mul(ratios); // (b, q, levels, 4)
                Tensor position =
                    reference_points_head.forward(
                        PositionEncoding.boxes(around.select(2, 0), hidden / 2).type_as(in));
                Tensor y = layer.forward(in, position, around, f, memory, keys, mask, training);
                Tensor next =
                    torch.sigmoid(head.forward(y.detach()).add(F.inverseSigmoid(from, 1e-5)));
                return List.of(y, layer_norm.forward(y), next.detach());
              });
      turns.add(new Turn(out.get(1), from));
      x = out.get(0);
      reference = out.get(2);
    }
    return turns;
  }

  private static final class Layer {
    private final MultiheadAttention self_attn;
    private final LayerNorm self_attn_layer_norm;
    private final MultiheadAttention encoder_attn_text;
    private final LayerNorm encoder_attn_text_layer_norm;
    private final DeformableAttention encoder_attn;
    private final LayerNorm encoder_attn_layer_norm;
    private final Linear fc1;
    private final Linear fc2;
    private final LayerNorm final_layer_norm;
    private final double dropout;

    Layer(Params p, GroundingDino.Config c) {
      long d = c.hidden();
      self_attn = new MultiheadAttention(p.at("self_attn"), d, c.decoderHeads());
      self_attn_layer_norm = new LayerNorm(p.at("self_attn_layer_norm"), d, 1e-5);
      encoder_attn_text = new MultiheadAttention(p.at("encoder_attn_text"), d, c.decoderHeads());
      encoder_attn_text_layer_norm = new LayerNorm(p.at("encoder_attn_text_layer_norm"), d, 1e-5);
      encoder_attn =
          new DeformableAttention(
              p.at("encoder_attn"), d, c.decoderHeads(), c.levels(), c.decoderPoints());
      encoder_attn_layer_norm = new LayerNorm(p.at("encoder_attn_layer_norm"), d, 1e-5);
      fc1 = new Linear(p.at("fc1"), d, c.decoderFfn());
      fc2 = new Linear(p.at("fc2"), c.decoderFfn(), d);
      final_layer_norm = new LayerNorm(p.at("final_layer_norm"), d, 1e-5);
      dropout = c.dropout();
    }

    /** (b, q, d) -> (b, q, d). */
    Tensor forward(
        Tensor queries,
        Tensor position,
        Tensor around,
        Features f,
        Encoder.State memory,
        Tensor keys,
        Tensor mask,
        boolean training) {
      Tensor y = self_attn.self(queries.add(position), queries, mask);
      Tensor x = self_attn_layer_norm.forward(queries.add(F.dropout(y, dropout, training)));
      y = encoder_attn_text.cross(x.add(position), memory.text(), keys);
      x = encoder_attn_text_layer_norm.forward(x.add(F.dropout(y, dropout, training)));
      y = encoder_attn.forward(x.add(position), memory.vision(), f.padding(), around, f.levels());
      x = encoder_attn_layer_norm.forward(x.add(F.dropout(y, dropout, training)));
      y = fc2.forward(torch.relu(fc1.forward(x)));
      return final_layer_norm.forward(x.add(F.dropout(y, dropout, training)));
    }
  }
}
