package dev.visionllm.model.diffusion;

import java.util.Arrays;
import java.util.Locale;

/** Which path is taken from noise to a picture. The arithmetic of each is a {@link Stepper}. */
public enum Schedule {
  /**
   * Pseudo linear multistep (Liu et al. 2022), Stable Diffusion's own; one call more than steps.
   */
  PNDM,
  /** Deterministic, one order (Song et al. 2020). */
  DDIM,
  /** Fresh noise at every step (Ho et al. 2020); wants many steps. */
  DDPM,
  /** Euler's method along the noise level (Karras et al. 2022). */
  EULER,
  /** Euler's method with fresh noise at every step, InstructPix2Pix's own. */
  EULER_ANCESTRAL,
  /** DPM-Solver++ of second order (Lu et al. 2022); good with 20 steps. */
  DPM_SOLVER;

  /** The name that users write: lower case with hyphens. */
  public String spoken() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The schedule that users call by this name. @throws IllegalArgumentException listing all */
  public static Schedule named(String name) {
    for (Schedule s : values()) {
      if (s.spoken().equals(name.toLowerCase(Locale.ROOT))) {
        return s;
      }
    }
    throw new IllegalArgumentException(
        "there is no schedule \""
            + name
            + "\"; choose one of "
            + String.join(", ", Arrays.stream(values()).map(Schedule::spoken).toList()));
  }

  /** The arithmetic of one run. @throws IllegalArgumentException if steps do not fit the levels */
  public Stepper of(NoiseLevels levels, int steps) {
    if (steps < 1 || steps > levels.trainSteps() - levels.stepsOffset()) {
      throw new IllegalArgumentException(
          "steps is "
              + steps
              + ", should be 1 to "
              + (levels.trainSteps() - levels.stepsOffset())
              + " for this model's "
              + levels.trainSteps()
              + " time steps");
    }
    return switch (this) {
      case PNDM -> new Plms(levels, steps);
      case DDIM -> new Ddim(levels, steps);
      case DDPM -> new Ddpm(levels, steps);
      case EULER -> new Euler(new SigmaPath(levels, SigmaPath.even(levels, steps)));
      case EULER_ANCESTRAL ->
          new EulerAncestral(new SigmaPath(levels, SigmaPath.even(levels, steps)));
      case DPM_SOLVER ->
          new DpmSolver(new SigmaPath(levels, SigmaPath.wholeWithoutLast(levels, steps)));
    };
  }
}
