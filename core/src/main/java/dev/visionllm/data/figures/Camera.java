package dev.visionllm.data.figures;

import java.util.random.RandomGenerator;

/**
 * Sees places in space as places in a picture: x to the right, y down, in the units of space near
 * zero, which it looks at.
 *
 * @param turn what it does to the world before looking along -z
 * @param distance from zero; what is nearer looks larger
 */
record Camera(Turn turn, double distance) {
  /** A ball as it is seen. */
  record Disc(double x, double y, double radius) {}

  /** A ball in space. */
  record Ball(Vec at, double radius) {}

  Camera {
    if (!(distance > 0)) {
      throw new IllegalArgumentException("the camera's distance " + distance + " is not positive");
    }
  }

  /**
   * @param yaw how far what it sees is turned from facing the camera, to its own left
   * @param pitch how far from above it looks
   * @param roll how far what it sees is tilted
   */
  static Camera of(double yaw, double pitch, double roll, double distance) {
    Turn turn =
        Turn.about(Vec.AHEAD, roll)
            .times(Turn.about(Vec.LEFT, pitch))
            .times(Turn.about(Vec.UP, yaw));
    return new Camera(turn, distance);
  }

  /**
   * Mostly from a little above, a little tilted, from near or far.
   *
   * @param size of what is seen
   */
  static Camera around(double yaw, double size, RandomGenerator random) {
    return of(
        yaw,
        -0.12 + 0.5 * random.nextDouble(),
        0.15 * (2 * random.nextDouble() - 1),
        size * (3 + 5 * random.nextDouble()));
  }

  Disc see(Ball ball) {
    Vec v = turn.apply(ball.at());
    double scale = distance / Math.max(distance - v.z(), distance / 10);
    return new Disc(v.x() * scale, -v.y() * scale, ball.radius() * scale);
  }

  /** How far behind zero a place is. */
  double depth(Vec at) {
    return -turn.apply(at).z();
  }

  /** Whether a place is clearly on the far side of a middle that it belongs to. */
  boolean turnedAway(Vec at, Vec middle) {
    return depth(at) - depth(middle) > 0.45 * at.minus(middle).length();
  }
}
