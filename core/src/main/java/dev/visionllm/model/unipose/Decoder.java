package dev.visionllm.model.unipose;

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
 * UniPose's decoder. The first layers refine boxes; the best boxes then become groups of one box
 * and s keypoint queries, whose places the other layers refine.
 *
 * <p>Shapes: b images, n picture tokens, p classes, d hidden size, q box queries, g groups, s
 * keypoint slots, m = g (1 + s) pose queries.
 */
final class Decoder {
  /** Clamps the places of the refinement, as the reference does. */
  static final double EPS = 1e-3;

  /** Rows of the first table of keypoint sizes; the second has the other slots. */
  static final int COCO = 17;

  /**
   * What a layer hands to the heads. Gradients reach the layer before through the reference.
   *
   * @param state normed queries, (b, q or m, d)
   * @param reference x, y, w, h that entered the layer, (b, q or m, 4)
   */
  record Turn(Tensor state, Tensor reference) {
    /** Of some of the queries. */
    Turn slice(long from, long to) {
      return new Turn(F.slice(state, 1, from, to), F.slice(reference, 1, from, to));
    }
  }

  /**
   * @param turns of all layers
   * @param chosen the box queries that became groups, best first, int64 (b, g)
   */
  record Out(List<Turn> turns, Tensor chosen) {}

  /**
   * What the layers look at.
   *
   * @param f the picture before the encoder
   * @param memory the encoder's output
   * @param absent true for padded classes, (b, p), or null
   * @param keys hides padded classes: additive, (b, 1, 1, p), or null
   * @param points what the keypoint queries start from, zero where invalid, (b, s, d)
   * @param repaired denoising queries n, which come first in every layer
   * @param boxMask between these and box queries: additive, (1, 1, n + q, n + q), or null
   * @param mask between these and pose queries: additive, (b, 1, n + m, n + m)
   */
  record Context(
      Features f,
      Encoder.State memory,
      Tensor absent,
      Tensor keys,
      Tensor points,
      long repaired,
      Tensor boxMask,
      Tensor mask) {}

  private final UniPose.Config c;
  private final Heads heads;
  private final List<Layer> layers;
  private final LayerNorm norm;
  private final Mlp ref_point_head;
  private final Tensor hw; // (17, 2)
  private final Tensor hw_append; // (s - 17, 2)

  Decoder(Params p, UniPose.Config c, Heads heads) {
    this.c = c;
    this.heads = heads;
    long d = c.hidden();
    layers = p.at("layers").list(c.decoderLayers(), q -> new Layer(q, c));
    norm = new LayerNorm(p.at("norm"), d, 1e-5);
    ref_point_head = new Mlp(p.at("ref_point_head"), 2 * d, d, d);
    hw = p.at("hw").tensor("weight", COCO, 2);
    hw_append = p.at("hw_append").tensor("weight", c.groups().slots() - COCO, 2);
  }

  /**
   * @param queries what the box queries start from, (b, q, d)
   * @param boxes where they start from, x, y, w, h in shares of the picture without padding, (b, q,
   *     4)
   */
  Out forward(Context on, Tensor queries, Tensor boxes, boolean training) {
    Tensor ratios = F.cat(-1, on.f().ratios(), on.f().ratios()).unsqueeze(1);
    List<Turn> turns = new ArrayList<>();
    Tensor chosen = null;
    Tensor x = queries;
    Tensor reference = boxes;
    for (int i = 0; i < layers.size(); i++) {
      int at = i;
      Tensor in = x;
      Tensor from = reference;
      List<Tensor> out =
          TensorScope.all(
              () -> {
                Tensor place = from.detach();
                Tensor around = place.unsqueeze(2).mul(ratios); // (b, q or m, levels, 4)
                Tensor position =
                    ref_point_head.forward(
                        PositionEncoding.boxes(around.select(2, 0), c.hidden() / 2).type_as(in));
                Tensor mask = at < c.boxLayers() ? on.boxMask() : on.mask();
                Tensor y = layers.get(at).forward(in, position, around, on, mask, training);
                Tensor state = norm.forward(y);
                if (at >= c.boxLayers()) {
                  return List.of(state, y, refinePoses(at, y, place, on.repaired()));
                }
                Tensor refined = heads.box(at, y, place);
                if (at + 1 < c.boxLayers()) {
                  return List.of(state, y, refined);
                }
                long n = on.repaired();
                long all = y.size(1);
                Tensor found = F.slice(y, 1, n, all);
                Tensor best = choose(on, found);
                Tensor groups = groups(found, on, best);
                Tensor places = places(F.slice(refined, 1, n, all), on, best);
                return List.of(state, behind(y, n, groups), behind(refined, n, places), best);
              });
      turns.add(new Turn(out.get(0), from));
      x = out.get(1);
      reference = out.get(2);
      chosen = out.size() > 3 ? out.get(3) : chosen;
    }
    return new Out(List.copyOf(turns), chosen);
  }

