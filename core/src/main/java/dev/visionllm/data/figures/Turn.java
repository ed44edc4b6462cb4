package dev.visionllm.data.figures;

/**
 * A rotation, given by where it takes the axes; also a frame of axes in space. Angles in radians,
 * counter-clockwise as seen against the axis.
 */
record Turn(Vec x, Vec y, Vec z) {
  static final Turn NONE = new Turn(Vec.LEFT, Vec.UP, Vec.AHEAD);

  /**
   * @param axis of length 1
   */
  static Turn about(Vec axis, double radians) {
    double cos = Math.cos(radians);
    double sin = Math.sin(radians);
    return new Turn(
        rodrigues(Vec.LEFT, axis, cos, sin),
        rodrigues(Vec.UP, axis, cos, sin),
        rodrigues(Vec.AHEAD, axis, cos, sin));
  }

  private static Vec rodrigues(Vec v, Vec axis, double cos, double sin) {
    return v.times(cos).plus(axis.cross(v).times(sin)).plus(axis.times(axis.dot(v) * (1 - cos)));
  }

  Vec apply(Vec v) {
    return x.times(v.x()).plus(y.times(v.y())).plus(z.times(v.z()));
  }

  /** The inverse: what a place in space is along these axes. */
  Vec undo(Vec v) {
    return new Vec(x.dot(v), y.dot(v), z.dot(v));
  }

  /** This after another. */
  Turn times(Turn first) {
    return new Turn(apply(first.x), apply(first.y), apply(first.z));
  }
}
