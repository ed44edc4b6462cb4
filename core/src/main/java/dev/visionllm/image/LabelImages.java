package dev.visionllm.image;

import dev.visionllm.geometry.LabelMap;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Path;

/** Reads masks and label maps: PNG files of one channel, gray or with a palette. */
public final class LabelImages {
  private LabelImages() {}

  /**
   * Reads the inverse of {@link MaskImages#of(LabelMap)}: a pixel of value v gets the label v - 1,
   * so that 0 is none. The value is the sample as it is stored; of a palette, the index.
   *
   * @throws IllegalArgumentException if it is no PNG of one channel; the message names the file
   */
  public static LabelMap read(Path file) throws IOException {
    byte[] bytes = ImageFiles.bytes(file);
    try {
      Container container = Container.of(bytes);
      if (container.format() != Container.Format.PNG) {
        throw new IllegalArgumentException(
            file
                + ": a mask is a PNG, not "
                + container.spoken()
                + ", which may change its values");
      }
      Raster samples = ImageFiles.decode(bytes, container, BufferedImage::getRaster);
      if (samples.getNumBands() != 1) {
        throw new IllegalArgumentException(
            file + ": this mask has " + samples.getNumBands() + " channels, expected 1");
      }
      int w = samples.getWidth();
      int h = samples.getHeight();
      int[] labels = samples.getSamples(0, 0, w, h, 0, (int[]) null);
      for (int i = 0; i < labels.length; i++) {
        labels[i]--;
      }
      return new LabelMap(w, h, labels);
    } catch (Container.Refused e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }
}
