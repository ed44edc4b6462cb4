package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.Golden;
import dev.visionllm.link.Route;
import dev.visionllm.link.Tool;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.model.diffusion.Configs;
import dev.visionllm.model.diffusion.DiffusionLoss;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.gdino.Denoising;
import dev.visionllm.model.gdino.DetectionLoss;
import dev.visionllm.model.gdino.GoldenTargets;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.gdino.MaskLoss;
import dev.visionllm.model.gdino.Target;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.train.AdamW;
import dev.visionllm.train.GradClip;
import dev.visionllm.train.LearningRate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/**
 * Optimiser steps of the whole model with its detector against the reference: the losses of both,
 * gradients through the link, clipping, groups, schedule, AdamW.
 */
class TrainStepsGoldenTest {
  private static final double SHARE_OF_RATE = 1e-2; // what a parameter may be off
  private static final double OUTLIERS =
      1e-4; // share of numbers that may be; Adam divides tiny gradients
  private static final double LOSS = 1e-6; // relative
  private static final double GRADIENT = 1e-5; // of the tensor's maximum
  private static final int MASK_DRAWS = 4; // the first draw of the mask losses

  /** Groups of the reference's trainer and the factor of their learning rate's name in meta. */
  private static final Map<String, String> FACTORS =
      Map.of("", "", "_backbone", "lr_multiplier", "_llm", "lr_llm_multiplier");

  @TestFactory
  Stream<DynamicTest> stepsOfTheReference() {
    return Golden.tests(
        Golden.Kind.TRAIN_STEPS,
        g -> {
          if (mixedUp(g)) {
            return;
          }
          try (Params p = g.weights()) {
            check(g, p);
          }
        });
  }

  /** The detector's loss reaches super-link queries, language model and bridge. */
  @TestFactory
  Stream<DynamicTest> gradientsThroughTheDetectorsLink() {
    return Golden.tests(
        Golden.Kind.MLLM_DET,
        g -> {
          if (mixedUp(g)) {
            return;
          }
          try (Params p = g.weights()) {
            MultimodalGoldenTest.Fixture f = MultimodalGoldenTest.Fixture.of(g, p);
            GroundingDino gdino = new GroundingDino(p.at("gdino"), f.config().gdino());
            List<Tensor> regions = learning(p);
            step(f, gdino, regions, "train.", "train.loss_total", "train.loss_gdino");
            gradients(g, p);
          }
        });
  }

  /** The loss of generation reaches super-link queries and language model. */
  @TestFactory
  Stream<DynamicTest> gradientsThroughTheGeneratorsLink() {
    return Golden.tests(
        Golden.Kind.MLLM_GEN,
        g -> {
          try (Params p = g.weights()) {
            MultimodalGoldenTest.Fixture f = MultimodalGoldenTest.Fixture.of(g, p);
            LatentDiffusion.Config c = Configs.of(g);
            LatentDiffusion sd = new LatentDiffusion(p.at("sd"), c);
            learning(p);
            List<Inputs> rows =
                f.ids("input_ids").stream()
                    .map(ids -> new Inputs(ids, List.of(), List.of()))
                    .toList();
            Multimodal.Embedded e = f.embed(rows);
            Tensor hidden = f.forward(e);
            List<Tensor> states =
                f.model().links().collect(hidden, e.slots()).stream().map(Route::queries).toList();
            DiffusionLoss.Draw draw =
                new DiffusionLoss.Draw(
                    g.io("draw.0.randn"),
                    g.io("draw.1.randn_like"),
                    g.io("draw.2.randint"),
                    new float[states.size()]);
            int q = c.mapper().queries();
            DiffusionLoss.Result r =
                new DiffusionLoss(sd, 0)
                    .of(
                        F.cat(0, states),
                        g.io("output_images"),
                        null,
                        Configs.captions(g, Golden.root().resolve("sd_text_encoder")),
                        new int[q],
                        draw);
            check(g, "loss_sd", r.total());
            Tensor total = language(f, hidden).add(r.total());
            check(g, "loss_total", total);
            total.backward();
            gradients(g, p);
          }
        });
  }

  private static void gradients(Golden g, Params p) {
    long checked = 0;
    for (String key : g.io().entries().keySet()) {
      if (key.startsWith("grad.")) {
        Tensor expected = g.io(key);
        double most = Math.max(1e-6, expected.abs().max().item_double());
        g.check(key, p.taken().get(key.substring("grad.".length())).grad(), GRADIENT * most);
        checked++;
      }
    }
    assertThat(checked).isPositive();
  }

