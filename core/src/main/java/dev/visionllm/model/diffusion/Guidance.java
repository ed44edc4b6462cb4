package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/**
 * Classifier-free guidance: every latent is denoised under several conditions in one batch, and the
 * answers are extrapolated. Shapes: n pictures, g = {@link #copies} conditions, batch g n with the
 * pictures of one condition side by side.
 */
sealed interface Guidance {
  /** Conditions per picture, g. */
  int copies();

  /** Predictions (g n, z, h, w) -> (n, z, h, w). */
  Tensor combine(Tensor predicted);

  /** Only the condition itself. */
  record Off() implements Guidance {
    @Override
    public int copies() {
      return 1;
    }

    @Override
    public Tensor combine(Tensor predicted) {
      return predicted;
    }
  }

  /**
   * Away from the unconditional answer (Ho and Salimans 2022); order: unconditional, conditional.
   */
  record Text(double scale) implements Guidance {
    @Override
    public int copies() {
      return 2;
    }

    @Override
    public Tensor combine(Tensor predicted) {
      Tensor without = part(predicted, 2, 0);
      return without.add(F.scale(part(predicted, 2, 1).sub(without), scale));
    }
  }

  /**
   * Two directions, text and picture (Brooks et al. 2023, formula 3); order: both, picture only,
   * neither.
   */
  record TextAndImage(double text, double image) implements Guidance {
    @Override
    public int copies() {
      return 3;
    }

    @Override
    public Tensor combine(Tensor predicted) {
      Tensor both = part(predicted, 3, 0);
      Tensor picture = part(predicted, 3, 1);
      Tensor neither = part(predicted, 3, 2);
      return neither
          .add(F.scale(both.sub(picture), text))
          .add(F.scale(picture.sub(neither), image));
    }
  }

  private static Tensor part(Tensor batch, int parts, int which) {
    long n = batch.size(0) / parts;
    return F.slice(batch, 0, which * n, (which + 1) * n);
  }
}
