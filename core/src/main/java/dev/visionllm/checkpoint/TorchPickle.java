package dev.visionllm.checkpoint;

import dev.visionllm.tensor.Native;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * A PyTorch state dict as torch.save writes it since version 1.6: a zip archive with a pickle and
 * one entry for each storage of numbers. The pickle is read by {@link Unpickler}, which executes
 * nothing; archive, pickle and storages are checked against each other when the file is opened.
 * Large tensors are the file's own pages, as in {@link SafeTensors}; names over the same numbers
 * share them.
 */
public final class TorchPickle implements Weights {
  private static final String PICKLE = "/data.pkl";
  private static final int CHUNK = 1 << 20;

  /**
   * A tensor's place.
   *
   * @param entry dtype and shape; bytes from its first number to its last one, in the file or in
   *     the inflated storage
   * @param view how its numbers lie there
   * @param storage the archive's entry
   */
  private record Part(SafeTensors.Entry entry, Unpickler.View view, ZipDirectory.Entry storage) {}

  private final Path file;
  private final long size;
  private final Map<String, Part> parts;
  private final Map<String, SafeTensors.Entry> entries;

  private TorchPickle(Path file, long size, Map<String, Part> parts) {
    this.file = file;
    this.size = size;
    this.parts = parts;
    Map<String, SafeTensors.Entry> all = new LinkedHashMap<>();
    parts.forEach((name, part) -> all.put(name, part.entry()));
    entries = Collections.unmodifiableMap(all);
  }

  /**
   * Reads and checks the archive's directory and its pickle.
   *
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if it is malformed or holds anything but tensors: one line
   */
  public static TorchPickle open(Path file) throws IOException {
    Weights.exists(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      refuseOlder(file, channel);
      ZipDirectory zip = ZipDirectory.read(file, channel);
      String root = root(file, zip);
      ZipDirectory.Entry order = zip.entries().get(root + "/byteorder");
      if (order != null && !text(file, channel, order).equals("little")) {
        throw bad(file, "holds big-endian numbers, should hold little-endian ones: save it again");
      }
      ByteBuffer pickle = ByteBuffer.wrap(content(file, channel, zip.entries().get(root + PICKLE)));
      Map<String, Part> parts = new LinkedHashMap<>();
      Map<String, Unpickler.Storage> storages = new LinkedHashMap<>();
      Unpickler.read(pickle, file + ":")
          .forEach(
              (name, view) -> {
                Unpickler.Storage s = view.storage();
                Unpickler.Storage other = storages.putIfAbsent(s.key(), s);
                if (other != null && !other.equals(s)) {
                  throw bad(file, name + " is on storage " + s + ", others on " + other);
                }
                parts.put(
                    name, part(file, name, view, zip.entries().get(root + "/data/" + s.key())));
              });
      return new TorchPickle(file, channel.size(), parts);
    }
  }

  private static void refuseOlder(Path file, FileChannel channel) throws IOException {
    if (channel.size() < 2) {
      throw bad(file, "is no PyTorch file: it has " + channel.size() + " bytes");
    }
    ByteBuffer first = ZipDirectory.bytes(file, channel, 0, 2);
    if ((first.get(0) & 0xFF) == 0x80) {
      throw bad(
          file,
          "is a plain pickle, as PyTorch wrote before version 1.6, should be a zip archive:"
              + " load it in PyTorch and save it again");
    }
  }

  /** The folder in the archive; its name is the file's at the time of saving. */
  private static String root(Path file, ZipDirectory zip) {
    List<String> roots = new ArrayList<>();
    for (String name : zip.entries().keySet()) {
      if (name.endsWith(PICKLE)) {
        roots.add(name.substring(0, name.length() - PICKLE.length()));
      }
    }
    if (roots.size() != 1) {
      throw bad(file, "is no PyTorch file: it holds " + roots.size() + " data.pkl, should be one");
    }
    return roots.get(0);
  }

  private static Part part(
      Path file, String name, Unpickler.View view, ZipDirectory.Entry storage) {
    Unpickler.Storage s = view.storage();
    if (storage == null) {
      throw bad(file, name + " is on storage " + s.key() + ", which the archive does not hold");
    }
    long first;
    long last; // exclusive
    try {
      if (Math.multiplyExact(s.numbers(), s.dtype().bytes) != storage.size()) {
        throw bad(
            file,
            name
                + " is on storage "
                + s.key()
                + " of "
                + storage.size()
                + " bytes, "
                + s.numbers()
                + " numbers in "
                + s.dtype()
                + " should have "
                + Math.multiplyExact(s.numbers(), s.dtype().bytes));
      }
      first = Math.multiplyExact(view.offset(), s.dtype().bytes);
      last = Math.multiplyExact(end(view), s.dtype().bytes);
    } catch (ArithmeticException e) {
      throw bad(file, name + " is larger than any file can be");
    }
    if (last > storage.size()) {
      throw bad(
          file,
          name
              + " reaches byte "
              + last
              + " of storage "
              + s.key()
              + ", which has "
              + storage.size());
    }
    long base = storage.deflated() ? 0 : storage.from();
    return new Part(
        new SafeTensors.Entry(name, s.dtype().name(), view.shape(), base + first, base + last),
        view,
        storage);
  }

