package dev.visionllm.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.PointerConsumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** Tensors whose memory is a file's pages, and tensors that copy a part of a file. */
final class Mapped {
  private static final long SMALLEST = 1 << 16; // below, a mapping costs more than a copy
  private static final int CHUNK = 1 << 26;

  /**
   * Mappings in use, by address. Static because libtorch calls back when the last reference to the
   * memory goes, whoever held it; from then on the collector may unmap.
   */
  private static final Map<Long, Held> IN_USE = new HashMap<>();

  /** Those of them that further tensors may share. */
  private static final Map<Region, Held> SHARED = new HashMap<>();

  /** A part of a file that an owner maps once, however often it is asked for. */
  private record Region(Object owner, long from, long to) {}

  private static final class Held {
    final MappedByteBuffer buffer;
    final Region region; // or null
    int tensors;

    Held(MappedByteBuffer buffer, Region region) {
      this.buffer = buffer;
      this.region = region;
    }
  }

  private static final Release RELEASE = Release.beyondScopes();

  private Mapped() {}

  /** Whether an entry can be mapped; otherwise it is copied. */
  static boolean fits(SafeTensors.Entry e, Dtype dtype, boolean writable) {
    long size = e.to() - e.from();
    return writable
        && size >= SMALLEST
        && size <= Integer.MAX_VALUE
        && e.from() % dtype.bytes == 0; // a map starts at a page, so this is the address's residue
  }

  /** The entry as the file's own pages, copied page by page when written to. */
  static Tensor map(FileChannel channel, SafeTensors.Entry e, Dtype dtype) throws IOException {
    return tensor(new Held(map(channel, e), null), e, dtype);
  }

  /** As {@link #map}, but further tensors of the owner over the same bytes are the same memory. */
  static Tensor share(Object owner, FileChannel channel, SafeTensors.Entry e, Dtype dtype)
      throws IOException {
    synchronized (IN_USE) {
      Region region = new Region(owner, e.from(), e.to());
      Held held = SHARED.get(region);
      if (held == null) {
        held = new Held(map(channel, e), region);
        SHARED.put(region, held);
      }
      return tensor(held, e, dtype);
    }
  }

  private static MappedByteBuffer map(FileChannel channel, SafeTensors.Entry e) throws IOException {
    return channel.map(FileChannel.MapMode.PRIVATE, e.from(), e.to() - e.from());
  }

  private static Tensor tensor(Held held, SafeTensors.Entry e, Dtype dtype) {
    try (BytePointer data = new BytePointer(held.buffer);
        TensorOptions options = new TensorOptions(dtype.scalar)) {
      synchronized (IN_USE) {
        IN_USE.put(data.address(), held);
        held.tensors++;
      }
      return torch.from_blob(data, e.shape(), RELEASE, options);
    }
  }

  /** The entry in memory of its own. */
  static Tensor copy(FileChannel channel, SafeTensors.Entry e, Dtype dtype) throws IOException {
    Tensor t;
    try (TensorOptions options = new TensorOptions(dtype.scalar)) {
      t = torch.empty(e.shape(), options, null);
    }
    long size = e.to() - e.from();
    for (long at = 0; at < size; at += CHUNK) {
      try (BytePointer to = new BytePointer(t.data_ptr())) {
        ByteBuffer part = to.position(at).capacity(at + Math.min(CHUNK, size - at)).asByteBuffer();
        while (part.hasRemaining()) {
          if (channel.read(part, e.from() + at + part.position()) < 0) {
            throw new EOFException("the file ends within it");
          }
        }
      }
    }
    return t;
  }

  /** Mappings that tensors hold; for tests. */
  static int inUse() {
    synchronized (IN_USE) {
      return IN_USE.size();
    }
  }

  private static final class Release extends PointerConsumer {
    static Release beyondScopes() {
      Release r = new Release();
      PointerScope scope = PointerScope.getInnerScope();
      r.retainReference();
      if (scope != null) {
        scope.detach(r);
      }
      return r;
    }

    @Override
    public void call(Pointer data) {
      synchronized (IN_USE) {
        Held held = IN_USE.get(data.address());
        if (--held.tensors == 0) {
          IN_USE.remove(data.address());
          SHARED.remove(held.region);
        }
      }
    }
  }
}
