package dev.visionllm.data;

import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.LabelImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Pictures with a label for every pixel: a folder of gray PNG files, each named as its picture.
 * Maps are read when they are asked for.
 */
public final class IndexMapDataset {
  /** What the values of a map mean. */
  public enum Values {
    /** ADE20K's: 0 is nothing named, k is the k-th class. */
    CLASSES,
    /** DUTS': 255 is what the picture shows, 0 is the rest. */
    SALIENCY
  }

  /** A picture and its map. */
  public record Sample(Path picture, Path map) {}

  private static final int WHITE = 255;

  private final Values values;
  private final int classes;
  private final List<Sample> samples;

  private IndexMapDataset(Values values, int classes, List<Sample> samples) {
    this.values = values;
    this.classes = classes;
    this.samples = List.copyOf(samples);
  }

  /**
   * Lists the maps of a folder, by name.
   *
   * @param classes the number of classes, which the values are held against; 0 if it is not known
   * @throws BrokenSample if a map has no picture and problems are refused
   */
  public static IndexMapDataset open(
      Path maps, Path pictures, Values values, int classes, Problems problems) throws IOException {
    List<String> names;
    try (Stream<Path> files = Files.list(maps)) {
      names = files.map(f -> f.getFileName().toString()).sorted().toList();
    }
    List<Sample> samples = new ArrayList<>();
    for (String name : names) {
      if (PictureFiles.isPicture(name)) {
        Path picture = PictureFiles.named(pictures, PictureFiles.stem(name));
        if (picture == null) {
          problems.add(
              maps, name, "has no picture " + PictureFiles.stem(name) + ".* in " + pictures);
        } else {
          samples.add(new Sample(picture, maps.resolve(name)));
        }
      }
    }
    return new IndexMapDataset(values, classes, samples);
  }

  /** All of them, by name. */
  public List<Sample> samples() {
    return samples;
  }

  /**
   * Reads a map: class k as label k - 1, what is salient as label 0, the rest as none.
   *
   * @throws BrokenSample if it is no PNG of one channel or has a value without a meaning
   */
  public LabelMap read(Sample sample) {
    return BrokenSample.located(
        sample.map().getParent(),
        sample.map().getFileName().toString(),
        () -> read(sample.map(), values, classes));
  }

  static LabelMap read(Path map, Values values, int classes) throws IOException {
    LabelMap stored = LabelImages.read(map);
    int[] labels = stored.labels();
    for (int i = 0; i < labels.length; i++) {
      int value = labels[i] + 1;
      boolean known =
          switch (values) {
            case CLASSES -> classes == 0 || value <= classes;
            case SALIENCY -> value == 0 || value == WHITE;
          };
      if (!known) {
        throw new IllegalArgumentException(
            "the pixel in column %d, row %d of %s has the value %d, expected %s"
                .formatted(
                    i % stored.width(),
                    i / stored.width(),
                    map.getFileName(),
                    value,
                    values == Values.CLASSES ? "0 to " + classes : "0 or " + WHITE));
      }
      if (values == Values.SALIENCY) {
        labels[i] = Math.min(labels[i], 0);
      }
    }
    return new LabelMap(stored.width(), stored.height(), labels);
  }
}
