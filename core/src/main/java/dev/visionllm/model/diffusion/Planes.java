package dev.visionllm.model.diffusion;

import dev.visionllm.image.Normalize;
import dev.visionllm.image.Raster;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Between 8-bit pictures and the tensors of the autoencoder, values -1..1. */
final class Planes {
  private Planes() {}

  /** (1, 3, h, w), fp32 on the CPU. */
  static Tensor of(Raster picture) {
    return Tensors.of(Normalize.SIGNED.planes(picture), 1, 3, picture.height(), picture.width());
  }

  /** (1, 3, h, w) -> 8-bit samples, rounded half to even as the reference does; clipped. */
  static Raster raster(Tensor pixels) {
    int h = Math.toIntExact(pixels.size(2));
    int w = Math.toIntExact(pixels.size(3));
    float[] planes = Tensors.floats(pixels);
    byte[] rgb = new byte[planes.length];
    for (int c = 0; c < 3; c++) {
      for (int i = 0; i < h * w; i++) {
        float unit = Math.min(1, Math.max(0, planes[c * h * w + i] / 2 + 0.5f));
        rgb[3 * i + c] = (byte) Math.round(Math.rint(unit * 255));
      }
    }
    return new Raster(w, h, rgb);
  }
}
