package dev.visionllm.model.diffusion;

import org.bytedeco.pytorch.Tensor;

/**
 * Evenly spaced whole times ("leading" in diffusers) and the noise shares at them, for the
 * schedules that step in the variance-preserving space.
 */
record EvenPath(int gap, int[] times, float[] alphas, float afterLast) {
  static EvenPath of(NoiseLevels levels, int steps, float afterLast) {
    int gap = levels.trainSteps() / steps;
    int[] times = new int[steps];
    for (int i = 0; i < steps; i++) {
      times[i] = (steps - 1 - i) * gap + levels.stepsOffset();
    }
    return new EvenPath(gap, times, levels.alphasCumprod(), afterLast);
  }

  /** The share of the picture's variance at a time; times before the first have the last level. */
  double alpha(int time) {
    return time < 0 ? afterLast : alphas[time];
  }

  /** x where latents = sqrt(a) x + sqrt(1 - a) noise. */
  Tensor clean(int time, Tensor latents, Tensor noise) {
    double a = alpha(time);
    return NoiseLevels.mix(1 / Math.sqrt(a), latents, -Math.sqrt((1 - a) / a), noise);
  }

  static double[] asDoubles(int[] times) {
    double[] out = new double[times.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = times[i];
    }
    return out;
  }
}
