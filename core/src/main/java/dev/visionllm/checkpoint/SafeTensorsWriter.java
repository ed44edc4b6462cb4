package dev.visionllm.checkpoint;

import dev.visionllm.tensor.TensorScope;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes safetensors files, all or nothing. Equal tensors under equal names give equal bytes.
 * Tensors of wider numbers come first and the header is padded, so each one is aligned to its type
 * and can be mapped.
 */
public final class SafeTensorsWriter {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int ALIGNMENT = 64; // of the first tensor, a cache line
  private static final int CHUNK = 1 << 20;

  private SafeTensorsWriter() {}

  /** Writes tensors under their names; within one width of number in the map's order. */
  public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
    write(file, tensors, Map.of());
  }

  /**
   * As above, with free texts.
   *
   * @throws IllegalArgumentException for a number format that safetensors does not know
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    List<Map.Entry<String, Tensor>> order = new ArrayList<>(tensors.entrySet());
    order.sort(Comparator.comparingInt(e -> -dtype(e).bytes)); // stable
    Map<String, Object> header = new LinkedHashMap<>();
    if (!metadata.isEmpty()) {
      header.put("__metadata__", metadata);
    }
    long at = 0;
    for (Map.Entry<String, Tensor> e : order) {
      long end = at + Math.multiplyExact(e.getValue().numel(), dtype(e).bytes);
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("dtype", dtype(e).name());
      fields.put("shape", e.getValue().shape());
      fields.put("data_offsets", List.of(at, end));
      if (e.getKey().equals("__metadata__")) {
        throw new IllegalArgumentException("a tensor cannot be named __metadata__");
      }
      header.put(e.getKey(), fields);
      at = end;
    }
    byte[] json = JSON.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
    int padded = (8 + json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer head = ByteBuffer.allocate(padded).order(ByteOrder.LITTLE_ENDIAN);
    head.putLong(padded - 8).put(json);
    while (head.hasRemaining()) {
      head.put((byte) ' ');
    }
    AtomicFile.write(
        file,
        out -> {
          out.write(head.array());
          for (Map.Entry<String, Tensor> e : order) {
            write(out, e.getValue(), dtype(e));
          }
        });
  }

  private static void write(OutputStream out, Tensor t, Dtype dtype) throws IOException {
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

  private static Dtype dtype(Map.Entry<String, Tensor> e) {
    Dtype dtype = Dtype.of(e.getValue().scalar_type());
    if (dtype == null) {
      throw new IllegalArgumentException(
          e.getKey()
              + " is of "
              + e.getValue().scalar_type().intern()
              + ", which safetensors does not hold");
    }
    return dtype;
  }
}
