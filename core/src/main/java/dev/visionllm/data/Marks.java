package dev.visionllm.data;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Draws regions that a user could mark an object with. As in the reference's
 * datasets/visual_sampler the kinds are equally likely, an object of fewer than 10 pixels gets no
 * point or scribble, and a scribble is a walk from a random pixel of the object whose speed and
 * direction drift. Unlike there a point is one point, not up to 20 pixels, and a walk turns at the
 * outline instead of being cut off there, since these regions are what a user can give.
 */
final class Marks {
  private static final int FEWEST_PIXELS = 10;
  private static final double SIDE = 336; // picture's side that the reference's speeds are for
  private static final double SPEED = 20; // most pixels of a step
  private static final double SPEED_DRIFT = 15;
  private static final double TURN_DRIFT = 0.5; // radians
  private static final int LEAST_STEPS = 10;
  private static final int MOST_STEPS = 30;
  private static final int TRIES = 20;

  private final Scene scene;
  private final RandomGenerator random;

  Marks(Scene scene, RandomGenerator random) {
    this.scene = scene;
    this.random = random;
  }

  /**
   * A box, point, scribble or mask.
   *
   * @param slack how far the sides of a box may be off, as a share of the object's
   */
  Region any(int thing, double slack) {
    boolean tiny = scene.things().get(thing).area() < FEWEST_PIXELS;
    return switch (random.nextInt(tiny ? 2 : 4)) {
      case 0 -> box(thing, slack);
      case 1 -> new Region.Mask(Rle.of(Mask.of(scene.width(), scene.height(), scene.mask(thing))));
      case 2 -> point(thing);
      default -> scribble(thing);
    };
  }

  private Region box(int thing, double slack) {
    Scene.Thing t = scene.things().get(thing);
    double w = slack * (t.x1() - t.x0());
    double h = slack * (t.y1() - t.y0());
    return new Region.Box(
        tenth(Math.max(0, t.x0() + w * noise())),
        tenth(Math.max(0, t.y0() + h * noise())),
        tenth(Math.min(scene.width(), t.x1() + w * noise())),
        tenth(Math.min(scene.height(), t.y1() + h * noise())));
  }

  private double noise() {
    return random.nextDouble() * 2 - 1;
  }

  private static double tenth(double v) {
    return Math.round(v * 10) / 10.0;
  }

  private boolean on(int thing, int x, int y) {
    return x >= 0
        && y >= 0
        && x < scene.width()
        && y < scene.height()
        && scene.owner()[y * scene.width() + x] == thing;
  }

  /** The centre of a pixel of the object, away from its outline where one is found. */
  private Region.Point point(int thing) {
    int[] pixels = pixels(thing);
    Region.Point p = null;
    for (int k = 0; k < TRIES; k++) {
      int at = pixels[random.nextInt(pixels.length)];
      int x = at % scene.width();
      int y = at / scene.width();
      p = centre(x, y);
      if (on(thing, x - 2, y) && on(thing, x + 2, y) && on(thing, x, y - 2) && on(thing, x, y + 2))
        break;
    }
    return p;
  }

  private int[] pixels(int thing) {
    Scene.Thing t = scene.things().get(thing);
    int[] pixels = new int[t.area()];
    int n = 0;
    for (int y = t.y0(); y < t.y1(); y++) {
      for (int x = t.x0(); x < t.x1(); x++) {
        if (on(thing, x, y)) pixels[n++] = y * scene.width() + x;
      }
    }
    return pixels;
  }

  private static Region.Point centre(int x, int y) {
    return new Region.Point(x + 0.5, y + 0.5);
  }

  /** A walk that stays on the object. */
  private Region scribble(int thing) {
    double scale = Math.min(scene.width(), scene.height()) / SIDE;
    List<Region.Point> points = new ArrayList<>();
    points.add(point(thing));
    double speed = random.nextDouble() * SPEED;
    double angle = random.nextDouble() * 2 * Math.PI;
    int steps = random.nextInt(LEAST_STEPS, MOST_STEPS);
    for (int k = 0; k < steps; k++) {
      speed = Math.max(0, Math.min(SPEED, speed + SPEED_DRIFT * noise()));
      angle += TURN_DRIFT * noise();
      Region.Point last = points.get(points.size() - 1);
      int x = (int) Math.floor(last.x() + scale * speed * Math.sin(angle));
      int y = (int) Math.floor(last.y() + scale * speed * Math.cos(angle));
      if (centre(x, y).equals(last)) continue;
      if (clear(thing, last, x, y)) points.add(centre(x, y));
      else angle = random.nextDouble() * 2 * Math.PI;
    }
    if (points.size() < 2) points.add(point(thing));
    return new Region.Scribble(points);
  }

  /** Whether a straight line to a pixel stays on the object. */
  private boolean clear(int thing, Region.Point from, int x, int y) {
    int n = (int) Math.max(Math.abs(x - from.x()), Math.abs(y - from.y())) + 1;
    for (int q = 1; q <= n; q++) {
      double share = q / (double) n;
      int px = (int) Math.floor(from.x() + (x + 0.5 - from.x()) * share);
      int py = (int) Math.floor(from.y() + (y + 0.5 - from.y()) * share);
      if (!on(thing, px, py)) return false;
    }
    return true;
  }
}
