package dev.visionllm.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
  private static final Map<Long, MappedByteBuffer> IN_USE = new ConcurrentHashMap<>();

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
    MappedByteBuffer buffer = channel.map(FileChannel.MapMode.PRIVATE, e.from(), e.to() - e.from());
    try (BytePointer data = new BytePointer(buffer);
        TensorOptions options = new TensorOptions(dtype.scalar)) {
      IN_USE.put(data.address(), buffer);
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
    return IN_USE.size();
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
      IN_USE.remove(data.address());
    }
  }
}
