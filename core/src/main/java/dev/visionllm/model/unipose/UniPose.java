package dev.visionllm.model.unipose;

import dev.visionllm.model.gdino.Denoising;
import dev.visionllm.nn.Embedding;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Mlp;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.Pyramid;
import dev.visionllm.nn.TextMasks;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * UniPose (Yang et al. 2023) as VisionLLM v2 uses it: classes of objects and names of keypoints are
 * super-link queries of the language model, one group for each. Parameter names are those of the
 * reference's modeling_unipose.py, below {@code unipose}.
 *
 * <p>Shapes: b images; p classes and k keypoints, padded to the longest prompt of the batch; e
 * super-link queries each; l the language model's hidden size; d hidden size here; n picture tokens
 * of all levels; q box queries; g pose groups; s keypoint slots; m = g (1 + s) pose queries.
 */
public final class UniPose {
  /**
   * @param hidden d
   * @param queries q, at least the pose groups
   * @param boxLayers decoder layers before the poses
   * @param ffn hidden size of the MLPs; twice that of classes and fusion
   * @param heads of attention; twice those of classes and fusion
   * @param encoderPoints places a head looks at on each level
   * @param levels of the picture's pyramid: three from the backbone, more by convolution
   * @param groups the pose queries
   * @param textHidden l
   * @param sharedHeads whether decoder layers share their box and keypoint heads
   * @param temperature of the picture's position encoding
   * @param dropout in training
   * @param fusionDropPath in training
   */
  public record Config(
      Swin.Config backbone,
      int hidden,
      int queries,
      int encoderLayers,
      int decoderLayers,
      int boxLayers,
      int ffn,
      int heads,
      int encoderPoints,
      int decoderPoints,
      int levels,
      PoseGroups groups,
      int textHidden,
      boolean sharedHeads,
      double temperature,
      double dropout,
      double fusionDropPath) {
    /** The 7B release, with the reference's layout of pose queries. */
    public static final Config SWIN_T =
        new Config(
            Swin.Config.TINY,
            256,
            900,
            6,
            6,
            2,
            2048,
            8,
            4,
            4,
            4,
            new PoseGroups(50, 68, PoseGroups.Layout.REFERENCE),
            4096,
            true,
            20,
            0,
            0.1);

    /** Checks that the sizes fit together. */
    public Config {
      require(
          hidden % Pyramid.GROUPS == 0,
          "hidden " + hidden + " is not a multiple of " + Pyramid.GROUPS + " (group norm)");
      require(
          heads > 0 && heads % 2 == 0 && hidden % heads == 0,
          "heads " + heads + " are 0, odd or do not divide hidden " + hidden);
      require(ffn > 0 && ffn % heads == 0, "ffn " + ffn + " is not a multiple of heads " + heads);
      require(levels >= Swin.MAPS, "levels " + levels + " are fewer than the backbone's 3");
      require(
          encoderLayers > 0 && boxLayers > 0 && decoderLayers > boxLayers,
          encoderLayers
              + " encoder and "
              + decoderLayers
              + " decoder layers, "
              + boxLayers
              + " of them for boxes: each kind, poses too, needs at least one");
      require(
          queries >= groups.count(),
          queries + " box queries are fewer than the " + groups.count() + " poses chosen of them");
      require(
          groups.slots() > Decoder.COCO,
          groups.slots() + " keypoint slots should be more than " + Decoder.COCO);
    }

    private static void require(boolean ok, String message) {
      if (!ok) {
        throw new IllegalArgumentException("UniPose: " + message);
      }
    }
  }

  /**
   * @param logits of each query for each class, minus infinity for padded classes, (b, q or g, p)
   * @param boxes centre x, y, width, height in shares of the picture without padding, (b, q or g,
   *     4)
   * @param keypoints x, y in shares of the picture without padding, free slots included, (b, g, s,
   *     2); null where a layer has no poses yet
   */
  public record Prediction(Tensor logits, Tensor boxes, Tensor keypoints) {}

