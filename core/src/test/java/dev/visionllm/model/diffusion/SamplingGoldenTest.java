package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.image.Raster;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.DiffusersConfig;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** Whole runs against the reference's pipelines, step by step. */
class SamplingGoldenTest {
  private static final double OUTPUT = 6e-5; // predictions, one step, pictures
  private static final double RUN = 8e-6; // of the maximum: guidance and noise level amplify ulps

  @TestFactory
  Stream<DynamicTest> generation() {
    return Golden.tests(Golden.Kind.SD_SAMPLING, SamplingGoldenTest::check);
  }

  @TestFactory
  Stream<DynamicTest> editing() {
    return Golden.tests(Golden.Kind.IP2P_SAMPLING, SamplingGoldenTest::check);
  }

  private static void check(Golden g) {
    LatentDiffusion.Config c = Configs.of(g);
    try (Params root = g.weights()) {
      LatentDiffusion model = new LatentDiffusion(root.at(Configs.prefix(g)), c);
      Tensor states = NetworksGoldenTest.states(g, c.mapper().states());
      g.check("mapping_feature", model.mapper().forward(states), 5e-6);
      for (String run : g.meta().get("runs").propertyNames()) {
        runs(g, model, states, run);
      }
      String first = g.meta().get("runs").propertyNames().iterator().next();
      NoLeaks.assertFlat(
          () -> {
            try (Denoising d = start(g, model, states, first, true)) {
              d.forEachRemaining(s -> assertThat(s.previews()).hasSize(1));
              assertThat(d.pictures()).hasSize(1);
            }
          });
    }
  }

  private static void runs(Golden g, LatentDiffusion model, Tensor states, String name) {
    Settings settings = settings(g, model, name);
    Stepper stepper = settings.schedule().of(model.config().levels(), settings.steps());
    try (Denoising d = start(g, model, states, name, false);
        History history = new History()) {
      g.check(name + ".cond_batch", d.context(), 5e-6);
      float[] times = Tensors.floats(g.io(name + ".timesteps"));
      Tensor before = d.latents().clone();
      for (int i = 0; i < times.length; i++) {
        String step = name + "[" + i + "]";
        Tensor input = d.input(stepper.scaled(i, d.latents()));
        if (g.has(name + ".unet_in")) {
          checkRun(g, step + " unet_in", row(g, name + ".unet_in", i), input);
        }
        check(g, step + " unet_out", row(g, name + ".unet_out", i), d.predict(input, i));
        assertThat((float) d.next().time()).as(step + " time").isEqualTo(times[i]);
        Tensor after = row(g, name + ".latents_after_step", i).unsqueeze(0);
        checkRun(g, step + " latents of the run", after, d.latents());
        Tensor noise = guidance(settings, model).combine(row(g, name + ".unet_out", i));
        Tensor fresh = stepper.drawsNoise(i) ? row(g, name + ".step_noise", i) : null;
        check(
            g,
            step + " latents of the step",
            after,
            stepper.step(i, before, noise, fresh, history));
        before = after;
      }
      assertThat(d.hasNext()).isFalse();
      checkRun(g, name + " final", g.io(name + ".final_latents"), d.latents());
      Tensor image = g.io(name + ".image"); // (1, h, w, 3), 0..1
      Tensor unit = F.clamp(F.scale(d.decode(d.latents()), 0.5).add(new Scalar(0.5)), 0, 1);
      check(g, name + " image", image, unit.permute(0, 2, 3, 1).contiguous());
      float[] samples = Tensors.floats(image);
      byte[] rgb = d.pictures().get(0).rgb();
      for (int i = 0; i < samples.length; i++) {
        assertThat(rgb[i] & 255)
            .isBetween(
                (int) Math.floor(samples[i] * 255 - 0.51),
                (int) Math.ceil(samples[i] * 255 + 0.51));
      }
    }
  }

  private static void check(Golden g, String what, Tensor expected, Tensor actual) {
    Golden.check(g.name(), what, expected, actual, OUTPUT);
  }

  private static void checkRun(Golden g, String what, Tensor expected, Tensor actual) {
    double most = Math.max(10, expected.abs().max().item_double());
    Golden.check(g.name(), what, expected, actual, RUN * most);
  }

  private static Guidance guidance(Settings s, LatentDiffusion model) {
    if (s.guidance() <= 1) {
      return new Guidance.Off();
    }
    return model.config().edits()
        ? new Guidance.TextAndImage(s.guidance(), s.imageGuidance())
        : new Guidance.Text(s.guidance());
  }

  private static Tensor row(Golden g, String name, long i) {
    return g.io(name).select(0, i);
  }

  private static Settings settings(Golden g, LatentDiffusion model, String name) {
    JsonNode run = g.meta().get("runs").get(name);
    boolean edits = model.config().edits();
    Tensor first = first(g, model);
    int f = model.config().vae().pixelsPerLatent();
    return new Settings(
        name.startsWith("pndm")
            ? Schedule.PNDM
            : DiffusersConfig.schedule(g.meta().get("scheduler"), "scheduler"),
        run.get("num_inference_steps").asInt(),
        run.get("guidance_scale").asDouble(),
        edits ? run.get("image_guidance_scale").asDouble() : 1,
        f * Math.toIntExact(first.size(3)),
        f * Math.toIntExact(first.size(2)),
        1,
        0,
        false,
        false);
  }

  private static Tensor first(Golden g, LatentDiffusion model) {
    return g.io(model.config().edits() ? "initial_noise" : "initial_latents");
  }

  private static Denoising start(
      Golden g, LatentDiffusion model, Tensor states, String name, boolean previews) {
    Settings settings = settings(g, model, name).withPreviews(previews);
    int[] empty = Configs.empty(model.config().mapper().queries());
    List<Noise> noise = List.of(recorded(g, name, first(g, model)));
    if (!model.config().edits()) {
      return new TextToImage(model).start(states, empty, settings, noise);
    }
    Tensor u8 = g.io("input_image_uint8");
    byte[] rgb = new byte[Math.toIntExact(u8.numel())];
    long[] samples = Tensors.longs(u8);
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) samples[i];
    }
    Raster picture = new Raster(Math.toIntExact(u8.size(1)), Math.toIntExact(u8.size(0)), rgb);
    return new InstructPix2Pix(model).start(picture, states, empty, settings, noise);
  }

  /** The numbers that the reference drew: the first latents, then one of each step. */
  private static Noise recorded(Golden g, String name, Tensor first) {
    int[] calls = {0};
    return shape -> {
      int call = calls[0]++;
      Tensor drawn = call == 0 ? first : row(g, name + ".step_noise", call - 1);
      return TensorScope.of(drawn::clone);
    };
  }
}
