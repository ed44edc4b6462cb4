package dev.visionllm.eval;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.IndexMapDataset;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.geometry.Rle;
import dev.visionllm.image.Raster;
import java.nio.file.Path;

/** Masks and maps of the data, at the size of their pictures. */
final class Truths {
  private Truths() {}

  /**
   * An object's mask.
   *
   * @throws IllegalArgumentException if the data has none, or one of another size
   */
  static Rle mask(Annotation object, Path file, Raster picture) {
    String name = "the mask of annotation " + object.id() + " in instances.json";
    if (object.segmentation() == null) {
      throw new IllegalArgumentException(
          name + " is missing: picture " + file + " cannot be compared without it");
    }
    Rle mask = object.segmentation().toRle(picture.height(), picture.width());
    agree(name, mask.width(), mask.height(), file, picture);
    return mask;
  }

  /** A picture's map. @throws IllegalArgumentException if it is broken or of another size */
  static LabelMap map(IndexMapDataset maps, IndexMapDataset.Sample sample, Raster picture) {
    LabelMap map = maps.read(sample);
    agree(sample.map().toString(), map.width(), map.height(), sample.picture(), picture);
    return map;
  }

  private static void agree(String name, int width, int height, Path file, Raster picture) {
    if (width != picture.width() || height != picture.height()) {
      throw new IllegalArgumentException(
          "%s has %d x %d pixels, its picture %s has %d x %d"
              .formatted(name, width, height, file, picture.width(), picture.height()));
    }
  }
}