  /**
   * @param features what was decoded
   * @param layers of the decoder, first to last; the last is the answer
   * @param denoising of the denoising queries in each layer, without keypoints, or empty
   * @param encoder of the chosen picture tokens; gradients flow into their boxes
   * @param chosen which tokens these are, best first, int64 (b, q)
   * @param poses which box queries became pose groups, best first, int64 (b, g)
   * @param states the queries after each layer, normed, those of denoising first, (b, q or m, d)
   * @param references x, y, w, h that entered each layer, likewise, (b, q or m, 4)
   * @param vision the encoder's picture tokens, (b, n, d)
   * @param text the encoder's classes, (b, p, d)
   */
  public record Output(
      Features features,
      List<Prediction> layers,
      List<Prediction> denoising,
      Prediction encoder,
      Tensor chosen,
      Tensor poses,
      List<Tensor> states,
      List<Tensor> references,
      Tensor vision,
      Tensor text) {
    /** The last layer's. */
    public Prediction last() {
      return layers.get(layers.size() - 1);
    }
  }

  private final Config c;
  private final Swin backbone;
  private final Pyramid pyramid;
  private final Encoder encoder;
  private final Heads heads;
  private final Decoder decoder;
  private final Embedding tgt_embed; // (q, d)
  private final Linear enc_output;
  private final LayerNorm enc_output_norm;
  private final Mlp enc_out_bbox_embed;
  private final Mlp projection_llava;
  private final Mlp projection_kpt_llava;

  /**
   * @param p the cursor at {@code unipose}
   */
  public UniPose(Params p, Config c) {
    this.c = c;
    int d = c.hidden();
    Params t = p.at("transformer");
    backbone = new Swin(p.at("backbone.0"), c.backbone());
    pyramid =
        new Pyramid(t, p.at("input_proj"), c.backbone().channels(), c.levels(), d, c.temperature());
    encoder = new Encoder(t.at("encoder"), c);
    heads = new Heads(p, t.at("decoder"), c);
    decoder = new Decoder(t.at("decoder"), c, heads);
    tgt_embed = new Embedding(t.at("tgt_embed"), c.queries(), d);
    enc_output = new Linear(t.at("enc_output"), d, d);
    enc_output_norm = new LayerNorm(t.at("enc_output_norm"), d, 1e-5);
    enc_out_bbox_embed = new Mlp(t.at("enc_out_bbox_embed"), d, d, d, 4);
    projection_llava = new Mlp(p.at("projection_llava"), c.textHidden(), d, d, d);
    projection_kpt_llava = new Mlp(p.at("projection_kpt_llava"), c.textHidden(), d, d, d);
  }

  /** The sizes it was built with. */
  public Config config() {
    return c;
  }

  /** Super-link queries of classes (b, p, e, l) -> one vector a class, (b, p, d). */
  public Tensor projectClasses(Tensor queries) {
    return TensorScope.of(() -> F.mean(projection_llava.forward(queries), -2));
  }

  /** Super-link queries of keypoints (b, k, e, l) -> one vector a keypoint, (b, k, d). */
  public Tensor projectPoints(Tensor queries) {
    return TensorScope.of(() -> F.mean(projection_kpt_llava.forward(queries), -2));
  }

  /**
   * The half that depends on the picture only.
   *
   * @param pixels (b, 3, h, w), normalised
   * @param pixelMask (b, h, w) bool, true for pixels of a picture; null if no picture is padded
   * @param training whether to drop paths at random
   */
  public Features features(Tensor pixels, Tensor pixelMask, boolean training) {
    boolean padded = pixelMask != null && !pixelMask.all().item_bool();
    return pyramid.forward(backbone.forward(pixels, training), padded ? pixelMask : null, pixels);
  }

