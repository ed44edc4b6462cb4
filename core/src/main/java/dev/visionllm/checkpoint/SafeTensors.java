package dev.visionllm.checkpoint;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A safetensors file: an 8-byte header length, a JSON header, the tensors' bytes. */
public final class SafeTensors implements Params.Source {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** One entry of the header; offsets are bytes from the start of the file. */
  public record Entry(String name, String dtype, long[] shape, long from, long to) {}

  private final Path file;
  private final Map<String, Entry> entries;

  private SafeTensors(Path file, Map<String, Entry> entries) {
    this.file = file;
    this.entries = entries;
  }

  /** Reads and checks the header. @throws IllegalArgumentException if the file is malformed */
  public static SafeTensors open(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      ByteBuffer head = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      channel.read(head, 0);
      if (size < 10 || head.getLong(0) < 2 || head.getLong(0) > size - 8) {
        throw new IllegalArgumentException(
            file + ": not a safetensors file: its header length does not fit its size " + size);
      }
      long start = 8 + head.getLong(0);
      ByteBuffer text = ByteBuffer.allocate(Math.toIntExact(head.getLong(0)));
      channel.read(text, 8);
      JsonNode header;
      try {
        header = JSON.readTree(new String(text.array(), StandardCharsets.UTF_8));
      } catch (JacksonException e) {
        throw new IllegalArgumentException(file + ": the safetensors header is not JSON", e);
      }
      Map<String, Entry> entries = new LinkedHashMap<>();
      List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(header.properties());
      for (Map.Entry<String, JsonNode> f : fields) {
        if (f.getKey().equals("__metadata__")) {
          continue;
        }
        JsonNode n = f.getValue();
        long[] shape = new long[n.get("shape").size()];
        for (int i = 0; i < shape.length; i++) {
          shape[i] = n.get("shape").get(i).asLong();
        }
        long from = start + n.get("data_offsets").get(0).asLong();
        long to = start + n.get("data_offsets").get(1).asLong();
        entries.put(f.getKey(), new Entry(f.getKey(), n.get("dtype").asString(), shape, from, to));
      }
      return new SafeTensors(file, Collections.unmodifiableMap(entries));
    }
  }

  /** The header's entries by name, in file order. */
  public Map<String, Entry> entries() {
    return entries;
  }

  @Override
  public boolean has(String name) {
    return entries.containsKey(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    Tensor t = get(name);
    if (!Arrays.equals(t.shape(), shape)) {
      throw new IllegalArgumentException(
          file
              + ": "
              + name
              + " has shape "
              + Arrays.toString(t.shape())
              + ", the model needs "
              + Arrays.toString(shape));
    }
    return t;
  }

  /** A tensor by name, in the file's dtype. */
  public Tensor get(String name) {
    Native.load();
    Entry e = entries.get(name);
    if (e == null) {
      throw new IllegalArgumentException(file + ": has no tensor " + name);
    }
    Tensor t = torch.empty(e.shape(), new TensorOptions(scalar(e.dtype())), null);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (e.to() > e.from()) {
        ByteBuffer map = channel.map(FileChannel.MapMode.READ_ONLY, e.from(), e.to() - e.from());
        Pointer.memcpy(t.data_ptr(), new BytePointer(map), e.to() - e.from());
      }
    } catch (IOException x) {
      throw new java.io.UncheckedIOException(file + ": cannot be read", x);
    }
    return t;
  }

  private ScalarType scalar(String dtype) {
    return switch (dtype) {
      case "F32" -> ScalarType.Float;
      case "F64" -> ScalarType.Double;
      case "F16" -> ScalarType.Half;
      case "BF16" -> ScalarType.BFloat16;
      case "I64" -> ScalarType.Long;
      case "I32" -> ScalarType.Int;
      case "U8" -> ScalarType.Byte;
      case "BOOL" -> ScalarType.Bool;
      default -> throw new IllegalArgumentException(file + ": dtype " + dtype + " is not known");
    };
  }
}
