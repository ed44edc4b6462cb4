package dev.visionllm.data;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Draws regions that a user could mark an object with. As in the reference's
 * datasets/visual_sampler the kinds are equally likely, an object of fewer than 10 pixels gets no
 * point or scribble, and a scribble is a walk from a random pixel of the object whose speed and
 * direction drift. Unlike there a point is one point, not up to 20 pixels, and a walk turns at the
 * outline instead of being cut off there, since these regions are what a user can give.
 */
public final class Marks {
  private static final int FEWEST_PIXELS = 10;
  private static final double SIDE = 336; // picture's side that the reference's speeds are for
  private static final double SPEED = 20; // most pixels of a step
  private static final double SPEED_DRIFT = 15;
  private static final double TURN_DRIFT = 0.5; // radians
  private static final int LEAST_STEPS = 10;
  private static final int MOST_STEPS = 30;
  private static final int TRIES = 20;

  private final Mask object;
  private final Box bounds;
  private final int[] pixels; // of the object, row by row
  private final RandomGenerator random;

  /**
   * @param object its pixels, at the picture's size
   * @throws IllegalArgumentException if it has none
   */
  public Marks(Mask object, RandomGenerator random) {
    this.object = object;
    this.random = random;
    bounds = object.bounds();
    boolean[] bits = object.bits();
    pixels = IntStream.range(0, bits.length).filter(i -> bits[i]).toArray();
    if (pixels.length == 0) {
      throw new IllegalArgumentException("an object without pixels cannot be marked");
    }
  }

  /**
   * A box, point, scribble or mask.
   *
   * @param slack how far the sides of a box may be off, as a share of the object's
   */
  public Region any(double slack) {
    return switch (random.nextInt(pixels.length < FEWEST_PIXELS ? 2 : 4)) {
      case 0 -> box(slack);
      case 1 -> new Region.Mask(Rle.of(object));
      case 2 -> point();
      default -> scribble();
    };
  }

  private Region box(double slack) {
    double w = slack * bounds.width();
    double h = slack * bounds.height();
    return new Region.Box(
        tenth(Math.max(0, bounds.x0() + w * noise())),
        tenth(Math.max(0, bounds.y0() + h * noise())),
        tenth(Math.min(object.width(), bounds.x1() + w * noise())),
        tenth(Math.min(object.height(), bounds.y1() + h * noise())));
  }

  private double noise() {
    return random.nextDouble() * 2 - 1;
  }

  private static double tenth(double v) {
    return Math.round(v * 10) / 10.0;
  }

  private boolean on(int x, int y) {
    return x >= 0 && y >= 0 && x < object.width() && y < object.height() && object.get(x, y);
  }

  /** The centre of a pixel of the object, away from its outline where one is found. */
  private Region.Point point() {
    Region.Point p = null;
    for (int k = 0; k < TRIES; k++) {
      int at = pixels[random.nextInt(pixels.length)];
      int x = at % object.width();
      int y = at / object.width();
      p = centre(x, y);
      if (on(x - 2, y) && on(x + 2, y) && on(x, y - 2) && on(x, y + 2)) break;
    }
    return p;
  }

  private static Region.Point centre(int x, int y) {
    return new Region.Point(x + 0.5, y + 0.5);
  }

  /** A walk that stays on the object. */
  private Region scribble() {
    double scale = Math.min(object.width(), object.height()) / SIDE;
    List<Region.Point> points = new ArrayList<>();
    points.add(point());
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
      if (clear(last, x, y)) points.add(centre(x, y));
      else angle = random.nextDouble() * 2 * Math.PI;
    }
    if (points.size() < 2) points.add(point());
    return new Region.Scribble(points);
  }

  /** Whether a straight line to a pixel stays on the object. */
  private boolean clear(Region.Point from, int x, int y) {
    int n = (int) Math.max(Math.abs(x - from.x()), Math.abs(y - from.y())) + 1;
    for (int q = 1; q <= n; q++) {
      double share = q / (double) n;
      int px = (int) Math.floor(from.x() + (x + 0.5 - from.x()) * share);
      int py = (int) Math.floor(from.y() + (y + 0.5 - from.y()) * share);
      if (!on(px, py)) return false;
    }
    return true;
  }
}
