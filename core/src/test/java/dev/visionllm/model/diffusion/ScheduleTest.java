package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScheduleTest {
  private static final NoiseLevels LEVELS = NoiseLevels.SD_15;

  @ParameterizedTest
  @EnumSource
  void timesFallFromNoisyToClean(Schedule schedule) {
    for (int steps : new int[] {1, 2, 3, 5, 7, 20, 50, 333, 999}) {
      double[] times = schedule.of(LEVELS, steps).times();
      boolean twice = schedule == Schedule.PNDM && steps > 1;
      assertThat(times).hasSize(twice ? steps + 1 : steps);
      for (int i = 1; i < times.length; i++) {
        if (twice && i == 2) {
          assertThat(times[i]).isEqualTo(times[i - 1]);
        } else {
          assertThat(times[i])
              .as("%s, %d steps, call %d", schedule, steps, i)
              .isLessThan(times[i - 1]);
        }
      }
      assertThat(times[0]).isLessThan(LEVELS.trainSteps());
      assertThat(times[times.length - 1]).isNotNegative();
    }
  }

  /** With the true noise as prediction every deterministic path leads back to the picture. */
  @ParameterizedTest
  @EnumSource(names = {"PNDM", "DDIM", "EULER", "DPM_SOLVER"})
  void aPerfectDenoiserIsUndisturbed(Schedule schedule) {
    try (var scope = TensorScope.open();
        History history = new History()) {
      Tensor picture = RandomWeights.tensor(1, 1, 4, 3, 5);
      Tensor noise = RandomWeights.tensor(2, 1, 4, 3, 5);
      Stepper stepper = schedule.of(LEVELS, 12);
      Tensor x = at(stepper, 0, picture, noise);
      for (int i = 0; i < stepper.times().length; i++) {
        Golden.check(schedule.spoken(), "clean " + i, picture, stepper.clean(i, x, noise), 1e-4);
        x = stepper.step(i, x, noise, null, history);
      }
      Tensor end = picture;
      if (schedule == Schedule.PNDM || schedule == Schedule.DDIM) { // ends at time 0's noise
        float a = LEVELS.alphasCumprod()[0];
        end = NoiseLevels.mix(Math.sqrt(a), picture, Math.sqrt(1 - a), noise);
      }
      Golden.check(schedule.spoken(), "end", end, x, 1e-4);
    }
  }

  /** With the exact prediction for what is there, even noisy paths end at the picture. */
  @ParameterizedTest
  @EnumSource
  void aDenoiserThatKnowsThePictureFindsIt(Schedule schedule) {
    try (var scope = TensorScope.open();
        History history = new History();
        Noise drawn = Noise.seeded(3)) {
      Tensor picture = RandomWeights.tensor(1, 1, 4, 3, 5);
      Stepper stepper = schedule.of(LEVELS, 60);
      double[] times = stepper.times();
      Tensor x = F.scale(drawn.next(1, 4, 3, 5), stepper.initialSigma());
      for (int i = 0; i < times.length; i++) {
        double sigma = LEVELS.sigma(LEVELS.alphasCumprod(), times[i]);
        Tensor unit = stepper.scaled(i, x); // alpha picture + alpha sigma noise
        double alpha = 1 / Math.sqrt(sigma * sigma + 1);
        Tensor noise = NoiseLevels.mix(1 / (alpha * sigma), unit, -1 / sigma, picture);
        Tensor fresh = stepper.drawsNoise(i) ? drawn.next(1, 4, 3, 5) : null;
        x = stepper.step(i, x, noise, fresh, history);
      }
      Golden.check(schedule.spoken(), "found", picture, x, 0.15);
    }
  }

  /** One step of DPM-Solver++ of first order is DDIM's, between the same two levels. */
  @Test
  void firstOrderDpmSolverIsDdim() {
    try (var scope = TensorScope.open();
        History history = new History()) {
      NoiseLevels ends =
          new NoiseLevels(1000, 0.00085, 0.012, NoiseLevels.Shape.SCALED_LINEAR, 0, true, false);
      SigmaPath path = new SigmaPath(ends, new double[] {500, 0});
      Tensor x = RandomWeights.tensor(1, 1, 4, 2, 2);
      Tensor noise = RandomWeights.tensor(2, 1, 4, 2, 2);
      Tensor ddim = new Ddim(ends, 2).step(0, x, noise, null, history);
      Tensor dpm = new DpmSolver(path).step(0, x, noise, null, history);
      Golden.check("dpm-solver", "first order", ddim, dpm, 1e-5);
    }
  }

  private static Tensor at(Stepper stepper, int i, Tensor picture, Tensor noise) {
    double sigma = LEVELS.sigma(LEVELS.alphasCumprod(), stepper.times()[i]);
    double alpha = stepper.initialSigma() > 1 ? 1 : 1 / Math.sqrt(sigma * sigma + 1);
    return NoiseLevels.mix(alpha, picture, alpha * sigma, noise);
  }

  @Test
  void noiseLevelsKeepTheVarianceAndGrow() {
    for (NoiseLevels.Shape shape : NoiseLevels.Shape.values()) {
      float[] alphas =
          new NoiseLevels(1000, 0.00085, 0.012, shape, 1, false, false).alphasCumprod();
      for (int t = 1; t < alphas.length; t++) {
        assertThat(alphas[t]).isBetween(0f, alphas[t - 1]);
      }
    }
    try (var scope = TensorScope.open()) {
      Tensor zero = Tensors.of(new float[16], 2, 2, 2, 2);
      Tensor one = zero.add(new org.bytedeco.pytorch.Scalar(1));
      Tensor times = Tensors.of(new long[] {0, 999}, 2);
      Tensor both =
          LEVELS
              .addNoise(one, zero, times)
              .square()
              .add(LEVELS.addNoise(zero, one, times).square());
      Golden.check("levels", "variance", one, both, 1e-6);
    }
  }

  @Test
  void aVelocityMeansTheNoiseThatItWasMadeOf() {
    NoiseLevels levels = new NoiseLevels(1000, 0.00085, 0.012, LEVELS.shape(), 1, false, true);
    try (var scope = TensorScope.open()) {
      Tensor picture = RandomWeights.tensor(1, 1, 4, 3, 5);
      Tensor noise = RandomWeights.tensor(2, 1, 4, 3, 5);
      for (int time : new int[] {0, 500, 999}) {
        Tensor at = Tensors.of(new long[] {time}, 1);
        Tensor velocity = levels.target(picture, noise, at);
        Tensor meant = levels.noise(velocity, levels.addNoise(picture, noise, at), time);
        Golden.check("velocity", "noise at " + time, noise, meant, 1e-5);
        float left = levels.alphasCumprod()[time];
        Tensor by = NoiseLevels.mix(Math.sqrt(left), noise, -Math.sqrt(1 - left), picture);
        Golden.check("velocity", "at " + time, by, velocity, 1e-6);
        assertThat(LEVELS.target(picture, noise, at)).isSameAs(noise);
        assertThat(LEVELS.noise(noise, picture, time)).isSameAs(noise);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void historyFreesWhatItForgets(Schedule schedule) {
    NoLeaks.assertFlat(
        () -> {
          try (History history = new History()) {
            Stepper stepper = schedule.of(LEVELS, 8);
            Tensor x = RandomWeights.tensor(1, 1, 4, 2, 2);
            for (int i = 0; i < stepper.times().length; i++) {
              Tensor fresh = stepper.drawsNoise(i) ? x : null;
              x = stepper.step(i, x, x, fresh, history);
            }
          }
        });
  }

  @Test
  void namesAndLimits() {
    for (Schedule s : Schedule.values()) {
      assertThat(Schedule.named(s.spoken())).isEqualTo(s);
      for (int steps : new int[] {-1, 0, 1000, 1001, 5000}) {
        assertThatThrownBy(() -> s.of(LEVELS, steps))
            .hasMessage(
                "steps is " + steps + ", should be 1 to 999 for this model's 1000 time steps");
      }
    }
    assertThatThrownBy(() -> Schedule.named("heun"))
        .hasMessage(
            "there is no schedule \"heun\"; choose one of pndm, ddim, ddpm, euler,"
                + " euler-ancestral, dpm-solver");
    assertThatThrownBy(
            () -> new NoiseLevels(0, 0.1, 0.2, NoiseLevels.Shape.LINEAR, 0, false, false))
        .hasMessageContaining("0 training steps");
    assertThatThrownBy(
            () -> new NoiseLevels(10, 0.2, 0.1, NoiseLevels.Shape.LINEAR, 0, false, false))
        .hasMessageContaining("betas from 0.2 to 0.1");
  }

  @Test
  void timesToLearnFromHaveTheirNoiseNearestToWhatWasDrawn() {
    float[] normal = {-9, -1, 0, 1, 9};
    long[] times;
    try (var scope = TensorScope.open()) {
      times = Tensors.longs(LEVELS.times(Tensors.of(normal, 5)));
    }
    assertThat(times).isSorted().startsWith(0L).endsWith(999L);
    float[] alphas = LEVELS.alphasCumprod();
    for (int i = 1; i < 4; i++) {
      double sigma = Math.exp(0.2 + 1.4 * normal[i]);
      double nearest = Math.abs(LEVELS.sigma(alphas, times[i]) - sigma);
      for (int other = 0; other < 1000; other++) {
        assertThat(nearest).isLessThanOrEqualTo(Math.abs(LEVELS.sigma(alphas, other) - sigma));
      }
    }
  }
}
