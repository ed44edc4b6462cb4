package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Training losses of generation and editing, and their gradients. */
class DiffusionLossGoldenTest {
  private static final double LOSS = 1e-6;
  private static final double GRADIENT = 1e-5; // of the tensor's maximum

  @TestFactory
  Stream<DynamicTest> lossesAndGradients() {
    return Golden.tests(Golden.Kind.DIFFUSION_LOSS, DiffusionLossGoldenTest::check);
  }

  private static void check(Golden g) {
    LatentDiffusion.Config c = Configs.of(g);
    double drop = g.meta().get(Configs.prefix(g) + "_config").get("cfg_drop_rate").asDouble();
    try (Params root = g.weights()) {
      LatentDiffusion model = new LatentDiffusion(root.at(Configs.prefix(g)), c);
      DiffusionLoss loss = new DiffusionLoss(model, drop);
      root.taken()
          .forEach(
              (name, t) ->
                  t.requires_grad_(
                      g.meta()
                          .get("frozen_modules")
                          .valueStream()
                          .noneMatch(m -> name.contains("." + m.asString() + "."))));
      Tensor hidden = g.io("hidden_states").requires_grad_(true);
      Tensor captions = Configs.captions(g, Golden.root().resolve("sd_text_encoder"));
      int[] empty = Configs.empty(c.mapper().queries());
      DiffusionLoss.Draw draw =
          new DiffusionLoss.Draw(
              g.io("draw.0.randn"),
              g.io("draw.1.randn_like"),
              g.io("draw.2.randint"),
              Tensors.floats(g.io("draw.3.rand")));
      Tensor sources = c.edits() ? g.io("input_images") : null;
      DiffusionLoss.Result r =
          loss.of(
              NetworksGoldenTest.states(g, hidden, c.mapper().states()),
              g.io("output_images"),
              sources,
              captions,
              empty,
              draw);
      g.check("image_loss", r.image(), LOSS);
      g.check("caption_loss", r.caption(), LOSS);
      g.check("loss", r.total(), LOSS);
      r.total().backward();
      gradient(g, "hidden_states", hidden);
      root.taken().forEach((name, t) -> gradient(g, name, t));
      assertThat(
              root.taken().entrySet().stream()
                  .filter(e -> e.getKey().contains("sd_vae") || e.getKey().contains("text_encoder"))
                  .noneMatch(e -> e.getValue().grad().defined()))
          .isTrue();
      Tensor states = NetworksGoldenTest.states(g, c.mapper().states());
      NoLeaks.assertFlat(
          () ->
              loss.of(
                  states,
                  g.io("output_images"),
                  sources,
                  captions,
                  empty,
                  loss.draw(g.io("output_images"))));
    }
  }

  private static void gradient(Golden g, String name, Tensor parameter) {
    String key = "grad." + name;
    if (g.has(key)) {
      double most = g.io(key).abs().max().item_double();
      g.check(key, parameter.grad(), GRADIENT * most);
    }
  }
}
