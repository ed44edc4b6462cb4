package dev.visionllm.vlm;

import dev.visionllm.image.Normalize;
import dev.visionllm.image.PaddedBatch;
import dev.visionllm.image.Raster;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * One resized picture as a decoder reads it.
 *
 * @param pixels (1, 3, h, w), sides padded to multiples of the coarsest stride
 * @param inside (1, h, w) bool, true where there is picture
 */
record Seen(Tensor pixels, Tensor inside) {
  private static final int STRIDE = 32;

  /** On the device and in the number format of another tensor. */
  static Seen of(Raster resized, Normalize normalize, Tensor like) {
    PaddedBatch batch = PaddedBatch.of(List.of(resized), normalize, STRIDE);
    Tensor pixels = Tensors.of(batch.pixels(), 1, 3, batch.height(), batch.width());
    Tensor inside = Tensors.of(batch.valid(), 1, batch.height(), batch.width());
    return new Seen(
        pixels.to(like.device(), like.scalar_type()),
        inside.to(like.device(), inside.scalar_type()));
  }
}
