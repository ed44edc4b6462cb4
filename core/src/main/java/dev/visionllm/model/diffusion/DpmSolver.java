package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/**
 * DPM-Solver++(2M) (Lu et al. 2022, algorithm 2) with midpoints, as diffusers'
 * DPMSolverMultistepScheduler: first order in the first and in the last step. Latents keep unit
 * variance: alpha = 1 / sqrt(sigma^2 + 1).
 */
final class DpmSolver implements Stepper {
  private final SigmaPath path;

  DpmSolver(SigmaPath path) {
    this.path = path;
  }

  @Override
  public double[] times() {
    return path.times().clone();
  }

  @Override
  public Tensor step(int i, Tensor latents, Tensor noise, Tensor fresh, History history) {
    double from = path.sigmas()[i];
    double to = path.sigmas()[i + 1];
    Tensor clean = clean(i, latents, noise);
    history.remember(latents, clean);
    double alpha = alpha(to);
    double carried = to / from * alpha / alpha(from);
    double reached = alpha * (1 - to / from); // to / from = exp(-h), h in log(1 / sigma)
    Tensor first = NoiseLevels.mix(carried, latents, reached, clean);
    if (i == 0 || to == 0) {
      return first;
    }
    double ratio = Math.log(path.sigmas()[i - 1] / from) / Math.log(from / to);
    Tensor slope = F.scale(clean.sub(history.ago(1).output()), 1 / ratio);
    return first.add(F.scale(slope, reached / 2));
  }

  private static double alpha(double sigma) {
    return 1 / Math.sqrt(sigma * sigma + 1);
  }

  @Override
  public Tensor clean(int i, Tensor latents, Tensor noise) {
    double sigma = path.sigmas()[i];
    double alpha = alpha(sigma);
    return NoiseLevels.mix(1 / alpha, latents, -sigma, noise);
  }
}
