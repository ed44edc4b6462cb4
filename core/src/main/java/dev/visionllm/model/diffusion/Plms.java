package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/**
 * PNDM without its Runge-Kutta start (Liu et al. 2022, formula 9), as diffusers' PNDMScheduler with
 * skip_prk_steps: the second time is visited twice, Adams-Bashforth up to order four afterwards.
 */
final class Plms implements Stepper {
  private final EvenPath path;
  private final int[] times;

  Plms(NoiseLevels levels, int steps) {
    path = EvenPath.of(levels, steps, levels.finalAlphaOne() ? 1 : levels.alphasCumprod()[0]);
    times = new int[steps == 1 ? 1 : steps + 1];
    times[0] = path.times()[0];
    for (int i = 1; i < times.length; i++) {
      times[i] = path.times()[i == 1 ? 1 : i - 1];
    }
  }

  @Override
  public double[] times() {
    return EvenPath.asDoubles(times);
  }

  @Override
  public Tensor step(int i, Tensor latents, Tensor noise, Tensor fresh, History history) {
    if (i == 1) { // the first step again, with the mean of both ends
      History.Entry first = history.ago(0);
      Tensor mean = F.scale(noise.add(first.output()), 0.5);
      return move(times[1] + path.gap(), times[1], first.latents(), mean);
    }
    history.remember(latents, noise);
    return move(times[i], times[i] - path.gap(), latents, combined(history));
  }

  /** Adams-Bashforth weights of the last one to four predictions. */
  private static Tensor combined(History history) {
    double[] weights =
        switch (history.size()) {
          case 1 -> new double[] {1};
          case 2 -> new double[] {3 / 2.0, -1 / 2.0};
          case 3 -> new double[] {23 / 12.0, -16 / 12.0, 5 / 12.0};
          default -> new double[] {55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0};
        };
    Tensor sum = F.scale(history.ago(0).output(), weights[0]);
    for (int k = 1; k < weights.length; k++) {
      sum = sum.add(F.scale(history.ago(k).output(), weights[k]));
    }
    return sum;
  }

  private Tensor move(int from, int to, Tensor latents, Tensor noise) {
    double a = path.alpha(from);
    double b = path.alpha(to);
    double divisor = a * Math.sqrt(1 - b) + Math.sqrt(a * (1 - a) * b);
    return NoiseLevels.mix(Math.sqrt(b / a), latents, -(b - a) / divisor, noise);
  }

  @Override
  public Tensor clean(int i, Tensor latents, Tensor noise) {
    return path.clean(times[i], latents, noise);
  }
}
