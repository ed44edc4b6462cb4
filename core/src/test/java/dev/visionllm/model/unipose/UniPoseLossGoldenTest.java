package dev.visionllm.model.unipose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.Golden;
import dev.visionllm.model.gdino.Denoising;
import dev.visionllm.model.gdino.DetectionLoss;
import dev.visionllm.model.gdino.GoldenTargets;
import dev.visionllm.model.gdino.Target;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** A training step of UniPose against the reference: denoising, losses, gradients. */
class UniPoseLossGoldenTest {
  private static final double PREDICTION = 1e-4;
  private static final double LOSS = 1e-5; // relative
  private static final double GRADIENT = 5e-5; // of the tensor's maximum
  private static final double NORM = 5e-4; // relative, of all parameters

  /**
   * Factors of the pixels, of the size of rounding. A point that samples a map at the border of two
   * cells has a gradient on either side, and which one comes out is the processor's rounding: 0.012
   * of the maximum apart with AVX-512, 6e-6 with the same machine's AVX2. The reference's gradients
   * have to come out for one of these; predictions and losses for each that is tried.
   */
  private static final double[] NUDGES = {1, 1 + 1e-6, 1 - 1e-6, 1 + 2e-6, 1 - 2e-6};

  /**
   * Falloffs that the reference gives to the 68 keypoint ids of a data set, whatever they mean: 17
   * like COCO's, and the same for all others.
   */
  private static final List<Double> REFERENCE_SIGMAS =
      Stream.concat(
              Stream.of(
                  .026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107,
                  .087, .087, .089, .089),
              Stream.generate(() -> .025).limit(51))
          .toList();

  @TestFactory
  Stream<DynamicTest> trainingSteps() {
    return Golden.tests(
        Golden.Kind.UNIPOSE_LOSS,
        g -> {
          long different = g.meta().get("num_obj").valueStream().distinct().count();
          if (different > 1) {
            System.out.printf(
                "%-32s skipped: class counts differ, where the reference mixes up the pictures'"
                    + " text masks%n",
                g.name());
            return;
          }
          AssertionError off = null;
          for (double nudge : NUDGES) {
            try (Params p = g.weights()) {
              off = check(g, p, nudge);
            }
            if (off == null) {
              return;
            }
            System.out.printf("%-32s pixels times %.6f: %s%n", g.name(), nudge, off.getMessage());
          }
          throw off;
        });
  }

  /** How the gradients are off; null if they are not. */
  private static AssertionError check(Golden g, Params p, double nudge) {
    UniPose model =
        new UniPose(p.at("unipose"), Configs.of(g.meta().get("swin"), g.meta().get("config")));
    p.taken().values().stream()
        .filter(Tensor::is_floating_point)
        .forEach(t -> t.requires_grad_(true));
    int slots = model.config().groups().slots();
    Tensor objects = g.io("text.obj_querys").requires_grad_(true);
    Tensor keypoints = g.io("text.kpt_querys").requires_grad_(true);
    Tensor pixels = F.scale(g.io("pixel_values"), nudge);
    Features f = model.features(pixels, g.io("padding_mask").logical_not(), true);
    Tensor classes = model.projectClasses(objects);
    List<PoseTarget> targets = targets(g);
    Denoising dn = denoising(g, targets, model.config().queries());
    g.check("dn.input_query_label", dn.content(classes), PREDICTION);
    g.check("dn.input_query_bbox_logit", dn.boxes(), PREDICTION);
    Tensor mask = g.io("text.obj_query_masks");
    UniPose.Output out =
        model.decode(
            f,
            classes,
            mask,
            model.projectPoints(F.slice(keypoints, 1, 0, slots)),
            F.slice(g.io("text.kpt_query_masks"), 1, 0, slots),
            dn,
            true);
    assertThat(Tensors.longs(out.chosen()))
        .isEqualTo(Tensors.longs(g.io("two_stage.topk_indices")));
    assertThat(Tensors.longs(out.poses().transpose(0, 1).contiguous()))
        .isEqualTo(Tensors.longs(g.io("pose_select.topk_indices")));
    int last = out.layers().size() - 1;
    prediction(g, "pred.last", out.last());
    prediction(g, "pred.interm", out.encoder());
    prediction(g, "pred.dn.last", out.denoising().get(last));
    for (int i = 0; i < last; i++) {
      prediction(g, "pred.aux" + i, out.layers().get(i));
      prediction(g, "pred.dn.aux" + i, out.denoising().get(i));
    }
    DetectionLoss.Result result = PoseLoss.PAPER.of(out, mask, targets, dn);
    losses(g, result);
    result.total().backward();
    try {
      gradient(g, "obj_querys", objects);
      gradient(g, "kpt_querys", keypoints);
      p.taken().forEach((name, t) -> gradient(g, name, t));
      norms(g, p);
      return null;
    } catch (AssertionError off) {
      return off;
    }
  }

