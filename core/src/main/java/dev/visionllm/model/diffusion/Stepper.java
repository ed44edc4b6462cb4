package dev.visionllm.model.diffusion;

import org.bytedeco.pytorch.Tensor;

/**
 * One run of a schedule: when the denoiser is called, and what its answers do to the latents. Holds
 * numbers only; what a multistep method remembers is in {@link History}. All latents are fp32, (n,
 * z, h, w); i counts the calls of the denoiser.
 */
public sealed interface Stepper permits Plms, Ddim, Ddpm, Euler, EulerAncestral, DpmSolver {
  /** Time step of every call, falling or equal, whole or between two. */
  double[] times();

  /** Deviation of the noise that a run starts from. */
  default double initialSigma() {
    return 1;
  }

  /** What the denoiser sees instead of the latents. */
  default Tensor scaled(int i, Tensor latents) {
    return latents;
  }

  /** Whether call i needs fresh noise. */
  default boolean drawsNoise(int i) {
    return false;
  }

  /**
   * The latents after call i.
   *
   * @param noise predicted in the latents
   * @param fresh standard normal like the latents where {@link #drawsNoise}, else null
   */
  Tensor step(int i, Tensor latents, Tensor noise, Tensor fresh, History history);

  /** The picture's latents as call i sees them, for previews. */
  Tensor clean(int i, Tensor latents, Tensor noise);
}
