package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/**
 * Times with the noise relative to the picture at them, falling to 0 after the last: for the
 * schedules that step along the noise level (Karras et al. 2022).
 *
 * @param times of the calls
 * @param sigmas one more than times, the last one 0
 */
record SigmaPath(double[] times, double[] sigmas) {
  SigmaPath(NoiseLevels levels, double[] times) {
    this(times, sigmas(levels, times));
  }

  /** From the last training step to the first, evenly ("linspace" in diffusers), fractional. */
  static double[] even(NoiseLevels levels, int steps) {
    double gap = steps == 1 ? 0 : (levels.trainSteps() - 1) / (double) (steps - 1);
    double[] times = new double[steps];
    for (int i = 0; i < steps; i++) {
      times[steps - 1 - i] =
          i < steps - 1 || steps == 1 ? (float) (i * gap) : levels.trainSteps() - 1;
    }
    return times;
  }

  /** One more point than steps, evenly, rounded to even as numpy does; the last one is dropped. */
  static double[] wholeWithoutLast(NoiseLevels levels, int steps) {
    double gap = (levels.trainSteps() - 1) / (double) steps;
    double[] times = new double[steps];
    for (int i = 0; i < steps; i++) {
      times[i] = i == 0 ? levels.trainSteps() - 1 : Math.rint((steps - i) * gap);
    }
    return times;
  }

  private static double[] sigmas(NoiseLevels levels, double[] times) {
    float[] alphas = levels.alphasCumprod();
    double[] sigmas = new double[times.length + 1];
    for (int i = 0; i < times.length; i++) {
      sigmas[i] = (float) levels.sigma(alphas, times[i]);
    }
    return sigmas;
  }

  double largest() {
    double most = 0;
    for (double s : sigmas) {
      most = Math.max(most, s);
    }
    return most;
  }

  /** Latents of deviation sqrt(sigma^2 + 1) brought to 1. */
  Tensor scaled(int i, Tensor latents) {
    return F.scale(latents, 1 / Math.sqrt(sigmas[i] * sigmas[i] + 1));
  }

  /** x where latents = x + sigma noise. */
  Tensor clean(int i, Tensor latents, Tensor noise) {
    return latents.add(F.scale(noise, -sigmas[i]));
  }
}
