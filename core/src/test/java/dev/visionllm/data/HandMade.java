package dev.visionllm.data;

import dev.visionllm.image.ImageFiles;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Small data sets made by hand. */
public final class HandMade {
  private HandMade() {}

  /** Writes text; single quotes stand for double ones. */
  static Path text(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text.replace('\'', '"'));
  }

  /** A picture in RGB. */
  static byte[] png(int width, int height) throws IOException {
    return ImageFiles.png(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB));
  }

  /** The first half of a picture file. */
  static byte[] truncated() throws IOException {
    byte[] whole = png(4, 4);
    return Arrays.copyOf(whole, whole.length / 2);
  }

  /** A gray PNG of one row. */
  static byte[] gray(int... values) throws IOException {
    BufferedImage image = new BufferedImage(values.length, 1, BufferedImage.TYPE_BYTE_GRAY);
    image.getRaster().setPixels(0, 0, values.length, 1, values);
    return ImageFiles.png(image);
  }

  static Path bytes(Path file, byte[] bytes) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  /** One entry of an archive. */
  public record Entry(String name, byte[] bytes) {
    public static Entry of(String name, String text) {
      return new Entry(name, text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }
  }

  public static Path tar(Path file, List<Entry> entries) throws IOException {
    try (var out = new TarArchiveOutputStream(Files.newOutputStream(file))) {
      for (Entry e : entries) {
        TarArchiveEntry header = new TarArchiveEntry(e.name());
        header.setSize(e.bytes().length);
        out.putArchiveEntry(header);
        out.write(e.bytes());
        out.closeArchiveEntry();
      }
    }
    return file;
  }
}
