package dev.visionllm.data;

import java.util.OptionalInt;

/** The object of a scene that stands out, where people would agree on it. */
final class Saliency {
  private static final double LARGER = 1.5; // least ratio of its visible area to any other's
  private static final double NEARER = 0.05; // to the middle, as a share of the shorter side

  private Saliency() {}

  /** The object that is clearly the largest and the most central; a lone object is both. */
  static OptionalInt of(Scene scene) {
    int best = -1;
    for (int i = 0; i < scene.things().size(); i++) {
      if (best < 0 || scene.things().get(i).area() > scene.things().get(best).area()) best = i;
    }
    for (int i = 0; i < scene.things().size(); i++) {
      if (i == best) continue;
      Scene.Thing a = scene.things().get(best);
      Scene.Thing b = scene.things().get(i);
      if (a.area() < LARGER * b.area() || off(scene, a) + NEARER > off(scene, b))
        return OptionalInt.empty();
    }
    return best < 0 ? OptionalInt.empty() : OptionalInt.of(best);
  }

  /** Distance from the middle of the picture. */
  private static double off(Scene scene, Scene.Thing t) {
    return Math.hypot(t.centreX() - scene.width() / 2.0, t.centreY() - scene.height() / 2.0)
        / Math.min(scene.width(), scene.height());
  }
}
