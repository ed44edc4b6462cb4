package dev.visionllm.model;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Weights for tests of tiny networks: normal with deviation 0.2, norms around 1; equal for equal
 * seed and name.
 */
public record RandomWeights(long seed, ScalarType dtype, String absent) implements Params.Source {
  /** In fp32. */
  public static RandomWeights of(long seed) {
    return of(seed, ScalarType.Float);
  }

  /** In another number format. */
  public static RandomWeights of(long seed, ScalarType dtype) {
    return new RandomWeights(seed, dtype, "");
  }

  /** The same, but without the optional parts whose names match. */
  public RandomWeights without(String pattern) {
    return new RandomWeights(seed, dtype, pattern);
  }

  /** Standard normal numbers of a seed. */
  public static Tensor tensor(long seed, long... shape) {
    return Tensors.of(normal(new Random(seed), 0, 1, shape), shape);
  }

  @Override
  public boolean has(String name) {
    return !name.matches(absent);
  }

  @Override
  public Tensor get(String name, long... shape) {
    boolean norm = name.matches(".*norm\\d?\\.weight");
    float[] data = normal(new Random(seed * 31 + name.hashCode()), norm ? 1 : 0, 0.2, shape);
    return Tensors.of(data, shape).to(dtype);
  }

  private static float[] normal(Random random, double mean, double deviation, long... shape) {
    int n = 1;
    for (long s : shape) {
      n = Math.toIntExact(n * s);
    }
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      out[i] = (float) (mean + deviation * random.nextGaussian());
    }
    return out;
  }
}
