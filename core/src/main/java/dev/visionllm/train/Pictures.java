package dev.visionllm.train;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Reads training pictures. */
final class Pictures {
  private Pictures() {}

  /** The file of a picture that another file, beside images/, names. */
  static Path beside(Path file, String picture) {
    return file.resolveSibling("images").resolve(Path.of(picture).getFileName().toString());
  }

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
    return checked(read(file), file, width, height);
  }

  /** A picture that was read, held against the annotations. */
  static Raster checked(Raster raster, Corpus.Picture p) {
    return checked(raster, p.file(), p.width(), p.height());
  }

  private static Raster checked(Raster raster, Path file, int width, int height) {
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
