package dev.visionllm.checkpoint;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;

/**
 * A source's tensors on a device; floating-point ones in its number format, whole numbers and
 * booleans as they are.
 *
 * @param source where they come from
 * @param hardware where they shall be
 */
public record OnHardware(Params.Source source, Hardware hardware) implements Params.Source {
  @Override
  public boolean has(String name) {
    return source.has(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    try (Tensor from = source.get(name, shape);
        Device device = new Device(hardware.device())) {
      // a tensor that is right already comes back as a second reference to the same memory
      return from.to(
          device, from.is_floating_point() ? hardware.scalar() : from.scalar_type().intern());
    }
  }
}
