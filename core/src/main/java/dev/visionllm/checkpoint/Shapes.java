package dev.visionllm.checkpoint;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Tensors of any name and shape without numbers or memory (libtorch's meta device): a network built
 * from them tells what it would take from a checkpoint.
 */
public final class Shapes implements Params.Source {
  @Override
  public Tensor get(String name, long... shape) {
    Native.load();
    try (Device device = new Device("meta");
        DeviceOptional on = new DeviceOptional(device);
        TensorOptions options = new TensorOptions(ScalarType.BFloat16).device(on)) {
      return torch.empty(shape, options, null);
    }
  }
}
