package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/**
 * Ho et al. 2020, formulas 6 and 7 between the visited times, as diffusers' DDPMScheduler with the
 * small fixed variance and without clipping.
 */
final class Ddpm implements Stepper {
  private static final double LEAST_VARIANCE = 1e-20;

  private final EvenPath path;

  Ddpm(NoiseLevels levels, int steps) {
    path = EvenPath.of(levels, steps, 1);
  }

  @Override
  public double[] times() {
    return EvenPath.asDoubles(path.times());
  }

  @Override
  public boolean drawsNoise(int i) {
    return path.times()[i] > 0;
  }

  @Override
  public Tensor step(int i, Tensor latents, Tensor noise, Tensor fresh, History history) {
    int time = path.times()[i];
    double a = path.alpha(time);
    double b = path.alpha(time - path.gap());
    double kept = a / b; // of the picture's variance, in this step
    Tensor mean =
        NoiseLevels.mix(
            Math.sqrt(b) * (1 - kept) / (1 - a),
            clean(i, latents, noise),
            Math.sqrt(kept) * (1 - b) / (1 - a),
            latents);
    if (!drawsNoise(i)) {
      return mean;
    }
    double variance = Math.max((1 - b) / (1 - a) * (1 - kept), LEAST_VARIANCE);
    return mean.add(F.scale(fresh, Math.sqrt(variance)));
  }

  @Override
  public Tensor clean(int i, Tensor latents, Tensor noise) {
    return path.clean(path.times()[i], latents, noise);
  }
}