  /** Whether the reference's bug with different class counts touches a folder; said when so. */
  static boolean mixedUp(Golden g) {
    Set<Integer> counts = new HashSet<>();
    g.meta().get("id2index").forEach(n -> counts.add(n.size()));
    if (counts.size() > 1) {
      System.out.printf(
          "%-32s skipped: class counts %s differ, where the reference mixes up the pictures'"
              + " text masks%n",
          g.name(), counts);
    }
    return counts.size() > 1;
  }

  /** Lets all learn but the image encoder; returns the region encoder's parameters. */
  private static List<Tensor> learning(Params p) {
    p.taken()
        .forEach(
            (name, t) ->
                t.requires_grad_(t.is_floating_point() && !name.startsWith("vis_encoder.")));
    return p.taken().entrySet().stream()
        .filter(e -> e.getKey().startsWith("region_encoder."))
        .map(Map.Entry::getValue)
        .filter(Tensor::is_floating_point)
        .toList();
  }

  private static void check(Golden g, Params p) {
    MultimodalGoldenTest.Fixture f = MultimodalGoldenTest.Fixture.of(g, p);
    GroundingDino gdino = new GroundingDino(p.at("gdino"), f.config().gdino());
    Map<String, Tensor> all = p.taken();
    List<Tensor> regions = learning(p);
    JsonNode optimizer = g.meta().get("optimizer");
    double rate = optimizer.get("learning_rate").asDouble();
    int steps = optimizer.get("total_steps").asInt();
    LearningRate schedule = LearningRate.cosine(optimizer.get("warmup_steps").asInt(), steps);
    Map<String, Double> rates = new HashMap<>();
    try (AdamW adam = new AdamW(groups(g, all, rate, rates))) {
      for (int i = 0; i < steps; i++) {
        int step = i;
        TensorScope.value(
            () -> {
              String at = "step" + step + ".";
              step(f, gdino, regions, at, at + "loss", at + "loss_gdino");
              return null;
            });
        double norm = GradClip.clip(adam.parameters(), optimizer.get("max_grad_norm").asDouble());
        double expected = g.io("step" + i + ".grad_norm").item_double();
        System.out.printf(
            "%-32s step %d: gradient norm off by %.3g%n", g.name(), i, norm - expected);
        assertThat(norm).isCloseTo(expected, within(1e-4 * expected));
        double factor = schedule.factor(i);
        assertThat(rate * factor)
            .isCloseTo(Tensors.floats(g.io("step" + i + ".lr"))[0], within(1e-9));
        adam.step(factor);
        adam.zeroGrad();
      }
    }
    parameters(g, steps - 1, all, rates);
  }

  private static Tensor language(MultimodalGoldenTest.Fixture f, Tensor hidden) {
    long[] queries =
        f.model().links().tools().stream()
            .map(Tool::placeholders)
            .flatMapToLong(t -> Arrays.stream(t).asLongStream())
            .toArray();
    Tensor labels = F.slice(f.g().io("labels"), 1, 0, hidden.size(1));
    return LanguageLoss.ofHidden(
        hidden, f.model().llm().head(), LanguageLoss.ignoring(labels, queries));
  }

