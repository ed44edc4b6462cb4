package dev.visionllm.model.unipose;

import dev.visionllm.model.gdino.Denoising;
import dev.visionllm.model.gdino.DetectionLoss;
import dev.visionllm.model.gdino.Target;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * UniPose's training criterion (the reference's DNSetCriterion): that of Grounding DINO for classes
 * and boxes of all layers, and for the layers with poses the L1 distance of keypoints and one minus
 * their object keypoint similarity, in matching and in the loss. Sums are divided by the number of
 * objects of the batch.
 *
 * <p>Shapes: s heads, b pictures, g poses, n objects of the fullest picture, k keypoint slots.
 *
 * @param boxes classes and boxes
 * @param pointCost L1 cost of keypoints in matching
 * @param oksCost similarity cost in matching
 * @param pointWeight of the L1 loss
 * @param oksWeight of the similarity loss
 */
public record PoseLoss(
    DetectionLoss.Config boxes,
    double pointCost,
    double oksCost,
    double pointWeight,
    double oksWeight) {
  /** The paper's; the reference gives the similarity the weight of the distance. */
  public static final PoseLoss PAPER = new PoseLoss(DetectionLoss.Config.PAPER, 10, 4, 10, 10);

  private static final double EPS = 1e-6;

  /** Objects of a batch, padded to the fullest picture, with a dimension for the poses. */
  private record Truth(Tensor points, Tensor visible, Tensor areas, Tensor sigmas) {}

  /** As the other criterion's result: loss_ce, loss_bbox, loss_giou, loss_keypoints, loss_oks. */
  public DetectionLoss.Result of(
      UniPose.Output out, Tensor classMask, List<PoseTarget> targets, Denoising denoising) {
    List<Target> objects = targets.stream().map(PoseTarget::objects).toList();
    int count = objects.stream().mapToInt(Target::size).sum();
    double by = Math.max(1, count);
    DetectionLoss criterion = new DetectionLoss(boxes);
    Map<String, Double> parts = new LinkedHashMap<>();
    Tensor total =
        TensorScope.of(
            () -> {
              Tensor mask =
                  classMask == null
                      ? F.slice(out.last().logits(), 1, 0, 1).squeeze(1).isfinite()
                      : classMask;
              List<DetectionLoss.Heads> plain = new ArrayList<>();
              plain.add(heads(out, false, "_interm"));
              DetectionLoss.Heads posed = heads(out, true, "");
              List<Tensor> all = new ArrayList<>();
              for (DetectionLoss.Heads h : plain) {
                all.add(
                    judged(
                        criterion.terms(h, criterion.match(h, objects, null), objects, mask, by),
                        h,
                        parts));
              }
              Tensor points = points(out); // (s, b, g, k, 2)
              Truth truth = truth(targets, Math.toIntExact(points.size(3)), points);
              int[][][] matches =
                  criterion.match(
                      posed, objects, count == 0 ? null : costs(points.detach(), truth));
              all.add(judged(criterion.terms(posed, matches, objects, mask, by), posed, parts));
              if (count > 0) {
                Tensor apart = keypoints(points, truth, matches, by); // (s, 2)
                record(apart, posed, parts, "loss_keypoints", "loss_oks");
                all.add(weighted(apart, pointWeight, oksWeight));
              }
              if (denoising != null) {
                DetectionLoss.Heads h = repaired(out);
                int[][][] known = DetectionLoss.partners(h, denoising, objects);
                double each = by * denoising.groups();
                all.add(judged(criterion.terms(h, known, objects, mask, each), h, parts));
              }
              return F.stack(0, all).sum();
            });
    return new DetectionLoss.Result(total, Collections.unmodifiableMap(parts));
  }

  private Tensor judged(Tensor terms, DetectionLoss.Heads h, Map<String, Double> parts) {
    record(terms, h, parts, "loss_ce", "loss_bbox", "loss_giou");
    return weighted(terms, boxes.classWeight(), boxes.boxWeight(), boxes.giouWeight());
  }

  private static void record(
      Tensor terms, DetectionLoss.Heads h, Map<String, Double> parts, String... names) {
    float[] values = Tensors.floats(terms.detach());
    for (int i = 0; i < values.length; i++) {
      String suffix = h.suffixes().get(i / names.length);
      parts.put(names[i % names.length] + suffix, (double) values[i]);
    }
  }

  /** Terms (s, t) times the weights of their columns, summed. */
  private static Tensor weighted(Tensor terms, double... weights) {
    float[] w = new float[weights.length];
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) weights[i];
    }
    return terms.mul(Tensors.of(w, w.length).to(terms.device(), ScalarType.Float)).sum();
  }

  /** Layers with poses, the last one first; or those without and the encoder's choice. */
  private static DetectionLoss.Heads heads(UniPose.Output out, boolean poses, String other) {
    List<String> suffixes = new ArrayList<>();
    List<UniPose.Prediction> list = new ArrayList<>();
    int last = out.layers().size() - 1;
    if (poses) {
      suffixes.add(other);
      list.add(out.last());
    }
    for (int i = 0; i < last; i++) {
      if ((out.layers().get(i).keypoints() != null) == poses) {
        suffixes.add("_" + i);
        list.add(out.layers().get(i));
      }
    }
    if (!poses) {
      suffixes.add(other);
      list.add(out.encoder());
    }
    return stacked(suffixes, list);
  }

  private static DetectionLoss.Heads repaired(UniPose.Output out) {
    int last = out.denoising().size() - 1;
    List<String> suffixes = new ArrayList<>(List.of("_dn"));
    List<UniPose.Prediction> list = new ArrayList<>(List.of(out.denoising().get(last)));
    for (int i = 0; i < last; i++) {
      suffixes.add("_dn_" + i);
      list.add(out.denoising().get(i));
    }
    return stacked(suffixes, list);
  }

  private static DetectionLoss.Heads stacked(List<String> suffixes, List<UniPose.Prediction> list) {
    return new DetectionLoss.Heads(
        suffixes,
        F.stack(0, list.stream().map(UniPose.Prediction::logits).toList()),
        F.stack(0, list.stream().map(UniPose.Prediction::boxes).toList()));
  }

  /** Keypoints of the layers that have some, the last one first: (s, b, g, k, 2). */
  private static Tensor points(UniPose.Output out) {
    List<Tensor> list = new ArrayList<>(List.of(out.last().keypoints()));
    for (UniPose.Prediction p : out.layers().subList(0, out.layers().size() - 1)) {
      if (p.keypoints() != null) {
        list.add(p.keypoints());
      }
    }
    return F.stack(0, list).to(ScalarType.Float);
  }

  /** Points (b, 1, n, k, 2), flags (b, 1, n, k), areas (b, 1, n, 1), sigmas (b, 1, 1, k). */
  private static Truth truth(List<PoseTarget> targets, int k, Tensor like) {
    int b = targets.size();
    int n = Math.max(1, targets.stream().mapToInt(t -> t.objects().size()).max().orElse(0));
    float[] points = new float[b * n * k * 2];
    float[] visible = new float[b * n * k];
    float[] areas = new float[b * n];
    float[] sigmas = new float[b * k];
    Arrays.fill(areas, 1);
    Arrays.fill(sigmas, 1);
    for (int i = 0; i < b; i++) {
      PoseTarget t = targets.get(i);
      System.arraycopy(t.sigmas(), 0, sigmas, i * k, t.sigmas().length);
      for (int j = 0; j < t.objects().size(); j++) {
        int at = i * n + j;
        areas[at] = t.areas()[j];
        System.arraycopy(t.points()[j], 0, points, at * k * 2, t.points()[j].length);
        System.arraycopy(t.visible()[j], 0, visible, at * k, t.visible()[j].length);
      }
    }
    var device = like.device();
    return new Truth(
        Tensors.of(points, b, 1, n, k, 2).to(device, ScalarType.Float),
        Tensors.of(visible, b, 1, n, k).to(device, ScalarType.Float),
        Tensors.of(areas, b, 1, n, 1).to(device, ScalarType.Float),
        Tensors.of(sigmas, b, 1, 1, k).to(device, ScalarType.Float));
  }

  /** Costs of all pairs of pose and object: (s, b, g, k, 2) -> (s, b, g, n). */
  private Tensor costs(Tensor points, Truth truth) {
    List<Tensor> rows = new ArrayList<>();
    for (long i = 0; i < points.size(0); i++) {
      Tensor p = points.select(0, i).unsqueeze(2); // (b, g, 1, k, 2)
      rows.add(
          TensorScope.of(
              () -> {
                Tensor off = p.sub(truth.points()); // (b, g, n, k, 2)
                return F.scale(distance(off, truth.visible()), pointCost)
                    .add(F.scale(unlike(off, truth), oksCost));
              }));
    }
    return F.stack(0, rows);
  }

  /** L1 distance over the keypoints that count: (..., k, 2), (..., k) -> (...). */
  private static Tensor distance(Tensor off, Tensor visible) {
    return F.sum(F.sum(off.abs(), -1).mul(visible), -1);
  }

  /** One minus object keypoint similarity: (..., k, 2) -> (...). */
  private static Tensor unlike(Tensor off, Truth t) {
    Tensor variance = F.scale(t.sigmas(), 2).square();
    Tensor far = F.sum(off.square(), -1).div(F.scale(t.areas().mul(variance), 2));
    Tensor like = F.sum(torch.exp(far.neg()).mul(t.visible()), -1);
    Tensor oks = like.div(F.sum(t.visible(), -1).add(new Scalar(EPS)));
    return oks.clamp_min(new Scalar(EPS)).neg().add(new Scalar(1.0));
  }

  /** Losses of the matched poses: (s, 2). */
  private static Tensor keypoints(Tensor points, Truth truth, int[][][] matches, double by) {
    long b = points.size(1);
    long g = points.size(2);
    long n = truth.areas().size(2);
    List<Tensor> rows = new ArrayList<>();
    for (int s = 0; s < matches.length; s++) {
      List<Long> poses = new ArrayList<>();
      List<Long> objects = new ArrayList<>();
      List<Long> pictures = new ArrayList<>();
      for (int i = 0; i < b; i++) {
        for (int j = 0; j < g; j++) {
          if (matches[s][i][j] >= 0) {
            poses.add(i * g + j);
            objects.add(i * n + matches[s][i][j]);
            pictures.add((long) i);
          }
        }
      }
      Tensor of = index(objects, points);
      Truth mine =
          new Truth(
              truth.points().flatten(0, 2).index_select(0, of),
              truth.visible().flatten(0, 2).index_select(0, of),
              truth.areas().flatten(0, 2).index_select(0, of),
              truth.sigmas().flatten(0, 2).index_select(0, index(pictures, points)));
      Tensor found = points.select(0, s).flatten(0, 1).index_select(0, index(poses, points));
      Tensor off = found.sub(mine.points()); // (m, k, 2)
      rows.add(
          F.scale(
              F.stack(0, distance(off, mine.visible()).sum(), unlike(off, mine).sum()), 1 / by));
    }
    return F.stack(0, rows);
  }

  private static Tensor index(List<Long> values, Tensor like) {
    long[] flat = values.stream().mapToLong(Long::longValue).toArray();
    return Tensors.of(flat, flat.length).to(like.device(), ScalarType.Long);
  }
}
