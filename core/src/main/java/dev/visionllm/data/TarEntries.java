package dev.visionllm.data;

import dev.visionllm.image.ImageFiles;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;

/** An uncompressed tar archive: its headers are read once, contents when they are asked for. */
final class TarEntries implements Entries {
  private final TarFile tar;
  private final List<String> names;
  private final Map<String, TarArchiveEntry> byName = new HashMap<>();

  /**
   * @throws IllegalArgumentException if the file is no tar archive or ends too early
   */
  TarEntries(Path file) throws IOException {
    try {
      tar = new TarFile(file);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a complete, uncompressed tar archive (" + e.getMessage() + ")", e);
    }
    names =
        tar.getEntries().stream()
            .filter(e -> !e.isDirectory())
            .map(TarArchiveEntry::getName)
            .toList();
    for (TarArchiveEntry e : tar.getEntries()) byName.put(e.getName(), e);
  }

  @Override
  public List<String> names() {
    return names;
  }

  /** Safe for several threads, which share the file's position. */
  @Override
  public synchronized byte[] read(String name) throws IOException {
    TarArchiveEntry entry = byName.get(name);
    if (entry.isLink() || entry.isSymbolicLink()) {
      throw new IllegalArgumentException("this entry is a link to '" + entry.getLinkName() + "'");
    }
    checkSize(entry.getSize());
    try (var in = tar.getInputStream(entry)) {
      return in.readAllBytes();
    }
  }

  /** As WebDataset has it: the first dot, since one sample may have .seg.png beside .png. */
  @Override
  public int keyEnd(String name) {
    int dot = name.indexOf('.', name.lastIndexOf('/') + 1);
    return dot < 0 ? name.length() : dot;
  }

  static void checkSize(long bytes) {
    if (bytes > ImageFiles.MAX_BYTES) {
      throw new IllegalArgumentException(
          "has " + bytes + " bytes; at most " + ImageFiles.MAX_BYTES);
    }
  }

  @Override
  public void close() throws IOException {
    tar.close();
  }
}