  private static void prediction(Golden g, String name, UniPose.Prediction p) {
    g.check(name + ".pred_logits", p.logits(), PREDICTION);
    g.check(name + ".pred_boxes", p.boxes(), PREDICTION);
  }

  private static void losses(Golden g, DetectionLoss.Result result) {
    double worst = 0;
    for (Map.Entry<String, JsonNode> e : g.meta().get("loss_dict").properties()) {
      double expected = e.getValue().asDouble();
      assertThat(result.parts()).containsKey(e.getKey());
      double off = Math.abs(result.parts().get(e.getKey()) - expected) / Math.max(1, expected);
      assertThat(off).as(e.getKey()).isLessThanOrEqualTo(LOSS);
      worst = Math.max(worst, off);
    }
    assertThat(result.parts().keySet()).hasSize(g.meta().get("loss_dict").size());
    double total = g.meta().get("loss").asDouble();
    double off = result.total().item_double() - total;
    System.out.printf(
        "%-32s losses: max relative diff %.3g; total %.6f, diff %.3g%n",
        g.name(), worst, total, off);
    assertThat(Math.abs(off)).isLessThanOrEqualTo(LOSS * total);
  }

  private static void gradient(Golden g, String name, Tensor parameter) {
    String key = "grad." + name;
    if (g.has(key)) {
      g.check(key, parameter.grad(), GRADIENT * g.io(key).abs().max().item_double());
    }
  }

  private static void norms(Golden g, Params p) {
    double worst = 0;
    for (Map.Entry<String, JsonNode> e : g.meta().get("grad_norm_per_parameter").properties()) {
      Tensor gradient = p.taken().get("unipose." + e.getKey()).grad();
      double norm = gradient.defined() ? gradient.norm().item_double() : 0;
      double expected = e.getValue().asDouble();
      assertThat(norm).as(e.getKey()).isCloseTo(expected, within(NORM * Math.max(0.1, expected)));
      worst = Math.max(worst, Math.abs(norm - expected) / Math.max(0.1, expected));
    }
    System.out.printf("%-32s gradient norms: max relative diff %.3g%n", g.name(), worst);
  }

  private static Denoising denoising(Golden g, List<PoseTarget> targets, int queries) {
    JsonNode c = g.meta().get("config");
    Denoising.Settings settings =
        new Denoising.Settings(
            c.get("dn_number").asInt(),
            c.get("dn_label_noise_ratio").asDouble(),
            c.get("dn_box_noise_scale").asDouble(),
            Decoder.EPS);
    List<Target> objects = targets.stream().map(PoseTarget::objects).toList();
    return Denoising.of(objects, settings, queries, GoldenTargets.noise(g, ""));
  }

  /** Keypoints from the data set's order into the prompt's. */
  private static List<PoseTarget> targets(Golden g) {
    List<PoseTarget> targets = new ArrayList<>();
    int all = g.meta().get("config").get("num_body_points").asInt();
    for (int i = 0; g.has("target." + i + ".area"); i++) {
      String at = "target." + i + ".";
      JsonNode meta = g.meta();
      Target objects = GoldenTargets.of(g, i);
      float[] xyv = Tensors.floats(g.io(at + "keypoints_xyxyvv"));
      int n = objects.size();
      JsonNode order = meta.get("kpt_id2index").get(i);
      float[][] points = new float[n][2 * order.size()];
      float[][] visible = new float[n][order.size()];
      float[] sigmas = new float[order.size()];
      for (int j = 0; j < n; j++) {
        for (Map.Entry<String, JsonNode> e : order.properties()) {
          int id = Integer.parseInt(e.getKey());
          int k = e.getValue().asInt();
          points[j][2 * k] = xyv[j * 3 * all + 2 * id];
          points[j][2 * k + 1] = xyv[j * 3 * all + 2 * id + 1];
          visible[j][k] = xyv[j * 3 * all + 2 * all + id];
          sigmas[k] = REFERENCE_SIGMAS.get(id).floatValue();
        }
      }
      targets.add(
          new PoseTarget(objects, points, visible, Tensors.floats(g.io(at + "area")), sigmas));
    }
    return targets;
  }
}
