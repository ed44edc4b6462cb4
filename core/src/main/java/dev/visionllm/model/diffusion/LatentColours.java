package dev.visionllm.model.diffusion;

import dev.visionllm.image.Raster;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * A cheap picture of latents: the colour that the autoencoder gives to flat latents, taken as
 * linear in their channels. It is measured on the model at hand, by decoding a tiny flat map per
 * channel and sign, so it holds for any autoencoder.
 *
 * @param weights (3, z, 1, 1) row-major: change of a colour, -1..1, per unit of a scaled channel
 * @param bias colour of latents 0
 */
record LatentColours(float[] weights, float[] bias) {
  private static final int SIDE = 4; // latents; decoding costs the square of it

  static LatentColours of(AutoencoderKl vae) {
    int z = vae.config().latentChannels();
    float[] weights = new float[3 * z];
    float[] bias = colour(vae, 0, 0);
    for (int c = 0; c < z; c++) {
      float[] more = colour(vae, c, 1);
      float[] less = colour(vae, c, -1);
      for (int rgb = 0; rgb < 3; rgb++) {
        weights[rgb * z + c] = (more[rgb] - less[rgb]) / 2;
      }
    }
    return new LatentColours(weights, bias);
  }

  /** Mean colour of a flat map whose channel holds value, the other channels 0. */
  private static float[] colour(AutoencoderKl vae, int channel, float value) {
    int z = vae.config().latentChannels();
    float[] flat = new float[z * SIDE * SIDE];
    java.util.Arrays.fill(
        flat,
        channel * SIDE * SIDE,
        (channel + 1) * SIDE * SIDE,
        (float) (value / vae.config().scalingFactor()));
    return TensorScope.value(
        () -> {
          try (var noGrad = new NoGradGuard()) {
            Tensor decoded = vae.decode(vae.like(Tensors.of(flat, 1, z, SIDE, SIDE)));
            return Tensors.floats(F.mean(decoded.flatten(2, 3), 2));
          }
        });
  }

  /** (n, z, h, w) -> n pictures of (h, w) pixels. */
  List<Raster> pictures(Tensor latents) {
    float[] values = Tensors.floats(latents);
    int z = bias.length == 0 ? 0 : weights.length / 3;
    int h = Math.toIntExact(latents.size(2));
    int w = Math.toIntExact(latents.size(3));
    List<Raster> out = new ArrayList<>();
    for (int n = 0; n < latents.size(0); n++) {
      byte[] rgb = new byte[3 * h * w];
      for (int i = 0; i < h * w; i++) {
        for (int colour = 0; colour < 3; colour++) {
          float sum = bias[colour];
          for (int c = 0; c < z; c++) {
            sum += weights[colour * z + c] * values[(n * z + c) * h * w + i];
          }
          rgb[3 * i + colour] = (byte) Math.round(255 * Math.min(1, Math.max(0, sum / 2 + 0.5f)));
        }
      }
      out.add(new Raster(w, h, rgb));
    }
    return out;
  }
}
