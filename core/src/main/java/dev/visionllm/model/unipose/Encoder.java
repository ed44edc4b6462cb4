package dev.visionllm.model.unipose;

import dev.visionllm.nn.DeformableAttention;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.MultiheadAttention;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.TextMasks;
import dev.visionllm.tensor.TensorScope;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * UniPose's encoder: in each layer picture and classes look at each other, then the classes at
 * themselves, then the picture at itself. Shapes: b images, n picture tokens, p classes, d hidden
 * size.
 */
final class Encoder {
  /** Picture tokens (b, n, d) and classes (b, p, d). */
  record State(Tensor vision, Tensor text) {}

  private final List<Fusion> fusion_layers;
  private final List<TextLayer> text_layers;
  private final List<Layer> layers;

  Encoder(Params p, UniPose.Config c) {
    layers = p.at("layers").list(c.encoderLayers(), q -> new Layer(q, c));
    text_layers = p.at("text_layers").list(c.encoderLayers(), q -> new TextLayer(q, c));
    fusion_layers = p.at("fusion_layers").list(c.encoderLayers(), q -> new Fusion(q, c));
  }

  /** The state after the last layer. */
  State forward(Features f, Tensor text, TextMasks classes, boolean training) {
    Tensor padding = // additive, (b, 1, 1, n)
        f.padding() == null ? null : F.maskOut(f.padding().unsqueeze(1).unsqueeze(1), f.vision());
    State state = new State(f.vision(), text);
    for (int i = 0; i < layers.size(); i++) {
      int at = i;
      State in = state;
      List<Tensor> out =
          TensorScope.all(
              () -> {
                State s = fusion_layers.get(at).forward(in, padding, classes.keys(), training);
                return List.of(
                    layers.get(at).forward(s.vision(), f, training),
                    text_layers.get(at).forward(s.text(), classes));
              });
      state = new State(out.get(0), out.get(1));
    }
    return state;
  }

  /** Attention in both directions between picture (v) and classes (l). */
  private static final class Fusion {
    private final LayerNorm layer_norm_v;
    private final LayerNorm layer_norm_l;
    private final Tensor gam_v; // (d)
    private final Tensor gam_l; // (d)
    private final Linear v_proj;
    private final Linear l_proj;
    private final Linear values_v_proj;
    private final Linear values_l_proj;
    private final Linear out_v_proj;
    private final Linear out_l_proj;
    private final long heads;
    private final double dropPath;

    Fusion(Params p, UniPose.Config c) {
      long d = c.hidden();
      long e = c.ffn() / 2;
      heads = c.heads() / 2;
      dropPath = c.fusionDropPath();
      gam_v = p.tensor("gam_v", d);
      gam_l = p.tensor("gam_l", d);
      layer_norm_v = new LayerNorm(p.at("layer_norm_v"), d, 1e-5);
      layer_norm_l = new LayerNorm(p.at("layer_norm_l"), d, 1e-5);
      Params a = p.at("attn");
      v_proj = new Linear(a.at("v_proj"), d, e);
      l_proj = new Linear(a.at("l_proj"), d, e);
      values_v_proj = new Linear(a.at("values_v_proj"), d, e);
      values_l_proj = new Linear(a.at("values_l_proj"), d, e);
      out_v_proj = new Linear(a.at("out_v_proj"), e, d);
      out_l_proj = new Linear(a.at("out_l_proj"), e, d);
    }

    /** Residuals start at the normed features. The reference's shifts of the scores cancel out. */
    State forward(State s, Tensor padding, Tensor keys, boolean training) {
      Tensor vision = layer_norm_v.forward(s.vision());
      Tensor text = layer_norm_l.forward(s.text());
      Tensor v = F.splitHeads(v_proj.forward(vision), heads);
      Tensor l = F.splitHeads(l_proj.forward(text), heads);
      Tensor toVision = F.attention(v, l, F.splitHeads(values_l_proj.forward(text), heads), keys);
      Tensor toText =
          F.attention(l, v, F.splitHeads(values_v_proj.forward(vision), heads), padding);
      Tensor dv = gam_v.mul(out_v_proj.forward(F.joinHeads(toVision)));
      Tensor dl = gam_l.mul(out_l_proj.forward(F.joinHeads(toText)));
      return new State(
          vision.add(F.dropPath(dv, dropPath, training)),
          text.add(F.dropPath(dl, dropPath, training)));
    }
  }

  /** A transformer layer over the classes. */
  private static final class TextLayer {
    private final MultiheadAttention self_attn;
    private final Linear linear1;
    private final Linear linear2;
    private final LayerNorm norm1;
    private final LayerNorm norm2;

    TextLayer(Params p, UniPose.Config c) {
      long d = c.hidden();
      self_attn = new MultiheadAttention(p.at("self_attn"), d, c.heads() / 2);
      linear1 = new Linear(p.at("linear1"), d, c.ffn() / 2);
      linear2 = new Linear(p.at("linear2"), c.ffn() / 2, d);
      norm1 = new LayerNorm(p.at("norm1"), d, 1e-5);
      norm2 = new LayerNorm(p.at("norm2"), d, 1e-5);
    }

    /** (b, p, d) -> (b, p, d). */
    Tensor forward(Tensor text, TextMasks classes) {
      Tensor y = self_attn.self(text.add(classes.position()), text, classes.self());
      Tensor x = norm1.forward(text.add(y));
      return norm2.forward(x.add(linear2.forward(torch.relu(linear1.forward(x)))));
    }
  }

  /** Deformable self-attention over all levels, then an MLP. */
  private static final class Layer {
    private final DeformableAttention self_attn;
    private final LayerNorm norm1;
    private final Linear linear1;
    private final Linear linear2;
    private final LayerNorm norm2;
    private final double dropout;

    Layer(Params p, UniPose.Config c) {
      long d = c.hidden();
      self_attn =
          new DeformableAttention(p.at("self_attn"), d, c.heads(), c.levels(), c.encoderPoints());
      norm1 = new LayerNorm(p.at("norm1"), d, 1e-5);
      linear1 = new Linear(p.at("linear1"), d, c.ffn());
      linear2 = new Linear(p.at("linear2"), c.ffn(), d);
      norm2 = new LayerNorm(p.at("norm2"), d, 1e-5);
      dropout = c.dropout();
    }

    /** (b, n, d) -> (b, n, d). */
    Tensor forward(Tensor vision, Features f, boolean training) {
      Tensor y =
          self_attn.forward(
              vision.add(f.position()), vision, f.padding(), f.reference(), f.levels());
      Tensor x = norm1.forward(vision.add(F.dropout(y, dropout, training)));
      y = F.dropout(torch.relu(linear1.forward(x)), dropout, training);
      return norm2.forward(x.add(F.dropout(linear2.forward(y), dropout, training)));
    }
  }
}
