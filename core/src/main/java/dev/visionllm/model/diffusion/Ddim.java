package dev.visionllm.model.diffusion;

import org.bytedeco.pytorch.Tensor;

/** Song et al. 2020, formula 12 with eta = 0, as diffusers' DDIMScheduler without clipping. */
final class Ddim implements Stepper {
  private final EvenPath path;

  Ddim(NoiseLevels levels, int steps) {
    path = EvenPath.of(levels, steps, levels.finalAlphaOne() ? 1 : levels.alphasCumprod()[0]);
  }

  @Override
  public double[] times() {
    return EvenPath.asDoubles(path.times());
  }

  @Override
  public Tensor step(int i, Tensor latents, Tensor noise, Tensor fresh, History history) {
    double b = path.alpha(path.times()[i] - path.gap());
    return NoiseLevels.mix(Math.sqrt(b), clean(i, latents, noise), Math.sqrt(1 - b), noise);
  }

  @Override
  public Tensor clean(int i, Tensor latents, Tensor noise) {
    return path.clean(path.times()[i], latents, noise);
  }
}