  /**
   * The half that finds objects and their keypoints. All classes of an image have its keypoints;
   * for classes with different keypoints decode the same features again.
   *
   * @param classes (b, p, d) of {@link #projectClasses}
   * @param classMask (b, p) bool, true for classes; null if every image has p classes
   * @param points (b, k, d) of {@link #projectPoints}
   * @param pointMask (b, k) bool, true for keypoints; null if every image has k keypoints
   * @param denoising for a training step, or null
   * @param training whether to drop values and paths at random, and to lay pose queries out as in
   *     training
   */
  public Output decode(
      Features f,
      Tensor classes,
      Tensor classMask,
      Tensor points,
      Tensor pointMask,
      Denoising denoising,
      boolean training) {
    Tensor absent = check(f, classes, classMask, points); // (b, p), or null
    TextMasks masks = TextMasks.of(classes, absent);
    return decode(f, classes, absent, masks, points, pointMask, denoising, training);
  }

  /** The same with given masks between classes. @param absent (b, p), true for padding, or null */
  Output decode(
      Features f,
      Tensor classes,
      Tensor absent,
      TextMasks masks,
      Tensor points,
      Tensor pointMask,
      Denoising denoising,
      boolean training) {
    Encoder.State memory = encoder.forward(f, classes, masks, training);
    List<Tensor> found = TensorScope.all(() -> choose(f, memory, absent));
    Decoder.Context on =
        new Decoder.Context(
            f,
            memory,
            absent,
            masks.keys(),
            TensorScope.of(() -> slots(points, pointMask)),
            denoising == null ? 0 : denoising.count(),
            denoising == null
                ? null
                : F.maskOut(denoising.mask(), classes).unsqueeze(0).unsqueeze(0),
            TensorScope.of(() -> between(points, pointMask, denoising, training)));
    long b = f.vision().size(0);
    Tensor queries = tgt_embed.weight().unsqueeze(0).expand(b, c.queries(), c.hidden());
    Tensor boxes = found.get(2).detach();
    if (denoising != null) {
      queries = F.cat(1, denoising.content(classes), queries);
      boxes = F.cat(1, torch.sigmoid(denoising.boxes()).detach(), boxes);
    }
    Decoder.Out out = decoder.forward(on, queries, boxes, training);
    List<Prediction> layers = new ArrayList<>();
    List<Prediction> repaired = new ArrayList<>();
    for (int i = 0; i < out.turns().size(); i++) {
      Decoder.Turn turn = out.turns().get(i);
      long all = turn.state().size(1);
      boolean poses = i >= c.boxLayers();
      layers.add(predict(i, poses, turn.slice(on.repaired(), all), memory, absent));
      if (denoising != null) {
        repaired.add(predict(i, false, turn.slice(0, on.repaired()), memory, absent));
      }
    }
    return new Output(
        f,
        List.copyOf(layers),
        List.copyOf(repaired),
        new Prediction(found.get(1), found.get(2), null),
        found.get(0),
        out.chosen(),
        out.turns().stream().map(Decoder.Turn::state).toList(),
        out.turns().stream().map(Decoder.Turn::reference).toList(),
        memory.vision(),
        memory.text());
  }

  private Prediction predict(
      int layer, boolean poses, Decoder.Turn turn, Encoder.State memory, Tensor absent) {
    List<Tensor> out =
        TensorScope.all(
            () -> {
              Tensor state = turn.state();
              Tensor from = turn.reference();
              if (!poses) {
                return List.of(logits(state, memory.text(), absent), heads.box(layer, state, from));
              }
              int length = c.groups().length();
              Tensor states = state.view(state.size(0), c.groups().count(), length, c.hidden());
              Tensor places = from.view(state.size(0), c.groups().count(), length, 4);
              Tensor box = states.select(2, 0); // (b, g, d)
              Tensor start =
                  F.inverseSigmoid(F.slice(F.slice(places, 2, 1, length), -1, 0, 2), Decoder.EPS);
              Tensor move = heads.point(layer, F.slice(states, 2, 1, length)); // (b, g, s, 2)
              return List.of(
                  logits(box, memory.text(), absent),
                  heads.box(layer, box, places.select(2, 0)),
                  torch.sigmoid(move.add(start)));
            });
    return new Prediction(out.get(0), out.get(1), out.size() > 2 ? out.get(2) : null);
  }

