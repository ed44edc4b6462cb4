package dev.visionllm.train;

/**
 * The learning rate over a run, as a factor of each group's base rate: a linear warm-up from 0,
 * then constant or half a cosine down to a floor. With floor 0 these are Hugging Face's
 * get_constant_schedule_with_warmup and get_cosine_schedule_with_warmup.
 *
 * @param shape what follows the warm-up
 * @param warmup optimiser steps of warm-up; step 0 of a warm-up has factor 0
 * @param total optimiser steps of the run
 * @param floor factor at the end of the cosine
 */
public record LearningRate(Shape shape, long warmup, long total, double floor) {
  /** What follows the warm-up. */
  public enum Shape {
    CONSTANT,
    COSINE
  }

  /** Refuses a schedule that does not fit its run. */
  public LearningRate {
    if (warmup < 0 || total < 1 || warmup > total || !(floor >= 0 && floor <= 1)) {
      throw new IllegalArgumentException(
          "a learning rate needs 0 <= warm-up <= total steps, total >= 1 and a floor within 0..1;"
              + " got warm-up "
              + warmup
              + ", total "
              + total
              + ", floor "
              + floor);
    }
  }

  /** Cosine to zero. */
  public static LearningRate cosine(long warmup, long total) {
    return new LearningRate(Shape.COSINE, warmup, total, 0);
  }

  /** Constant after the warm-up. */
  public static LearningRate constant(long warmup, long total) {
    return new LearningRate(Shape.CONSTANT, warmup, total, 0);
  }

  /** The factor of optimiser step {@code step}, the first being 0. */
  public double factor(long step) {
    if (step < warmup) {
      return (double) step / warmup;
    }
    return switch (shape) {
      case CONSTANT -> 1;
      case COSINE -> {
        double done = Math.min(1, (double) (step - warmup) / Math.max(1, total - warmup));
        yield floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * done));
      }
    };
  }
}
