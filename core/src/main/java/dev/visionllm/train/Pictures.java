package dev.visionllm.train;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Reads training pictures. */
final class Pictures {
  private Pictures() {}

  /** Reads a picture. */
  static Raster read(Path file) {
    try {
      return ImageFiles.read(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " cannot be read", e);
    }
  }

  /** Reads a picture and holds its size against the annotations. */
  static Raster read(Corpus.Picture p) {
    return read(p.file(), p.width(), p.height());
  }

  /** Reads a picture that its annotations say is of that size. */
  static Raster read(Path file, int width, int height) {
    Raster raster = read(file);
    if (raster.width() != width || raster.height() != height) {
      throw new IllegalArgumentException(
          file
              + " is "
              + raster.width()
              + "x"
              + raster.height()
              + ", its annotations say "
              + width
              + "x"
              + height);
    }
    return raster;
  }
}
