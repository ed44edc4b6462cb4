package dev.visionllm.model.diffusion;

import dev.visionllm.image.Raster;
import dev.visionllm.image.Resample;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Changes a picture as the language model was told (Brooks et al. 2023): the reference's
 * InstructPix2PixWithLLMEmb.run. Shapes: e super-link states of size l, q tokens and c channels of
 * the condition, n pictures.
 */
public record InstructPix2Pix(LatentDiffusion model) {
  /** Refuses a denoiser that takes no picture to edit. */
  public InstructPix2Pix {
    if (!model.config().edits()) {
      throw new IllegalArgumentException(
          "editing needs a UNet of "
              + 2 * model.config().unet().outChannels()
              + " input channels, this one has "
              + model.config().unet().inChannels());
    }
  }

  /**
   * Starts a run; call it inside a tensor scope.
   *
   * @param picture to edit; resized to the settings' size
   * @param states last hidden states at the super-link's positions after [EDIT], (1, e, l)
   * @param negative token ids of the negative prompt, or of the empty text, q of them
   */
  public Denoising start(Raster picture, Tensor states, int[] negative, Settings settings) {
    return start(picture, states, negative, settings, TextToImage.seeds(settings));
  }

  /** As above with given randomness. @param noises one per picture; closed with the run */
  public Denoising start(
      Raster picture, Tensor states, int[] negative, Settings settings, List<Noise> noises) {
    TextToImage.checkSize(model, settings, noises);
    boolean guided = settings.guidance() > 1 && settings.imageGuidance() >= 1;
    Guidance guidance =
        guided
            ? new Guidance.TextAndImage(settings.guidance(), settings.imageGuidance())
            : new Guidance.Off();
    Raster sized = Resample.bicubic(picture, settings.width(), settings.height());
    List<Tensor> inputs =
        TensorScope.all(
            () -> {
              try (var noGrad = new NoGradGuard()) {
                Tensor asked = TextToImage.condition(model, states);
                Tensor image = imageLatents(sized, asked);
                List<Tensor> context = new ArrayList<>(TextToImage.copies(settings, asked));
                List<Tensor> images = new ArrayList<>(TextToImage.copies(settings, image));
                if (guided) {
                  Tensor not = TextToImage.unconditional(model, negative, asked);
                  context.addAll(TextToImage.copies(settings, not));
                  context.addAll(TextToImage.copies(settings, not));
                  images.addAll(TextToImage.copies(settings, image));
                  images.addAll(TextToImage.copies(settings, F.scale(image, 0)));
                }
                return List.of(F.cat(0, context), F.cat(0, images));
              }
            });
    return new Denoising(model, settings, guidance, inputs.get(0), inputs.get(1), noises);
  }

  /** The likeliest latents, unscaled as the denoiser was trained, fp32: (1, z, h, w). */
  private Tensor imageLatents(Raster picture, Tensor like) {
    Tensor pixels = Planes.of(picture).to(like.device(), ScalarType.Float);
    return model.vae().encode(pixels).mean().to(ScalarType.Float);
  }
}
