package dev.visionllm.checkpoint;

import dev.visionllm.io.AtomicFile;
import dev.visionllm.tensor.TensorScope;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;

/**
 * A tensor that a file shall hold; its numbers are made when they are written.
 *
 * @param name the tensor's name
 * @param dtype the header's name of the number format, such as BF16
 * @param shape sizes of the dimensions
 * @param content writes exactly {@link #bytes} bytes, the numbers in row-major order
 */
public record Item(
    String name, String dtype, long[] shape, AtomicFile.ThrowingConsumer<OutputStream> content) {
  private static final int CHUNK = 1 << 20;

  /** Refuses what safetensors cannot hold. */
  public Item {
    if (name.equals("__metadata__")) {
      throw new IllegalArgumentException("a tensor cannot be named __metadata__");
    }
    if (Dtype.named(dtype) == null) {
      throw new IllegalArgumentException(
          name + " is of " + dtype + ", which safetensors does not hold");
    }
  }

  /** A tensor that exists. */
  static Item of(String name, Tensor t) {
    Dtype dtype = Dtype.of(t.scalar_type());
    return new Item(
        name,
        dtype == null ? t.scalar_type().intern().toString() : dtype.name(),
        t.shape(),
        out -> copy(out, t, dtype));
  }

  /**
   * A tensor that is read when it is written.
   *
   * @param dtype its number format in the file
   * @param tensor gives it, in any number format; freed after it was written
   * @throws IllegalArgumentException when written, if a number does not fit the format
   */
  public static Item of(String name, String dtype, long[] shape, Supplier<Tensor> tensor) {
    return new Item(
        name,
        dtype,
        shape,
        out -> {
          try {
            TensorScope.value(
                () -> {
                  Tensor from = tensor.get();
                  Tensor to = from.to(Dtype.valueOf(dtype).scalar);
                  if (dtype.equals("F16")
                      && to.isinf().any().item_bool()
                      && !from.isinf().any().item_bool()) {
                    throw new IllegalArgumentException(
                        name + " holds numbers beyond fp16's largest, 65504: use bf16 or fp32");
                  }
                  try {
                    copy(out, to, Dtype.valueOf(dtype));
                  } catch (IOException x) {
                    throw new UncheckedIOException(x);
                  }
                  return null;
                });
          } catch (UncheckedIOException x) {
            throw x.getCause();
          }
        });
  }

  /** Numbers of the tensor. */
  public long numbers() {
    long n = 1;
    for (long s : shape) {
      n = Math.multiplyExact(n, s);
    }
    return n;
  }

  /** Bytes of the tensor in the file. */
  public long bytes() {
    return Math.multiplyExact(numbers(), Dtype.valueOf(dtype).bytes);
  }

  /** Bytes of one number. */
  int width() {
    return Dtype.valueOf(dtype).bytes;
  }

  private static void copy(OutputStream out, Tensor t, Dtype dtype) throws IOException {
    try {
      TensorScope.value(
          () -> {
            Tensor c = t.detach().cpu().contiguous();
            BytePointer data = new BytePointer(c.data_ptr());
            long size = c.numel() * dtype.bytes;
            byte[] chunk = new byte[(int) Math.min(CHUNK, size)];
            for (long from = 0; from < size; from += CHUNK) {
              int n = (int) Math.min(CHUNK, size - from);
              data.position(from).get(chunk, 0, n);
              try {
                out.write(chunk, 0, n);
              } catch (IOException x) {
                throw new UncheckedIOException(x);
              }
            }
            return null;
          });
    } catch (UncheckedIOException x) {
      throw x.getCause();
    }
  }
}
