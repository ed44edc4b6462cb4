package dev.visionllm.model.diffusion;

import dev.visionllm.tensor.Gaussian;
import org.bytedeco.pytorch.Tensor;

/**
 * Where one picture's randomness comes from: its first latents, then what its schedule asks for.
 */
public interface Noise extends AutoCloseable {
  /** The next standard normal numbers, fp32. */
  Tensor next(long... shape);

  @Override
  default void close() {}

  /** The numbers that a CPU generator of PyTorch gives for this seed; owns native state. */
  static Noise seeded(long seed) {
    return new Noise() {
      private Gaussian gaussian; // made on first use, so that an unused source owns nothing

      @Override
      public Tensor next(long... shape) {
        if (gaussian == null) {
          gaussian = new Gaussian(seed);
        }
        return gaussian.next(shape);
      }

      @Override
      public void close() {
        if (gaussian != null) {
          gaussian.close();
          gaussian = null;
        }
      }
    };
  }
}
