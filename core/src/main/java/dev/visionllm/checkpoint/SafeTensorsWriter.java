package dev.visionllm.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.json.JsonMapper;

/** Writes safetensors files: all or nothing, synced to disk before they get their name. */
public final class SafeTensorsWriter {
  private SafeTensorsWriter() {}

  /** Writes tensors under their names, in the map's order. */
  public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
    Map<String, Object> header = new LinkedHashMap<>();
    long at = 0;
    for (Map.Entry<String, Tensor> e : tensors.entrySet()) {
      Tensor t = e.getValue();
      long size = t.numel() * t.element_size();
      header.put(
          e.getKey(),
          Map.of(
              "dtype", dtype(t), "shape", t.shape(), "data_offsets", List.of(at, at + size)));
      at += size;
    }
    byte[] json =
        JsonMapper.builder().build().writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
    int padded = (json.length + 7) / 8 * 8;
    ByteBuffer head = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    head.putLong(padded).put(json);
    while (head.hasRemaining()) {
      head.put((byte) ' ');
    }
    Path temp = file.resolveSibling(file.getFileName() + ".part");
    try (FileChannel out =
        FileChannel.open(
            temp,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      write(out, head.flip());
      for (Tensor t : tensors.values()) {
        try (PointerScope scope = new PointerScope()) {
          Tensor c = t.detach().cpu().contiguous();
          long size = c.numel() * c.element_size();
          if (size > 0) {
            write(out, new BytePointer(c.data_ptr()).capacity(size).asByteBuffer());
          }
        }
      }
      out.force(true);
    }
    Files.move(temp, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void write(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static String dtype(Tensor t) {
    return switch (t.scalar_type()) {
      case Float -> "F32";
      case Double -> "F64";
      case Half -> "F16";
      case BFloat16 -> "BF16";
      case Long -> "I64";
      case Int -> "I32";
      case Byte -> "U8";
      case Bool -> "BOOL";
      default -> throw new IllegalArgumentException("dtype " + t.scalar_type() + " is not written");
    };
  }
}
