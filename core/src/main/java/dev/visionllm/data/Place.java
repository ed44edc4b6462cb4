package dev.visionllm.data;

import java.util.List;

/**
 * Where an object's centre is, in thirds of the picture.
 *
 * @param column 0 left, 1, 2 right, or {@link #UNCLEAR}
 * @param row 0 top, 1, 2 bottom, or {@link #UNCLEAR}
 */
record Place(int column, int row) {
  static final int UNCLEAR = -1;

  /** A centre this near to a line between thirds, as a share of the side, has no clear place. */
  private static final double EDGE = 0.03;

  static Place of(Scene scene, Scene.Thing t) {
    return new Place(third(t.centreX() / scene.width()), third(t.centreY() / scene.height()));
  }

  private static int third(double share) {
    if (Math.abs(share - 1 / 3.0) < EDGE || Math.abs(share - 2 / 3.0) < EDGE) return UNCLEAR;
    return share < 1 / 3.0 ? 0 : share < 2 / 3.0 ? 1 : 2;
  }

  boolean clear() {
    return column != UNCLEAR && row != UNCLEAR;
  }

  /** "top left", ..., "middle"; of a clear place only. */
  String words() {
    String vertical = List.of("top", "", "bottom").get(row);
    String horizontal = List.of("left", "", "right").get(column);
    String place = (vertical + " " + horizontal).strip();
    return place.isEmpty() ? "middle" : place;
  }

  /** "at the top left", "in the middle"; of a clear place only. */
  String phrase() {
    return (column == 1 && row == 1 ? "in the " : "at the ") + words();
  }
}