  /** The queries that are surest of any class: (b, q, d) -> int64 (b, g). */
  private Tensor choose(Context on, Tensor y) {
    Tensor logits = UniPose.logits(y, on.memory().text(), on.absent()).detach();
    return F.topIndices(logits.amax(new long[] {-1}, false), c.groups().count());
  }

  /** The box queries' states, each followed by the keypoints' embeddings: (b, m, d). */
  private Tensor groups(Tensor y, Context on, Tensor best) {
    Tensor box = F.rows(y, best).unsqueeze(2); // (b, g, 1, d)
    Tensor points =
        on.points()
            .unsqueeze(1)
            .expand(y.size(0), c.groups().count(), c.groups().slots(), c.hidden());
    return F.cat(2, box, points).flatten(1, 2);
  }

  /** Where the groups start: the boxes, and in each the keypoints' first guess, (b, m, 4). */
  private Tensor places(Tensor refined, Context on, Tensor best) {
    Tensor box = F.rows(refined, best).unsqueeze(2); // (b, g, 1, 4)
    Tensor xy = heads.firstPoint(on.points()).unsqueeze(1); // (b, 1, s, 2)
    xy = torch.sigmoid(F.inverseSigmoid(F.slice(box, -1, 0, 2), EPS).add(xy)); // (b, g, s, 2)
    Tensor wh = torch.sigmoid(F.cat(0, hw, hw_append)).mul(F.slice(box, -1, 2, 4));
    return F.cat(2, box, F.cat(-1, xy, wh)).flatten(1, 2);
  }

  /** (b, n + m, d) and (b, n + m, 4) -> (b, n + m, 4). */
  private Tensor refinePoses(int layer, Tensor y, Tensor place, long n) {
    long b = y.size(0);
    long s = c.groups().length();
    Tensor states = F.slice(y, 1, n, y.size(1)).reshape(b, c.groups().count(), s, c.hidden());
    Tensor places = F.slice(place, 1, n, y.size(1)).reshape(b, c.groups().count(), s, 4);
    Tensor box = heads.box(layer, F.slice(states, 2, 0, 1), F.slice(places, 2, 0, 1));
    Tensor points = F.slice(states, 2, 1, s);
    Tensor move = F.cat(-1, heads.point(layer, points), heads.pointSize(layer, points));
    Tensor from = F.inverseSigmoid(F.slice(places, 2, 1, s), EPS);
    Tensor poses = F.cat(2, box, torch.sigmoid(from.add(move))).flatten(1, 2);
    return n == 0
        ? poses
        : F.cat(1, heads.box(layer, F.slice(y, 1, 0, n), F.slice(place, 1, 0, n)), poses);
  }

  /** The first n queries of x and then the rest; the rest itself if n is 0. */
  private static Tensor behind(Tensor x, long n, Tensor rest) {
    return n == 0 ? rest : F.cat(1, F.slice(x, 1, 0, n), rest);
  }

  private static final class Layer {
    private final MultiheadAttention self_attn;
    private final LayerNorm norm2;
    private final MultiheadAttention ca_text;
    private final LayerNorm catext_norm;
    private final DeformableAttention cross_attn;
    private final LayerNorm norm1;
    private final Linear linear1;
    private final Linear linear2;
    private final LayerNorm norm3;
    private final double dropout;

    Layer(Params p, UniPose.Config c) {
      long d = c.hidden();
      cross_attn =
          new DeformableAttention(p.at("cross_attn"), d, c.heads(), c.levels(), c.decoderPoints());
      norm1 = new LayerNorm(p.at("norm1"), d, 1e-5);
      ca_text = new MultiheadAttention(p.at("ca_text"), d, c.heads());
      catext_norm = new LayerNorm(p.at("catext_norm"), d, 1e-5);
      self_attn = new MultiheadAttention(p.at("self_attn"), d, c.heads());
      norm2 = new LayerNorm(p.at("norm2"), d, 1e-5);
      linear1 = new Linear(p.at("linear1"), d, c.ffn());
      linear2 = new Linear(p.at("linear2"), c.ffn(), d);
      norm3 = new LayerNorm(p.at("norm3"), d, 1e-5);
      dropout = c.dropout();
    }

    /** (b, q or m, d) -> the same. */
    Tensor forward(
        Tensor queries, Tensor position, Tensor around, Context on, Tensor mask, boolean training) {
      Tensor y = self_attn.self(queries.add(position), queries, mask);
      Tensor x = norm2.forward(queries.add(F.dropout(y, dropout, training)));
      y = ca_text.cross(x.add(position), on.memory().text(), on.keys());
      x = catext_norm.forward(x.add(F.dropout(y, dropout, training)));
      Features f = on.f();
      y =
          cross_attn.forward(
              x.add(position), on.memory().vision(), f.padding(), around, f.levels());
      x = norm1.forward(x.add(F.dropout(y, dropout, training)));
      y = F.dropout(torch.relu(linear1.forward(x)), dropout, training);
      return norm3.forward(x.add(F.dropout(linear2.forward(y), dropout, training)));
    }
  }
}
