package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.Golden;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.DiffusersConfig;
import java.util.Iterator;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** The schedules' tables, times and steps against the reference's. */
class SchedulesGoldenTest {
  @TestFactory
  Stream<DynamicTest> equalTheReference() {
    return Golden.tests(Golden.Kind.SD_SCHEDULERS, SchedulesGoldenTest::check);
  }

  private static void check(Golden g) {
    NoiseLevels levels = levels(g, "pndm_full_config", "PNDMScheduler");
    NoiseLevels eulerLevels = levels(g, "euler_full_config", "EulerAncestralDiscreteScheduler");
    assertThat(levels).isEqualTo(levels(g, "pndm_config", "PNDMScheduler"));
    int n = levels.trainSteps();
    g.check("betas", Tensors.of(levels.betas(), n), 1e-8);
    g.check("alphas_cumprod", Tensors.of(levels.alphasCumprod(), n), 2.5e-7);
    Tensor noised =
        levels.addNoise(g.io("add_noise.x0"), g.io("add_noise.noise"), g.io("add_noise.timesteps"));
    g.check("add_noise.pndm", noised, 2e-6);
    g.check("add_noise.ddpm", noised, 2e-6);
    for (Iterator<String> names = g.meta().get("io_shapes").propertyNames().iterator();
        names.hasNext(); ) {
      String name = names.next();
      if (!name.contains(".timesteps.")) {
        continue;
      }
      int steps = Integer.parseInt(name.substring(name.lastIndexOf('.') + 1));
      if (name.startsWith("pndm.timesteps.")) {
        times(g, name, Schedule.PNDM.of(levels, steps));
      } else {
        Stepper euler = Schedule.EULER_ANCESTRAL.of(eulerLevels, steps);
        times(g, name, euler);
        assertThat(Schedule.EULER.of(eulerLevels, steps).times()).isEqualTo(euler.times());
        SigmaPath path = new SigmaPath(eulerLevels, euler.times());
        float[] sigmas = Tensors.floats(g.io("euler_a.sigmas." + steps));
        for (int i = 0; i < sigmas.length; i++) {
          assertThat(path.sigmas()[i]).isCloseTo(sigmas[i], within(2e-6 * (1 + sigmas[i])));
        }
        assertThat(euler.initialSigma())
            .isCloseTo(Tensors.floats(g.io("euler_a.init_noise_sigma." + steps))[0], within(2e-5));
      }
    }
    steps(g, "pndm", Schedule.PNDM.of(levels, count(g, "pndm")));
    steps(g, "euler_a", Schedule.EULER_ANCESTRAL.of(eulerLevels, count(g, "euler_a")));
  }

  private static NoiseLevels levels(Golden g, String name, String scheduler) {
    JsonNode json = g.meta().get(name).deepCopy();
    ((tools.jackson.databind.node.ObjectNode) json).put("_class_name", scheduler);
    return DiffusersConfig.levels(json, name);
  }

  private static int count(Golden g, String schedule) {
    return Math.toIntExact(Tensors.longs(g.io(schedule + ".n"))[0]);
  }

  private static void times(Golden g, String name, Stepper stepper) {
    float[] expected = Tensors.floats(g.io(name));
    double[] times = stepper.times();
    assertThat(times).as(name).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((float) times[i]).as(name + "[" + i + "]").isEqualTo(expected[i]);
    }
  }

  private static void steps(Golden g, String name, Stepper stepper) {
    Tensor x = g.io(name + ".start");
    Tensor outputs = g.io(name + ".model_outputs");
    assertThat(stepper.times()).hasSize(Math.toIntExact(outputs.size(0)));
    try (History history = new History()) {
      for (int i = 0; i < outputs.size(0); i++) {
        if (g.has(name + ".scaled_inputs")) {
          Golden.check(
              g.name(),
              name + " scaled " + i,
              g.io(name + ".scaled_inputs").select(0, i),
              stepper.scaled(i, x),
              1e-5);
        }
        Tensor fresh = g.has(name + ".noises") ? g.io(name + ".noises").select(0, i) : null;
        x = stepper.step(i, x, outputs.select(0, i), fresh, history);
        Golden.check(g.name(), name + " step " + i, g.io(name + ".samples").select(0, i), x, 2e-5);
      }
    }
    assertThat(F.sum(x.flatten(0, -1), 0).isnan().any().item_bool()).isFalse();
  }
}
