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
    Raster raster = read(p.file());
    if (raster.width() != p.width() || raster.height() != p.height()) {
      throw new IllegalArgumentException(
          p.file()
              + " is "
              + raster.width()
              + "x"
              + raster.height()
              + ", its annotations say "
              + p.width()
              + "x"
              + p.height());
    }
    return raster;
  }
}
