package dev.visionllm.model.gdino;

import java.util.Arrays;
import java.util.Map;

/**
 * The objects of one training picture: what the detector should have found.
 *
 * @param classes position of each object's class in the prompt's list of classes
 * @param boxes centre x, centre y, width, height per object, as fractions of the picture's size
 */
public record Target(int[] classes, float[][] boxes) {
  /** A picture that holds none of the named classes. */
  public static final Target NONE = new Target(new int[0], new float[0][]);

  /** Checks that there is one finite box per class, inside sensible limits. */
  public Target {
    if (classes.length != boxes.length) {
      throw new IllegalArgumentException(
          "a target has " + classes.length + " classes but " + boxes.length + " boxes");
    }
    for (int i = 0; i < boxes.length; i++) {
      float[] b = boxes[i];
      boolean fine = b.length == 4 && classes[i] >= 0;
      for (float v : b) {
        fine &= Float.isFinite(v);
      }
      if (!fine || b[2] < 0 || b[3] < 0) {
        throw new IllegalArgumentException(
            "object "
                + i
                + " has class "
                + classes[i]
                + " and box "
                + Arrays.toString(b)
                + ": the class must be at least 0, the box finite cx, cy, w, h with w, h >= 0");
      }
    }
  }

  /** Number of objects. */
  public int size() {
    return classes.length;
  }

  /**
   * Objects labelled with a data set's class ids.
   *
   * @param positions data set id to position in this picture's prompt
   * @throws IllegalArgumentException if an object's class is not in the prompt
   */
  public static Target of(long[] ids, Map<Long, Integer> positions, float[][] boxes) {
    int[] classes = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      Integer at = positions.get(ids[i]);
      if (at == null) {
        throw new IllegalArgumentException(
            "object "
                + i
                + " has class id "
                + ids[i]
                + ", the prompt names only "
                + positions.keySet()
                + ": leave the object out or name its class");
      }
      classes[i] = at;
    }
    return new Target(classes, boxes);
  }
}
