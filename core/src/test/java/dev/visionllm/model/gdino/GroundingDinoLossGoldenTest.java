package dev.visionllm.model.gdino;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.Golden;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** Training of Grounding DINO against the reference: denoising, matching, losses, gradients. */
class GroundingDinoLossGoldenTest {
  @TestFactory
  Stream<DynamicTest> denoisingQueries() {
    return Golden.tests(
        Golden.Kind.GROUNDING_DINO_LOSS,
        g -> {
          Denoising dn = denoising(g);
          assertThat(dn.groups()).isEqualTo((int) Tensors.longs(g.io("dn.dn_num"))[0]);
          assertThat(2 * dn.slots()).isEqualTo((int) Tensors.longs(g.io("dn.single_padding"))[0]);
          assertThat(Tensors.booleans(dn.mask())).isEqualTo(Tensors.booleans(g.io("dn.attn_mask")));
          g.check("dn.input_query_bbox_logit", dn.boxes(), 1e-5);
          g.check("dn.input_query_label", dn.content(text(g)), 1e-5);
        });
  }

  @TestFactory
  Stream<DynamicTest> matches() {
    return Golden.tests(
        Golden.Kind.GROUNDING_DINO_LOSS,
        g -> {
          List<Target> targets = targets(g);
          DetectionLoss.Heads heads = matching(g);
          int[][][] matches = new DetectionLoss(config(g)).match(heads, targets, null);
          // the reference's order: last layer, earlier layers, encoder; ours is the same
          for (int s = 0; s < matches.length; s++) {
            for (int b = 0; b < targets.size(); b++) {
              String name = "match." + s + ".image" + b;
              int[] match = matches[s][b];
              long[] queries =
                  LongStream.range(0, match.length).filter(q -> match[(int) q] >= 0).toArray();
              assertThat(queries).as(name).isEqualTo(Tensors.longs(g.io(name + ".query")));
              assertThat(LongStream.of(queries).map(q -> match[(int) q]).toArray())
                  .as(name)
                  .isEqualTo(Tensors.longs(g.io(name + ".target")));
            }
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> lossesOfTheReferencesPredictions() {
    return Golden.tests(
        Golden.Kind.GROUNDING_DINO_LOSS,
        g -> {
          DetectionLoss.Heads dn = heads(g, "_dn", "dn.last", "dn.aux");
          DetectionLoss.Result result =
              new DetectionLoss(config(g))
                  .of(matching(g), dn, denoising(g), null, g.io("text_query_masks"), targets(g));
          check(g, result, false);
        });
  }

  /** The whole step: network with denoising, criterion, gradients of all parameters. */
  @TestFactory
  Stream<DynamicTest> trainingSteps() {
    return Golden.tests(
        Golden.Kind.GROUNDING_DINO_LOSS,
        g -> {
          Set<Integer> counts = new HashSet<>();
          g.meta().get("classes_per_image").forEach(n -> counts.add(n.asInt()));
          if (counts.size() > 1) {
            System.out.printf(
                "%-32s step and gradients skipped: class counts %s differ, where the reference"
                    + " mixes up the pictures' text masks%n",
                g.name(), counts);
            return;
          }
          try (Params p = g.weights()) {
            step(g, p);
          }
        });
  }

  private static void step(Golden g, Params p) {
    GroundingDino model = new GroundingDino(p.at("gdino"), Configs.of(g));
    p.taken().values().stream()
        .filter(Tensor::is_floating_point)
        .forEach(t -> t.set_requires_grad(true));
    Tensor text = g.io("text_query").clone();
    text.set_requires_grad(true);
    Denoising dn = denoising(g);
    GroundingDino.Output out =
        model.forward(
            g.io("pixel_values"), g.io("pixel_mask"), text, g.io("text_query_masks"), dn, true);
    boolean shaped = g.has("target.0.masks");
    DetectionLoss.Shapes shapes =
        shaped
            ? new DetectionLoss.Shapes(maskLoss(g), model.masks(out), silhouettes(g), draws(g))
            : null;
    DetectionLoss.Result result =
        new DetectionLoss(config(g)).of(out, g.io("text_query_masks"), targets(g), dn, shapes);
    check(g, result, shaped);
    result.total().backward();
    double worst = relative(g, "text_query", text);
    for (String name : g.io().entries().keySet()) {
      if (name.startsWith("grad.gdino.")) {
        Tensor parameter = p.taken().get(name.substring("grad.".length()));
        worst = Math.max(worst, relative(g, name.substring("grad.".length()), parameter));
      }
    }
    norms(g, p);
    System.out.printf("%-32s gradients: max diff relative to maximum %.3g%n", g.name(), worst);
  }

  /** Difference of a gradient relative to the greatest element of the reference's. */
  private static double relative(Golden g, String name, Tensor parameter) {
    float[] expected = Tensors.floats(g.io("grad." + name));
    float[] actual = gradient(parameter, expected.length);
    double top = 0;
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      top = Math.max(top, Math.abs(expected[i]));
      worst = Math.max(worst, Math.abs((double) expected[i] - actual[i]));
    }
    double relative = top == 0 ? worst : worst / top;
    System.out.printf(
        "%-32s grad.%-70s max abs diff %.3g, relative to maximum %.3g%n",
        g.name(), name, worst, relative);
    assertThat(relative).as("gradient of " + name).isLessThanOrEqualTo(1e-3);
    return relative;
  }

  /** The norm of every parameter's gradient, and of all together. */
  private static void norms(Golden g, Params p) {
    double total = 0;
    double worst = 0;
    Set<Tensor> once = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Map.Entry<String, JsonNode> e : g.meta().get("grad_norm_per_parameter").properties()) {
      Tensor parameter = p.taken().get("gdino." + e.getKey());
      assertThat(parameter).as(e.getKey()).isNotNull();
      double norm = 0;
      for (float v : gradient(parameter, 1)) {
        norm += (double) v * v;
      }
      if (once.add(parameter)) {
        total += norm;
      }
      double expected = e.getValue().asDouble();
      double difference = Math.abs(Math.sqrt(norm) - expected);
      worst = Math.max(worst, difference / Math.max(0.1, expected));
      assertThat(difference)
          .as("norm of the gradient of %s: %s, not %s", e.getKey(), Math.sqrt(norm), expected)
          .isLessThanOrEqualTo(1e-3 * Math.max(0.1, expected));
    }
    double expected = Tensors.floats(g.io("grad.total_norm"))[0];
    System.out.printf(
        "%-32s gradient norms: max relative diff %.3g; total %.6f, diff %.3g%n",
        g.name(), worst, Math.sqrt(total), Math.sqrt(total) - expected);
    assertThat(Math.sqrt(total)).isCloseTo(expected, within(1e-3 * expected));
  }

  private static float[] gradient(Tensor parameter, int length) {
    Tensor gradient = parameter.grad();
    return gradient.defined() ? Tensors.floats(gradient) : new float[length];
  }

  private static MaskLoss maskLoss(Golden g) {
    return new MaskLoss(
        g.meta().get("mask_num_points").asInt(),
        g.meta().get("oversample_ratio").asDouble(),
        g.meta().get("importance_sample_ratio").asDouble(),
        g.config("mask_weight").asDouble(),
        g.config("dice_weight").asDouble());
  }

  /** All objects' masks on pictures padded to one size, (n, H, W). */
  private static Tensor silhouettes(Golden g) {
    long height = g.io("pixel_values").size(2);
    long width = g.io("pixel_values").size(3);
    List<Tensor> all = new ArrayList<>();
    for (int i = 0; g.has("target." + i + ".masks"); i++) {
      Tensor m = g.io("target." + i + ".masks").to(torch.ScalarType.Float);
      long[] pad = {0, width - m.size(2), 0, height - m.size(1)};
      all.add(torch.constant_pad_nd(m, pad, new Scalar(0)));
    }
    return F.cat(0, all);
  }

  /** The reference's draws, after those of the denoising queries. */
  private static MaskLoss.Draws draws(Golden g) {
    int[] next = {4};
    return (n, p) -> {
      Tensor drawn = g.io("draw.%03d.rand".formatted(next[0]++));
      assertThat(drawn.shape()).containsExactly(n, p, 2);
      return drawn;
    };
  }

  /** Compares every part, those of masks where there are some, and the total. */
  private static void check(Golden g, DetectionLoss.Result result, boolean shaped) {
    double total = 0;
    double worst = 0;
    double relative = 0;
    for (Map.Entry<String, JsonNode> e : g.meta().get("loss_dict").properties()) {
      String name = e.getKey();
      double expected = e.getValue().asDouble();
      if (!shaped && (name.startsWith("loss_mask") || name.startsWith("loss_dice"))) {
        continue;
      }
      assertThat(result.parts()).containsKey(name);
      double difference = Math.abs(result.parts().get(name) - expected);
      worst = Math.max(worst, difference);
      relative = Math.max(relative, difference / Math.abs(expected));
      assertThat(difference)
          .as("%s: %s is %s, not %s", g.name(), name, result.parts().get(name), expected)
          .isLessThanOrEqualTo(1e-4 * Math.max(1, Math.abs(expected)));
      String weight =
          switch (name.split("_", -1)[1]) {
            case "ce" -> "class_weight";
            case "bbox" -> "box_weight";
            case "giou" -> "giou_weight";
            case "mask" -> "mask_weight";
            default -> "dice_weight";
          };
      total += expected * g.config(weight).asDouble();
    }
    double difference = Math.abs(result.total().item_double() - total);
    System.out.printf(
        "%-32s losses: max abs diff %.3g, relative %.3g; total %.6f, abs diff %.3g%n",
        g.name(), worst, relative, total, difference);
    assertThat(difference).isLessThanOrEqualTo(1e-4 * Math.max(1, total));
  }

  private static DetectionLoss.Config config(Golden g) {
    return new DetectionLoss.Config(
        g.config("class_cost").asDouble(),
        g.config("bbox_cost").asDouble(),
        g.config("giou_cost").asDouble(),
        g.config("class_weight").asDouble(),
        g.config("box_weight").asDouble(),
        g.config("giou_weight").asDouble(),
        g.config("focal_alpha").asDouble(),
        0);
  }

  private static DetectionLoss.Heads matching(Golden g) {
    DetectionLoss.Heads h = heads(g, "", "last", "aux");
    List<String> suffixes = new ArrayList<>(h.suffixes());
    suffixes.add("_enc");
    return new DetectionLoss.Heads(
        suffixes,
        F.cat(0, h.logits(), g.io("pred.enc.logits").unsqueeze(0)),
        F.cat(0, h.boxes(), g.io("pred.enc.pred_boxes").unsqueeze(0)));
  }

  private static DetectionLoss.Heads heads(Golden g, String suffix, String last, String aux) {
    List<String> suffixes = new ArrayList<>(List.of(suffix));
    List<Tensor> logits = new ArrayList<>(List.of(g.io("pred." + last + ".logits")));
    List<Tensor> boxes = new ArrayList<>(List.of(g.io("pred." + last + ".pred_boxes")));
    for (int i = 0; g.has("pred." + aux + i + ".logits"); i++) {
      suffixes.add(suffix + "_" + i);
      logits.add(g.io("pred." + aux + i + ".logits"));
      boxes.add(g.io("pred." + aux + i + ".pred_boxes"));
    }
    return new DetectionLoss.Heads(suffixes, F.stack(0, logits), F.stack(0, boxes));
  }

  private static Denoising denoising(Golden g) {
    Denoising.Settings settings =
        new Denoising.Settings(
            g.meta().get("dn_number").asInt(),
            g.meta().get("label_noise_ratio").asDouble(),
            g.meta().get("box_noise_scale").asDouble());
    return Denoising.of(
        targets(g), settings, g.config("num_queries").asInt(), GoldenTargets.noise(g, ""));
  }

  private static List<Target> targets(Golden g) {
    List<Target> targets = new ArrayList<>();
    for (int i = 0; g.has("target." + i + ".class_labels_raw"); i++) {
      Target target = GoldenTargets.of(g, i);
      assertThat(target.classes())
          .isEqualTo(
              Stream.of(Tensors.longs(g.io("target." + i + ".class_index")))
                  .flatMapToLong(Arrays::stream)
                  .mapToInt(v -> (int) v)
                  .toArray());
      targets.add(target);
    }
    return targets;
  }

  /** patch2query by hand: a ReLU MLP per embedding, then the mean over embeddings. */
  private static Tensor text(Golden g) {
    Tensor x = g.io("text_query");
    Params p = g.weights().at("gdino").at("patch2query").at("layers");
    long in = x.size(3);
    long d = g.config("d_model").asLong();
    for (int i = 0; i < 3; i++) {
      x = new Linear(p.at(i), in, d).forward(x);
      x = i < 2 ? torch.relu(x) : x;
      in = d;
    }
    return F.mean(x, -2);
  }
}
