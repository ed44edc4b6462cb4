package dev.visionllm.data;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Named contents that are read one at a time: the entries of a shard or the files of a folder. */
interface Entries extends Closeable {
  /** Names in a fixed order, with / between folders; a shard may hold one twice. */
  List<String> names();

  /**
   * The content of one.
   *
   * @throws IllegalArgumentException if it is no plain file or too large
   */
  byte[] read(String name) throws IOException;

  /** Where the key of a name ends: at the dot that its ending follows, or at its end. */
  int keyEnd(String name);

  /** A tar archive or a folder. */
  static Entries open(Path path) throws IOException {
    return Files.isDirectory(path) ? folder(path) : new TarEntries(path);
  }

  private static Entries folder(Path folder) throws IOException {
    List<String> names;
    try (Stream<Path> files = Files.walk(folder)) {
      names =
          files
              .filter(Files::isRegularFile)
              .map(f -> folder.relativize(f).toString().replace('\\', '/'))
              .sorted()
              .toList();
    }
    return new Entries() {
      @Override
      public List<String> names() {
        return names;
      }

      @Override
      public byte[] read(String name) throws IOException {
        Path file = folder.resolve(name);
        TarEntries.checkSize(Files.size(file));
        return Files.readAllBytes(file);
      }

      @Override
      public int keyEnd(String name) {
        return PictureFiles.stem(name).length();
      }

      @Override
      public void close() {
        // nothing is open
      }
    };
  }
}
