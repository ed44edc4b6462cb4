package dev.visionllm.train;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Reads training pictures. */
final class Pictures {
  private Pictures() {}

  /** Reads a picture and holds its size against the annotations. */
  static Raster read(Corpus.Picture p) {
    try {
      Raster raster = ImageFiles.read(p.file());
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
    } catch (IOException e) {
      throw new UncheckedIOException(p.file() + " cannot be read", e);
    }
  }
}
