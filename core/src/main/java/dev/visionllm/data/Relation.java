package dev.visionllm.data;

import java.util.Arrays;
import java.util.Optional;

/** How one object lies to another, by their centres. */
enum Relation {
  LEFT("to the left of", -1, 0),
  RIGHT("to the right of", 1, 0),
  ABOVE("above", 0, -1),
  BELOW("below", 0, 1);

  /** Least distance of the centres, as a share of the picture's side. */
  private static final double APART = 0.15;

  private final String words;
  private final int x;
  private final int y;

  Relation(String words, int x, int y) {
    this.words = words;
    this.x = x;
    this.y = y;
  }

  /** "to the left of", "above", ... */
  String words() {
    return words;
  }

  /** How a clearly lies to b, if it does. */
  static Optional<Relation> main(Scene scene, Scene.Thing a, Scene.Thing b) {
    return Arrays.stream(values()).filter(r -> r.of(scene, a, b) == Truth.YES).findFirst();
  }

  Relation opposite() {
    return switch (this) {
      case LEFT -> RIGHT;
      case RIGHT -> LEFT;
      case ABOVE -> BELOW;
      case BELOW -> ABOVE;
    };
  }

  /**
   * Whether a lies so to b: yes if this is the main direction and they are well apart, no if it
   * does not lie there at all.
   */
  Truth of(Scene scene, Scene.Thing a, Scene.Thing b) {
    double dx = (a.centreX() - b.centreX()) / scene.width();
    double dy = (a.centreY() - b.centreY()) / scene.height();
    double along = x * dx + y * dy;
    double across = Math.abs(y * dx + x * dy);
    if (along >= APART && along > across) return Truth.YES;
    return along <= 0 ? Truth.NO : Truth.UNCLEAR;
  }
}
