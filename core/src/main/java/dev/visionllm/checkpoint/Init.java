package dev.visionllm.checkpoint;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.bytedeco.pytorch.Tensor;

/**
 * Draws parameters for training from scratch. Each tensor's numbers depend on the seed and its own
 * name, not on the order of construction. Matrices are uniform with the variance of their fan-in
 * (Xavier for rectangular ones), embeddings normal with deviation 0.02, norms one, biases zero.
 *
 * @param seed of all numbers
 */
public record Init(long seed) implements Params.Source {
  @Override
  public Tensor get(String name, long... shape) {
    float[] out = new float[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))];
    CRC32 hash = new CRC32();
    hash.update(name.getBytes(StandardCharsets.UTF_8));
    SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + hash.getValue());
    boolean norm = name.endsWith("weight") && shape.length == 1;
    if (norm || name.endsWith("_param")) {
      Arrays.fill(out, norm ? 1 : 1e-4f);
    } else if (name.contains("embed") && !name.contains("bbox_embed") && !name.contains("mask_embed")
        || name.contains("relative_position_bias_table")
        || name.endsWith("level_embed")) {
      for (int i = 0; i < out.length; i++) {
        out[i] = (float) (0.02 * random.nextGaussian());
      }
    } else if (shape.length > 1) {
      long fanOut = shape[0];
      long fanIn = out.length / shape[0];
      double limit = Math.sqrt(6.0 / (fanIn + fanOut));
      for (int i = 0; i < out.length; i++) {
        out[i] = (float) random.nextDouble(-limit, limit);
      }
    }
    return Tensors.of(out, shape);
  }
}
