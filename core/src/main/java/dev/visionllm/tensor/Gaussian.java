package dev.visionllm.tensor;

import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Standard normal numbers of a seed: what torch.randn gives with a CPU generator of that seed. Owns
 * native state; close it.
 */
public final class Gaussian implements AutoCloseable {
  private final Generator generator;

  /** The sequence of a seed, from its start. */
  public Gaussian(long seed) {
    Native.load();
    generator = TensorScope.keep(torch.make_generator_cpu(seed));
  }

  /** The next numbers as an fp32 tensor on the CPU. */
  public Tensor next(long... shape) {
    return torch.randn(shape, new GeneratorOptional(generator), Tensors.options(ScalarType.Float));
  }

  @Override
  public void close() {
    generator.close();
  }
}