  /**
   * Two-stage selection: every picture token proposes a box, the best become references.
   *
   * @return indices (b, q), the chosen ones' logits and boxes
   */
  private List<Tensor> choose(Features f, Encoder.State memory, Tensor absent) {
    Tensor x = F.fill(memory.vision(), f.unusable(), 0);
    x = enc_output_norm.forward(enc_output.forward(x));
    Tensor logits = logits(x, memory.text(), absent); // (b, n, p)
    Tensor boxes = enc_out_bbox_embed.forward(x).add(f.proposals());
    Tensor best = logits.detach().amax(new long[] {-1}, false);
    Tensor chosen = F.topIndices(best, c.queries());
    return List.of(chosen, F.rows(logits, chosen), torch.sigmoid(F.rows(boxes, chosen)));
  }

  /** (b, i, d), (b, p, d) -> (b, i, p). */
  static Tensor logits(Tensor x, Tensor text, Tensor absent) {
    Tensor y = torch.matmul(x, text.transpose(1, 2));
    return absent == null ? y : F.fill(y, absent.unsqueeze(1), Double.NEGATIVE_INFINITY);
  }

  /** Keypoints in all slots, zero where there is none: (b, k, d) -> (b, s, d). */
  private Tensor slots(Tensor points, Tensor pointMask) {
    Tensor own =
        pointMask == null ? points : F.fill(points, pointMask.logical_not().unsqueeze(-1), 0);
    return torch.constant_pad_nd(own, 0, 0, 0, c.groups().slots() - points.size(1));
  }

  /**
   * Who does not see whom among the denoising queries, which are alone, and the pose queries behind
   * them, which do not see those: additive, (b, 1, n + m, n + m).
   */
  private Tensor between(Tensor points, Tensor pointMask, Denoising denoising, boolean training) {
    long b = points.size(0);
    long k = points.size(1);
    Tensor box = torch.ones(b, 1).to(points.device(), torch.ScalarType.Bool);
    Tensor own = pointMask == null ? box.expand(b, k) : pointMask.to(torch.ScalarType.Bool);
    Tensor free = box.logical_not().expand(b, c.groups().slots() - k);
    PoseGroups groups = training ? c.groups().inTraining() : c.groups();
    Tensor hidden = groups.hidden(F.cat(1, box, own, free));
    if (denoising != null) {
      long n = denoising.count();
      long m = hidden.size(1);
      Tensor first = F.slice(F.slice(denoising.mask(), 0, 0, n), 1, 0, n).expand(b, n, n);
      Tensor yes = box.unsqueeze(2);
      hidden =
          F.cat(
              1,
              F.cat(2, first, yes.logical_not().expand(b, n, m)),
              F.cat(2, yes.expand(b, m, n), hidden));
    }
    return F.maskOut(hidden, points).unsqueeze(1);
  }

  /** Where classes are padding; null if none is. */
  private Tensor check(Features f, Tensor classes, Tensor classMask, Tensor points) {
    if (points.size(1) < 1 || points.size(1) > c.groups().slots()) {
      throw new IllegalArgumentException(
          points.size(1)
              + " keypoints do not fit the "
              + c.groups().slots()
              + " slots of a pose: name 1 to "
              + c.groups().slots());
    }
    if (f.vision().size(1) < c.queries()) {
      throw new IllegalArgumentException(
          "the picture has "
              + f.vision().size(1)
              + " tokens, fewer than the "
              + c.queries()
              + " box queries: enlarge it");
    }
    if (classMask == null || classMask.all().item_bool()) {
      return null;
    }
    if (!classMask.any(1).all().item_bool()) {
      throw new IllegalArgumentException("an image of the batch has no class to look for");
    }
    return classMask.logical_not();
  }
}
