package dev.visionllm.io;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes a file all or nothing: readers see the former content or the new one, also after a crash
 * or a power cut, never a part.
 */
public final class AtomicFile {
  /** What writes the content. */
  @FunctionalInterface
  public interface ThrowingConsumer<T> {
    /** Takes the value. */
    void accept(T value) throws IOException;
  }

  private AtomicFile() {}

  /** Writes bytes, as {@link #write(Path, ThrowingConsumer)}. */
  public static void write(Path file, byte[] content) throws IOException {
    write(file, out -> out.write(content));
  }

  /**
   * Writes to a temporary file in the same folder, forces it to the disk and renames it.
   *
   * @param file the target; its folder must exist, its former content is replaced
   * @param content writes everything; if it throws, the target stays as it was
   */
  public static void write(Path file, ThrowingConsumer<OutputStream> content) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    // not createTempFile: that would make the result readable by its owner only
    Path temporary =
        folder.resolve(
            "."
                + file.getFileName()
                + "."
                + ProcessHandle.current().pid()
                + "-"
                + Thread.currentThread().getId()
                + ".tmp");
    try {
      try (FileChannel channel =
              FileChannel.open(
                  temporary,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE);
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
        content.accept(out);
        out.flush();
        channel.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    try (FileChannel entry = FileChannel.open(folder, StandardOpenOption.READ)) {
      entry.force(true); // the rename itself; folders cannot be opened on Windows
    } catch (IOException e) {
      // the content is complete either way; only the moment of the rename is the system's choice
    }
  }
}
