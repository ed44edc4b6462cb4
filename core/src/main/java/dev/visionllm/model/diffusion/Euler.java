package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/** Karras et al. 2022, algorithm 2 without churn, as diffusers' EulerDiscreteScheduler. */
final class Euler implements Stepper {
  private final SigmaPath path;

  Euler(SigmaPath path) {
    this.path = path;
  }

  @Override
  public double[] times() {
    return path.times().clone();
  }

  @Override
  public double initialSigma() {
    return path.largest();
  }

  @Override
  public Tensor scaled(int i, Tensor latents) {
    return path.scaled(i, latents);
  }

  @Override
  public Tensor step(int i, Tensor latents, Tensor noise, Tensor fresh, History history) {
    return latents.add(F.scale(noise, path.sigmas()[i + 1] - path.sigmas()[i]));
  }

  @Override
  public Tensor clean(int i, Tensor latents, Tensor noise) {
    return path.clean(i, latents, noise);
  }
}
