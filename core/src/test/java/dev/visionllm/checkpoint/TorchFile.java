package dev.visionllm.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes PyTorch's files for tests: a state dict's pickle and its storages in a zip archive. */
public final class TorchFile {
  private static final int ALIGNMENT = 64;

  /** A pickle, instruction by instruction. */
  static final class Pickle {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Pickle op(int... bytes) {
      for (int b : bytes) {
        out.write(b);
      }
      return this;
    }

    Pickle text(String s) {
      byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
      op('X').little(4, utf8.length).out.writeBytes(utf8);
      return this;
    }

    Pickle number(long n) {
      return n == (int) n ? op('J').little(4, n) : op(0x8a, 8).little(8, n);
    }

    Pickle global(String module, String name) {
      op('c').out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
      return this;
    }

    Pickle tuple(long... numbers) {
      op('(');
      for (long n : numbers) {
        number(n);
      }
      return op('t');
    }

    /** A new OrderedDict. */
    Pickle orderedDict() {
      return global("collections", "OrderedDict").op(')', 'R');
    }

    /** As torch pickles a tensor. */
    Pickle tensor(
        String kind, String key, long numbers, long offset, long[] shape, long[] strides) {
      global("torch._utils", "_rebuild_tensor_v2").op('(');
      op('(').text("storage").global("torch", kind).text(key).text("cpu").number(numbers);
      op('t', 'Q').number(offset).tuple(shape).tuple(strides).op(0x89).orderedDict();
      return op('t', 'R');
    }

    private Pickle little(int bytes, long n) {
      for (int i = 0; i < bytes; i++) {
        out.write((int) (n >> 8 * i));
      }
      return this;
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }

  /** One entry of the archive; sizes that differ from the content make a broken archive. */
  private record Entry(String name, byte[] content, boolean deflated, long said) {}

  private final Pickle pickle = new Pickle().op(0x80, 2).orderedDict().op('(');
  private final Map<String, byte[]> storages = new LinkedHashMap<>();
  private final Map<String, Consumer<String>> pickles =
      new LinkedHashMap<>(); // of tensors, by name
  private final List<Entry> extra = new ArrayList<>();
  private byte[] wholePickle; // or null: the state dict
  private boolean deflated;
  private int shift;
  private long wrongSize;

  /** A contiguous fp32 tensor on a storage of its own. */
  public TorchFile tensor(String name, float[] data, long... shape) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(data);
    String key = String.valueOf(storages.size());
    long[] strides = new long[shape.length];
    long step = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = step;
      step *= shape[i];
    }
    pickles.put(name, n -> view(n, "FloatStorage", key, data.length, 0, shape, strides));
    return storage(key, bytes.array()).again(name, name);
  }

  /** A second name of such a tensor, on the same storage. */
  public TorchFile again(String name, String of) {
    pickles.get(of).accept(name);
    return this;
  }

  /** The bytes of a storage. */
  TorchFile storage(String key, byte[] bytes) {
    storages.put(key, bytes);
    return this;
  }

  /** A tensor on a storage. */
  TorchFile view(
      String name,
      String kind,
      String key,
      long numbers,
      long offset,
      long[] shape,
      long[] strides) {
    pickle.text(name).tensor(kind, key, numbers, offset, shape, strides);
    return this;
  }

  /** A pickle instead of the state dict. */
  TorchFile pickle(byte[] bytes) {
    wholePickle = bytes;
    return this;
  }

  TorchFile entry(String name, String content) {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    extra.add(new Entry(name, bytes, false, bytes.length));
    return this;
  }

  /** Compresses everything, as zip programs do. */
  TorchFile deflated() {
    deflated = true;
    return this;
  }

  /** Moves the storages off their alignment. */
  TorchFile shifted(int bytes) {
    shift = bytes;
    return this;
  }

  /** Makes the directory lie about the storages' sizes. */
  TorchFile wrongSize(long more) {
    wrongSize = more;
    return this;
  }

  /** Writes the archive. */
  public Path write(Path file) throws IOException {
    List<Entry> entries = new ArrayList<>();
    byte[] dict = wholePickle == null ? pickle.op('u', '.').bytes() : wholePickle;
    entries.add(new Entry("archive/data.pkl", dict, deflated, dict.length));
    storages.forEach(
        (key, bytes) ->
            entries.add(
                new Entry("archive/data/" + key, bytes, deflated, bytes.length + wrongSize)));
    entries.addAll(extra);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream directory = new ByteArrayOutputStream();
    for (Entry e : entries) {
      byte[] name = e.name().getBytes(StandardCharsets.UTF_8);
      byte[] stored = e.deflated() ? deflate(e.content()) : e.content();
      CRC32 crc = new CRC32();
      crc.update(e.content());
      int plain = out.size() + 30 + name.length + 4;
      int padding = (ALIGNMENT - plain % ALIGNMENT) % ALIGNMENT + shift;
      ByteBuffer common = ByteBuffer.allocate(26).order(ByteOrder.LITTLE_ENDIAN);
      common.putShort((short) 20).putShort((short) 0);
      common.putShort((short) (e.deflated() ? 8 : 0)).putInt(0).putInt((int) crc.getValue());
      common.putInt((int) (e.deflated() ? stored.length : e.said())).putInt((int) e.said());
      common.putShort((short) name.length).putShort((short) (4 + padding));
      ByteBuffer field = ByteBuffer.allocate(4 + padding).order(ByteOrder.LITTLE_ENDIAN);
      field.putShort((short) 0x4246).putShort((short) padding);
      int at = out.size();
      out.writeBytes(new byte[] {'P', 'K', 3, 4});
      out.writeBytes(common.array());
      out.writeBytes(name);
      out.writeBytes(field.array());
      out.writeBytes(stored);
      directory.writeBytes(new byte[] {'P', 'K', 1, 2, 20, 0});
      directory.writeBytes(common.array());
      directory.writeBytes(new byte[10]);
      directory.writeBytes(little(at));
      directory.writeBytes(name);
      directory.writeBytes(field.array());
    }
    int start = out.size();
    out.writeBytes(directory.toByteArray());
    ByteBuffer end = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN);
    end.put(new byte[] {'P', 'K', 5, 6}).putInt(0);
    end.putShort((short) entries.size()).putShort((short) entries.size());
    end.putInt(directory.size()).putInt(start);
    out.writeBytes(end.array());
    return Files.write(file, out.toByteArray());
  }

  private static byte[] little(int n) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(n).array();
  }

  private static byte[] deflate(byte[] bytes) {
    Deflater deflater = new Deflater(9, true);
    deflater.setInput(bytes);
    deflater.finish();
    byte[] out = new byte[bytes.length + 100];
    int n = deflater.deflate(out);
    deflater.end();
    return java.util.Arrays.copyOf(out, n);
  }
}