  /** Number behind the tensor's last one, counted in its storage. */
  private static long end(Unpickler.View v) {
    long last = 0;
    for (int i = 0; i < v.shape().length; i++) {
      if (v.shape()[i] == 0) {
        return v.offset();
      }
      long steps = Math.multiplyExact(v.shape()[i] - 1, v.strides()[i]);
      last = Math.addExact(last, steps);
    }
    return Math.addExact(Math.addExact(v.offset(), last), 1);
  }

  /**
   * {@inheritDoc} An entry's bytes reach from the tensor's first number to its last one, which are
   * others' too where names share a storage.
   */
  @Override
  public Map<String, SafeTensors.Entry> entries() {
    return entries;
  }

  @Override
  public List<Path> files() {
    return List.of(file);
  }

  @Override
  public boolean has(String name) {
    return parts.containsKey(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    return load(parts.get(Weights.checked(file, entries, name, shape).name()));
  }

  @Override
  public Tensor get(String name) {
    return load(parts.get(Weights.named(file, entries, name).name()));
  }

  private Tensor load(Part part) {
    Native.load();
    Dtype dtype = part.view.storage().dtype();
    SafeTensors.Entry e = part.entry;
    long numbers = (e.to() - e.from()) / dtype.bytes;
    SafeTensors.Entry flat =
        new SafeTensors.Entry(e.name(), e.dtype(), new long[] {numbers}, e.from(), e.to());
    boolean writable = Files.isWritable(file);
    try (FileChannel channel =
        writable
            ? FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)
            : FileChannel.open(file, StandardOpenOption.READ)) {
      Weights.unchanged(file, size, channel.size());
      try (Tensor all =
              part.storage.deflated()
                  ? inflated(channel, part, flat, dtype)
                  : Mapped.fits(flat, dtype, writable)
                      ? Mapped.share(this, channel, flat, dtype)
                      : Mapped.copy(channel, flat, dtype);
          LongOptional start = new LongOptional(0)) {
        return all.as_strided(part.view.shape(), part.view.strides(), start);
      }
    } catch (IOException x) {
      throw new UncheckedIOException(
          file + ": " + e.name() + " cannot be read: " + x.getMessage(), x);
    }
  }

  private static Tensor inflated(
      FileChannel channel, Part part, SafeTensors.Entry flat, Dtype dtype) throws IOException {
    Tensor t;
    try (TensorOptions options = new TensorOptions(dtype.scalar)) {
      t = torch.empty(flat.shape(), options, null);
    }
    try (InputStream in = inflate(channel, part.storage);
        BytePointer to = new BytePointer(t.data_ptr())) {
      in.skipNBytes(flat.from());
      byte[] chunk = new byte[CHUNK];
      long all = flat.to() - flat.from();
      for (long at = 0; at < all; ) {
        int n = in.read(chunk, 0, (int) Math.min(chunk.length, all - at));
        if (n < 0) {
          throw new EOFException("its compressed bytes end too soon");
        }
        to.position(at).put(chunk, 0, n);
        at += n;
      }
      return t;
    } catch (IOException e) {
      t.close();
      throw e;
    }
  }

  private static InputStream inflate(FileChannel channel, ZipDirectory.Entry e) throws IOException {
    channel.position(e.from());
    return new InflaterInputStream(Channels.newInputStream(channel), new Inflater(true), CHUNK);
  }

  private static byte[] content(Path file, FileChannel channel, ZipDirectory.Entry e)
      throws IOException {
    if (e.size() > Header.LONGEST) {
      throw bad(
          file, e.name() + " has " + e.size() + " bytes, should have at most " + Header.LONGEST);
    }
    if (!e.deflated()) {
      return ZipDirectory.bytes(file, channel, e.from(), (int) e.size()).array();
    }
    InputStream in = inflate(channel, e); // closing it would close the channel
    byte[] out = in.readNBytes((int) e.size());
    if (out.length != e.size()) {
      throw bad(file, e.name() + " has " + out.length + " bytes, the directory says " + e.size());
    }
    return out;
  }

  private static String text(Path file, FileChannel channel, ZipDirectory.Entry e)
      throws IOException {
    return new String(content(file, channel, e), StandardCharsets.UTF_8).strip();
  }

  private static IllegalArgumentException bad(Path file, String what) {
    return new IllegalArgumentException(file + ": " + what);
  }
}
