package dev.visionllm.checkpoint;

import dev.visionllm.io.AtomicFile;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.Native;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A safetensors file: an 8-byte header length, a JSON header, the tensors' bytes. The header is
 * checked in full when the file is opened; tensors are read when they are asked for. Large ones are
 * the file's own pages, mapped copy-on-write: loading costs nothing, processes share them, and
 * writing to a tensor never reaches the file. Replace such a file by renaming another one over it
 * ({@link AtomicFile} does); cutting it short while it is mapped ends the process.
 */
public final class SafeTensors implements Weights {
  /**
   * One entry of the header.
   *
   * @param name the tensor's name
   * @param dtype the header's name of the number format, such as F32
   * @param shape sizes of the dimensions
   * @param from first byte, counted from the start of the file
   * @param to byte after the last one
   */
  public record Entry(String name, String dtype, long[] shape, long from, long to) {
    /** Bytes of one number. */
    public int width() {
      return Dtype.valueOf(dtype).bytes;
    }

    /** Whether its numbers are floating-point ones. */
    public boolean floating() {
      return Dtype.valueOf(dtype).floating();
    }
  }

  private final Path file;
  private final long size;
  private final Map<String, Entry> entries;
  private final Map<String, String> metadata;

  private SafeTensors(Path file, Header header) {
    this.file = file;
    size = header.fileSize();
    entries = header.entries();
    metadata = header.metadata();
  }

  /**
   * Reads and checks the header.
   *
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if it is malformed: one line that names file and tensor
   */
  public static SafeTensors open(Path file) throws IOException {
    Weights.exists(file);
    return new SafeTensors(file, Header.read(file));
  }

  /** The header's entries by name, in the order of their bytes. */
  @Override
  public Map<String, Entry> entries() {
    return entries;
  }

  @Override
  public List<Path> files() {
    return List.of(file);
  }

  /** The header's free texts. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public boolean has(String name) {
    return entries.containsKey(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    return load(Weights.checked(file, entries, name, shape));
  }

  /** A tensor by name, in the file's dtype and shape. */
  @Override
  public Tensor get(String name) {
    return load(Weights.named(file, entries, name));
  }

  /** The same tensors on a device and, where they are floating-point numbers, in its format. */
  public Params.Source withHardware(Hardware hardware) {
    return new OnHardware(this, hardware);
  }

  private Tensor load(Entry e) {
    Native.load();
    // a private mapping needs a channel that may write, although it never writes
    boolean writable = Files.isWritable(file);
    try (FileChannel channel =
        writable
            ? FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)
            : FileChannel.open(file, StandardOpenOption.READ)) {
      Weights.unchanged(file, size, channel.size());
      return Mapped.fits(e, dtype(e), writable)
          ? Mapped.map(channel, e, dtype(e))
          : Mapped.copy(channel, e, dtype(e));
    } catch (IOException x) {
      throw new UncheckedIOException(
          file + ": " + e.name() + " cannot be read: " + x.getMessage(), x);
    }
  }

  private static Dtype dtype(Entry e) {
    return Dtype.valueOf(e.dtype());
  }
}
