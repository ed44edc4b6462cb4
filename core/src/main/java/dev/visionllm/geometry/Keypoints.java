package dev.visionllm.geometry;

import java.util.ArrayList;
import java.util.List;

/**
 * The named points of one object, in the fixed order of its category; coordinates as in {@link
 * Box}.
 */
public record Keypoints(List<Point> points) {

  /**
   * One point in pixels.
   *
   * @param visibility COCO's flag: 0 not labelled (x and y mean nothing), 1 labelled but hidden, 2
   *     visible
   */
  public record Point(double x, double y, int visibility) {
    /** Refuses places that are not finite and flags other than 0, 1, 2. */
    public Point {
      if (!Double.isFinite(x) || !Double.isFinite(y)) {
        throw new IllegalArgumentException("key point (" + x + ", " + y + ") is not finite");
      }
      if (visibility < 0 || visibility > 2) {
        throw new IllegalArgumentException(
            "key point has visibility " + visibility + ": it must be 0, 1 or 2");
      }
    }
  }

  /** Keeps a copy. */
  public Keypoints {
    points = List.copyOf(points);
  }

  /** From COCO's flat list x, y, visibility, x, y, visibility, ... */
  public static Keypoints of(double... xyv) {
    if (xyv.length % 3 != 0) {
      throw new IllegalArgumentException(
          "key points come in threes (x, y, visibility), not " + xyv.length + " numbers");
    }
    var points = new ArrayList<Point>();
    for (int i = 0; i < xyv.length; i += 3) {
      if (xyv[i + 2] != (int) xyv[i + 2]) {
        throw new IllegalArgumentException(
            "key point has visibility " + xyv[i + 2] + ": it must be 0, 1 or 2");
      }
      points.add(new Point(xyv[i], xyv[i + 1], (int) xyv[i + 2]));
    }
    return new Keypoints(points);
  }

  /** COCO's num_keypoints: points that are labelled, hidden ones included. */
  public int labelled() {
    return (int) points.stream().filter(p -> p.visibility() > 0).count();
  }
}
