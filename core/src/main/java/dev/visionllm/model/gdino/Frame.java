package dev.visionllm.model.gdino;

import dev.visionllm.nn.F;
import org.bytedeco.pytorch.Tensor;

/**
 * The two sizes of a picture that lead a mask back to it.
 *
 * @param original width and height of the user's picture, pixels
 * @param resized what the detector saw of it, without padding, pixels
 * @param stride of masks in what the detector saw: its backbone's patch, pixels
 */
public record Frame(Detections.Size original, Detections.Size resized, int stride) {
  /** Of the published detector, whose masks have a stride of 4. */
  public Frame(Detections.Size original, Detections.Size resized) {
    this(original, resized, 4);
  }

  /**
   * Resizes maps to the original picture: bilinearly to the padded input, cut to the resized
   * picture, bilinearly to the original.
   *
   * @param maps at the stride, (k, h, w), fp32
   * @return (k, height, width)
   */
  Tensor toOriginal(Tensor maps) {
    long h = maps.size(1) * stride;
    long w = maps.size(2) * stride;
    if (resized.height() > h || resized.width() > w) {
      throw new IllegalArgumentException(
          "a picture resized to "
              + resized.width()
              + " x "
              + resized.height()
              + " pixels is larger than its detector's input of "
              + w
              + " x "
              + h
              + ": give the sizes that were used for the features");
    }
    Tensor input = F.resizeBilinear(maps.unsqueeze(1), h, w); // (k, 1, h, w)
    Tensor cut = F.slice(F.slice(input, 2, 0, resized.height()), 3, 0, resized.width());
    return F.resizeBilinear(cut, original.height(), original.width()).squeeze(1);
  }
}
