package dev.visionllm.geometry;

import java.util.Arrays;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One label for every pixel of a picture, row by row: that of the pixel in column x and row y is at
 * y * width + x.
 *
 * @param width columns
 * @param height rows
 * @param labels from 0; {@link #NONE} for pixels without
 */
public record LabelMap(int width, int height, int[] labels) {
  /** The label of a pixel that belongs to nothing. */
  public static final int NONE = -1;

  /** Keeps a copy of the labels and checks that they fill the picture. */
  public LabelMap {
    if (width < 1 || height < 1 || labels.length != (long) width * height) {
      throw new IllegalArgumentException(
          "label map of " + width + " x " + height + " pixels cannot have " + labels.length);
    }
    labels = labels.clone();
    for (int label : labels) {
      if (label < NONE) {
        throw new IllegalArgumentException(
            "label " + label + ": labels start at 0, and " + NONE + " means none");
      }
    }
  }

  /** A copy of the labels, row by row. */
  @Override
  public int[] labels() {
    return labels.clone();
  }

  /** The label of the pixel in column x and row y. */
  public int get(int x, int y) {
    if (x < 0 || x >= width || y < 0 || y >= height) {
      throw new IllegalArgumentException(
          "pixel (" + x + ", " + y + ") is outside of the map of " + width + " x " + height);
    }
    return labels[y * width + x];
  }

  /** Pixels of every label that occurs, NONE included. */
  public SortedMap<Integer, Integer> areas() {
    var areas = new TreeMap<Integer, Integer>();
    for (int label : labels) {
      areas.merge(label, 1, Integer::sum);
    }
    return Collections.unmodifiableSortedMap(areas);
  }

  /** The pixels of one label. */
  public Mask mask(int label) {
    var bits = new boolean[labels.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = labels[i] == label;
    }
    return Mask.of(width, height, bits);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LabelMap m && m.width == width && Arrays.equals(m.labels, labels);
  }

  @Override
  public int hashCode() {
    return 31 * width + Arrays.hashCode(labels);
  }

  @Override
  public String toString() {
    return "LabelMap[" + width + " x " + height + ", " + areas() + "]";
  }
}
