package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/**
 * Euler's method to below the next noise level, and fresh noise up to it, as diffusers'
 * EulerAncestralDiscreteScheduler and k-diffusion's sampler of that name.
 */
final class EulerAncestral implements Stepper {
  private final SigmaPath path;

  EulerAncestral(SigmaPath path) {
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
  public boolean drawsNoise(int i) {
    return up(i) > 0;
  }

  @Override
  public Tensor step(int i, Tensor latents, Tensor noise, Tensor fresh, History history) {
    double to = path.sigmas()[i + 1];
    double up = up(i);
    double down = Math.sqrt(to * to - up * up);
    Tensor next = latents.add(F.scale(noise, down - path.sigmas()[i]));
    return drawsNoise(i) ? next.add(F.scale(fresh, up)) : next;
  }

  /** Deviation of the fresh noise. */
  private double up(int i) {
    double from = path.sigmas()[i];
    double to = path.sigmas()[i + 1];
    return Math.sqrt(to * to * (from * from - to * to) / (from * from));
  }

  @Override
  public Tensor clean(int i, Tensor latents, Tensor noise) {
    return path.clean(i, latents, noise);
  }
}
