package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Makes pictures of what the language model has in mind: the reference's
 * StableDiffusionWithLLMEmb.run. Shapes: e super-link states of size l, q tokens and c channels of
 * the condition, n pictures.
 */
public record TextToImage(LatentDiffusion model) {
  /** Refuses a denoiser that wants a picture to edit. */
  public TextToImage {
    if (model.config().edits()) {
      throw new IllegalArgumentException(
          "generation needs a UNet of "
              + model.config().unet().outChannels()
              + " input channels, this one edits pictures");
    }
  }

  /**
   * Starts a run; call it inside a tensor scope.
   *
   * @param states last hidden states at the super-link's positions after [GEN], (1, e, l)
   * @param negative token ids of the negative prompt, or of the empty text, q of them
   */
  public Denoising start(Tensor states, int[] negative, Settings settings) {
    return start(states, negative, settings, seeds(settings));
  }

  /** As above with given randomness. @param noises one per picture; closed with the run */
  public Denoising start(Tensor states, int[] negative, Settings settings, List<Noise> noises) {
    checkSize(model, settings, noises);
    Guidance guidance =
        settings.guidance() > 1 ? new Guidance.Text(settings.guidance()) : new Guidance.Off();
    Tensor context =
        TensorScope.of(
            () -> {
              try (var noGrad = new NoGradGuard()) {
                Tensor asked = condition(model, states);
                List<Tensor> rows = new ArrayList<>();
                if (guidance.copies() == 2) {
                  rows.addAll(copies(settings, unconditional(model, negative, asked)));
                }
                rows.addAll(copies(settings, asked));
                return F.cat(0, rows);
              }
            });
    return new Denoising(model, settings, guidance, context, null, noises);
  }

  /** (1, e, l) -> (1, q, c). */
  static Tensor condition(LatentDiffusion model, Tensor states) {
    if (states.dim() != 3 || states.size(0) != 1) {
      throw new IllegalArgumentException(
          "super-link states are "
              + Arrays.toString(states.shape())
              + ", should be those of one call, (1, "
              + model.config().mapper().states()
              + ", "
              + model.config().mapper().llmHidden()
              + ")");
    }
    return model.mapper().forward(states);
  }

  /** Token ids -> (1, q, c) of asked's dtype and device. */
  static Tensor unconditional(LatentDiffusion model, int[] negative, Tensor asked) {
    int q = model.config().mapper().queries();
    if (negative.length != q) {
      throw new IllegalArgumentException(
          "the negative prompt has "
              + negative.length
              + " token ids, should be "
              + q
              + ": encode it to that length");
    }
    long[] ids = Arrays.stream(negative).asLongStream().toArray();
    Tensor t = Tensors.of(ids, 1, q);
    return model.textEncoder().forward(t.to(asked.device(), t.scalar_type()));
  }

  /** A row for each picture. */
  static List<Tensor> copies(Settings settings, Tensor row) {
    return Collections.nCopies(settings.images(), row);
  }

  static List<Noise> seeds(Settings settings) {
    return LongStream.range(0, settings.images())
        .mapToObj(i -> Noise.seeded(settings.seed() + i))
        .toList();
  }

  static void checkSize(LatentDiffusion model, Settings settings, List<Noise> noises) {
    int f = model.config().vae().pixelsPerLatent();
    if (settings.width() % f != 0 || settings.height() % f != 0) {
      throw new IllegalArgumentException(
          "the picture's size is "
              + settings.width()
              + " x "
              + settings.height()
              + ", should be multiples of "
              + f);
    }
    if (noises.size() != settings.images()) {
      throw new IllegalArgumentException(
          noises.size() + " sources of noise for " + settings.images() + " images");
    }
  }
}
