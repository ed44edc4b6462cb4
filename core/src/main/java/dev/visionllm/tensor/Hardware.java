package dev.visionllm.tensor;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Where tensors live and in which number format weights are held.
 *
 * @param device "cpu", "cuda" or "cuda:N"
 * @param dtype format of floating-point weights
 */
public record Hardware(String device, Dtype dtype) {
  /** The machine's processor in single precision: the default and the reference for parity. */
  public static final Hardware CPU = new Hardware("cpu", Dtype.F32);

  /** Floating-point formats that weights can be held in. */
  public enum Dtype {
    F32(ScalarType.Float),
    BF16(ScalarType.BFloat16),
    F16(ScalarType.Half);

    final ScalarType scalar;

    Dtype(ScalarType scalar) {
      this.scalar = scalar;
    }
  }

  /** Checks the device's name. */
  public Hardware {
    if (!device.matches("cpu|cuda(:\\d+)?")) {
      throw new IllegalArgumentException(
          "device is \"" + device + "\", should be cpu, cuda or cuda:N");
    }
  }

  /** Options for a floating-point tensor on this device. */
  public TensorOptions options() {
    return new TensorOptions(dtype.scalar)
        .device(new org.bytedeco.pytorch.DeviceOptional(new Device(device)));
  }

  /** libtorch's name of the dtype. */
  public ScalarType scalar() {
    return dtype.scalar;
  }
}
