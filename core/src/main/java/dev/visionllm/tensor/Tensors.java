package dev.visionllm.tensor;

import java.util.Arrays;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Java arrays to tensors and back. Every tensor made here owns its memory and is on the CPU. */
public final class Tensors {
  static {
    Native.load();
  }

  private Tensors() {}

  /** A float tensor. @param shape must hold exactly {@code data.length} elements */
  public static Tensor of(float[] data, long... shape) {
    check(data.length, shape);
    Tensor t = torch.empty(shape, options(ScalarType.Float), null);
    if (data.length > 0) {
      new FloatPointer(t.data_ptr()).put(data, 0, data.length);
    }
    return t;
  }

  /** An int64 tensor. @param shape must hold exactly {@code data.length} elements */
  public static Tensor of(long[] data, long... shape) {
    check(data.length, shape);
    Tensor t = torch.empty(shape, options(ScalarType.Long), null);
    if (data.length > 0) {
      new LongPointer(t.data_ptr()).put(data, 0, data.length);
    }
    return t;
  }

  /** A boolean tensor. @param shape must hold exactly {@code data.length} elements */
  public static Tensor of(boolean[] data, long... shape) {
    check(data.length, shape);
    Tensor t = torch.empty(shape, options(ScalarType.Bool), null);
    BoolPointer to = new BoolPointer(t.data_ptr());
    for (int i = 0; i < data.length; i++) {
      to.put(i, data[i]);
    }
    return t;
  }

  /** All elements in row-major order, whatever the tensor's dtype, device and strides. */
  public static float[] floats(Tensor t) {
    float[] out = new float[Math.toIntExact(t.numel())];
    TensorScope.value(
        () -> {
          Tensor c = t.detach().cpu().to(ScalarType.Float).contiguous();
          if (out.length > 0) {
            new FloatPointer(c.data_ptr()).get(out, 0, out.length);
          }
          return null;
        });
    return out;
  }

  /** All elements in row-major order, as int64. */
  public static long[] longs(Tensor t) {
    long[] out = new long[Math.toIntExact(t.numel())];
    TensorScope.value(
        () -> {
          Tensor c = t.detach().cpu().to(ScalarType.Long).contiguous();
          if (out.length > 0) {
            new LongPointer(c.data_ptr()).get(out, 0, out.length);
          }
          return null;
        });
    return out;
  }

  /** All elements in row-major order; non-zero is true. */
  public static boolean[] booleans(Tensor t) {
    long[] values = longs(t);
    boolean[] out = new boolean[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = values[i] != 0;
    }
    return out;
  }

  /** The shape as an array. */
  public static long[] shape(Tensor t) {
    return t.shape();
  }

  /** CPU options for a dtype. */
  public static TensorOptions options(ScalarType dtype) {
    return new TensorOptions(dtype);
  }

  private static void check(int length, long... shape) {
    long n = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (n != length) {
      throw new IllegalArgumentException(
          "shape " + Arrays.toString(shape) + " holds " + n + " elements, the array has " + length);
    }
  }
}
