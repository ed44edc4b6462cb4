package dev.visionllm.checkpoint;

import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    List<Item> items = new ArrayList<>();
    tensors.forEach((name, t) -> items.add(Item.of(name, t)));
    write(file, items, metadata);
  }

  /** Writes tensors whose numbers are made one after the other. */
  static void write(Path file, List<Item> items, Map<String, String> metadata) throws IOException {
    List<Item> order = new ArrayList<>(items);
    order.sort(Comparator.comparingInt(i -> -i.width())); // stable
    Map<String, Object> header = new LinkedHashMap<>();
    if (!metadata.isEmpty()) {
      header.put("__metadata__", metadata);
    }
    long at = 0;
    for (Item i : order) {
      long end = at + i.bytes();
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("dtype", i.dtype());
      fields.put("shape", i.shape());
      fields.put("data_offsets", List.of(at, end));
      header.put(i.name(), fields);
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
          for (Item i : order) {
            i.content().accept(out);
          }
        });
  }
}