  /**
   * Forward and backward: the language loss and the detector's, through the link.
   *
   * @param prefix of the step's draws
   * @param loss names of the total and of the detector's loss
   */
  private static void step(
      MultimodalGoldenTest.Fixture f,
      GroundingDino gdino,
      List<Tensor> regions,
      String prefix,
      String... loss) {
    Golden g = f.g();
    List<Inputs> rows = f.rows();
    Multimodal.Embedded e = f.embed(rows);
    Tensor hidden = f.forward(e);
    Tensor language = language(f, hidden);
    List<Route> routes = f.model().links().collect(hidden, e.slots());
    long most = routes.stream().mapToLong(r -> r.slots().size()).max().orElseThrow();
    boolean[] named = new boolean[Math.toIntExact(routes.size() * most)];
    for (Route r : routes) {
      for (int k = 0; k < r.slots().size(); k++) {
        named[Math.toIntExact(r.row() * most + k)] = true;
      }
    }
    Tensor textMask = Tensors.of(named, routes.size(), most);
    Tensor text = F.stack(0, routes.stream().map(r -> F.padRows(r.queries(), most)).toList());
    List<Target> targets =
        IntStream.range(0, rows.size()).mapToObj(i -> GoldenTargets.of(g, i)).toList();
    Denoising denoising =
        Denoising.of(
            targets,
            new Denoising.Settings(g.meta().get("dn_number").asInt(), 0.5, 1.0),
            gdino.config().queries(),
            GoldenTargets.noise(g, prefix));
    long height = side(g, 1, rows.size());
    long width = side(g, 2, rows.size());
    List<Tensor> pixels = new ArrayList<>();
    List<Tensor> inside = new ArrayList<>();
    List<Tensor> shapes = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      Tensor picture = g.io("images_aug." + i);
      pixels.add(padded(picture, height, width));
      inside.add(padded(torch.ones_like(picture.select(0, 0)), height, width).gt(new Scalar(0)));
      shapes.add(padded(g.io("target." + i + ".masks").to(ScalarType.Float), height, width));
    }
    GroundingDino.Output out =
        gdino.forward(F.stack(0, pixels), F.stack(0, inside), text, textMask, denoising, true);
    int[] next = {MASK_DRAWS};
    DetectionLoss.Result detection =
        new DetectionLoss(DetectionLoss.Config.PAPER)
            .of(
                out,
                textMask,
                targets,
                denoising,
                new DetectionLoss.Shapes(
                    new MaskLoss(g.meta().get("mask_num_points").asInt(), 3, 0.75, 5, 5),
                    gdino.masks(out),
                    F.cat(0, shapes),
                    (n, p) -> g.io(prefix + "draw.%03d.rand".formatted(next[0]++))));
    Tensor total = language.add(detection.total());
    check(g, loss[0], total);
    check(g, loss[1], detection.total());
    for (Tensor unused : regions) { // the reference runs its region encoder for nothing
      total = total.add(F.scale(unused.sum(), 0));
    }
    total.backward();
  }

  private static void check(Golden g, String name, Tensor actual) {
    g.check(name, actual, LOSS * g.io(name).abs().item_double());
  }

  private static long side(Golden g, int dim, int pictures) {
    return LongStream.range(0, pictures)
        .map(i -> g.io("images_aug." + i).size(dim))
        .max()
        .orElseThrow();
  }

  private static Tensor padded(Tensor x, long height, long width) {
    long h = height - x.size(-2);
    long w = width - x.size(-1);
    return torch.constant_pad_nd(x, new long[] {0, w, 0, h}, new Scalar(0));
  }

  /** The reference's groups. */
  private static List<AdamW.Group> groups(
      Golden g, Map<String, Tensor> all, double rate, Map<String, Double> rates) {
    double decay = g.meta().get("optimizer").get("weight_decay").asDouble();
    List<AdamW.Group> groups = new ArrayList<>();
    FACTORS.forEach(
        (suffix, factor) -> {
          double own =
              factor.isEmpty() ? rate : rate * g.meta().get("optimizer").get(factor).asDouble();
          for (String kind : List.of("decay", "no_decay")) {
            Map<String, Tensor> mine = new LinkedHashMap<>();
            for (JsonNode name : g.meta().get("groups").get(kind + "_parameters" + suffix)) {
              Tensor t = all.get(name.asString());
              if (t != null) {
                mine.put(name.asString(), t);
                rates.put(name.asString(), own);
              }
            }
            groups.add(new AdamW.Group(own, kind.equals("decay") ? decay : 0, mine));
          }
        });
    return groups;
  }

  /**
   * After the last step: the folder's parameters of every step are these, its dump having kept
   * references to tensors that went on changing. Losses and norms of each step show the steps
   * between.
   */
  private static void parameters(
      Golden g, int step, Map<String, Tensor> all, Map<String, Double> rates) {
    String prefix = "step" + step + ".param.";
    long outliers = 0;
    long count = 0;
    double worst = 0;
    for (String key : g.io().entries().keySet()) {
      if (!key.startsWith(prefix)) {
        continue;
      }
      String name = key.substring(prefix.length());
      float[] expected = Tensors.floats(g.io(key));
      float[] actual = Tensors.floats(all.get(name));
      double allowed = SHARE_OF_RATE * rates.get(name);
      for (int i = 0; i < expected.length; i++) {
        double off = Math.abs(expected[i] - actual[i]);
        worst = Math.max(worst, off / rates.get(name));
        outliers += off > allowed ? 1 : 0;
      }
      count += expected.length;
    }
    System.out.printf(
        "%-32s step %d: %d of %d numbers off by more than a hundredth of the rate, at most %.3g of"
            + " it%n",
        g.name(), step, outliers, count, worst);
    assertThat((double) outliers / count).isLessThanOrEqualTo(OUTLIERS);
  }
}
