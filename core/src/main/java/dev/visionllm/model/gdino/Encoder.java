package dev.visionllm.model.gdino;

import dev.visionllm.nn.DeformableAttention;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.MultiheadAttention;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.TextMasks;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Grounding DINO's encoder: in each layer picture and classes look at each other, then the classes
 * at themselves, then the picture at itself. Shapes: b images, n picture tokens, p classes, d
 * hidden size.
 */
final class Encoder {
  /** Picture tokens (b, n, d) and classes (b, p, d). */
  record State(Tensor vision, Tensor text) {}

  private final List<Layer> layers;

  Encoder(Params p, GroundingDino.Config c) {
    layers = p.at("layers").list(c.encoderLayers(), q -> new Layer(q, c));
  }

  /** The state after every layer. */
  List<State> forward(Features f, Tensor text, TextMasks classes, boolean training) {
    Tensor padding = // additive, (b, 1, 1, n)
        f.padding() == null ? null : F.maskOut(f.padding().unsqueeze(1).unsqueeze(1), f.vision());
    List<State> states = new ArrayList<>();
    State in = new State(f.vision(), text);
    for (Layer layer : layers) {
      State s = in;
      List<Tensor> out = TensorScope.all(() -> layer.forward(s, f, padding, classes, training));
      in = new State(out.get(0), out.get(1));
      states.add(in);
    }
    return states;
  }

  private static final class Layer {
    private final TextEnhancer text_enhancer_layer;
    private final Fusion fusion_layer;
    private final Deformable deformable_layer;

    Layer(Params p, GroundingDino.Config c) {
      text_enhancer_layer = new TextEnhancer(p.at("text_enhancer_layer"), c);
      fusion_layer = new Fusion(p.at("fusion_layer"), c);
      deformable_layer = new Deformable(p.at("deformable_layer"), c);
    }

    List<Tensor> forward(State s, Features f, Tensor padding, TextMasks classes, boolean training) {
      State fused = fusion_layer.forward(s, padding, classes.keys(), training);
      Tensor text = text_enhancer_layer.forward(fused.text(), classes);
      Tensor vision = deformable_layer.forward(fused.vision(), f, training);
      return List.of(vision, text);
    }
  }

  /** Attention in both directions between picture and classes. */
  private static final class Fusion {
    private final LayerNorm layer_norm_vision;
    private final LayerNorm layer_norm_text;
    private final Tensor vision_param; // (d)
    private final Tensor text_param; // (d)
    private final Linear vision_proj;
    private final Linear text_proj;
    private final Linear values_vision_proj;
    private final Linear values_text_proj;
    private final Linear out_vision_proj;
    private final Linear out_text_proj;
    private final long heads;
    private final double dropPath;

    Fusion(Params p, GroundingDino.Config c) {
      long d = c.hidden();
      long e = c.encoderFfn() / 2;
      heads = c.encoderHeads() / 2;
      dropPath = c.fusionDropPath();
      vision_param = p.tensor("vision_param", d);
      text_param = p.tensor("text_param", d);
      layer_norm_vision = new LayerNorm(p.at("layer_norm_vision"), d, 1e-5);
      layer_norm_text = new LayerNorm(p.at("layer_norm_text"), d, 1e-5);
      Params a = p.at("attn");
      vision_proj = new Linear(a.at("vision_proj"), d, e);
      text_proj = new Linear(a.at("text_proj"), d, e);
      values_vision_proj = new Linear(a.at("values_vision_proj"), d, e);
      values_text_proj = new Linear(a.at("values_text_proj"), d, e);
      out_vision_proj = new Linear(a.at("out_vision_proj"), e, d);
      out_text_proj = new Linear(a.at("out_text_proj"), e, d);
    }

    /** Residuals start at the normed features. The reference's shifts of the scores cancel out. */
    State forward(State s, Tensor padding, Tensor keys, boolean training) {
      Tensor vision = layer_norm_vision.forward(s.vision());
      Tensor text = layer_norm_text.forward(s.text());
      Tensor v = F.splitHeads(vision_proj.forward(vision), heads);
      Tensor t = F.splitHeads(text_proj.forward(text), heads);
      Tensor toVision =
          F.attention(v, t, F.splitHeads(values_text_proj.forward(text), heads), keys);
      Tensor toText =
          F.attention(t, v, F.splitHeads(values_vision_proj.forward(vision), heads), padding);
      Tensor dv = vision_param.mul(out_vision_proj.forward(F.joinHeads(toVision)));
      Tensor dt = text_param.mul(out_text_proj.forward(F.joinHeads(toText)));
      return new State(
          vision.add(F.dropPath(dv, dropPath, training)),
          text.add(F.dropPath(dt, dropPath, training)));
    }
  }

  /** A transformer layer over the classes. Its mask is made for each image. */
  private static final class TextEnhancer {
    private final MultiheadAttention self_attn;
    private final LayerNorm layer_norm_before;
    private final LayerNorm layer_norm_after;
    private final Linear fc1;
    private final Linear fc2;

    TextEnhancer(Params p, GroundingDino.Config c) {
      long d = c.hidden();
      self_attn = new MultiheadAttention(p.at("self_attn"), d, c.encoderHeads() / 2);
      fc1 = new Linear(p.at("fc1"), d, c.encoderFfn() / 2);
      fc2 = new Linear(p.at("fc2"), c.encoderFfn() / 2, d);
      layer_norm_before = new LayerNorm(p.at("layer_norm_before"), d, 1e-5);
      layer_norm_after = new LayerNorm(p.at("layer_norm_after"), d, 1e-5);
    }

    /** (b, p, d) -> (b, p, d). */
    Tensor forward(Tensor text, TextMasks classes) {
      Tensor y = self_attn.self(text.add(classes.position()), text, classes.self());
      Tensor x = layer_norm_before.forward(text.add(y));
      return layer_norm_after.forward(x.add(fc2.forward(torch.relu(fc1.forward(x)))));
    }
  }

  /** Deformable self-attention over all levels, then an MLP. */
  private static final class Deformable {
    private final DeformableAttention self_attn;
    private final LayerNorm self_attn_layer_norm;
    private final Linear fc1;
    private final Linear fc2;
    private final LayerNorm final_layer_norm;
    private final double dropout;

    Deformable(Params p, GroundingDino.Config c) {
      long d = c.hidden();
      self_attn =
          new DeformableAttention(
              p.at("self_attn"), d, c.encoderHeads(), c.levels(), c.encoderPoints());
      self_attn_layer_norm = new LayerNorm(p.at("self_attn_layer_norm"), d, 1e-5);
      fc1 = new Linear(p.at("fc1"), d, c.encoderFfn());
      fc2 = new Linear(p.at("fc2"), c.encoderFfn(), d);
      final_layer_norm = new LayerNorm(p.at("final_layer_norm"), d, 1e-5);
      dropout = c.dropout();
    }

    /** (b, n, d) -> (b, n, d). */
    Tensor forward(Tensor vision, Features f, boolean training) {
      Tensor y =
          self_attn.forward(
              vision.add(f.position()), vision, f.padding(), f.reference(), f.levels());
      Tensor x = self_attn_layer_norm.forward(vision.add(F.dropout(y, dropout, training)));
      y = fc2.forward(torch.relu(fc1.forward(x)));
      return final_layer_norm.forward(x.add(F.dropout(y, dropout, training)));
    }
  }
}
