package dev.visionllm.data.figures;

/**
 * A place or a direction in space. Of a figure that looks ahead: x to its own left, y up, z ahead.
 */
record Vec(double x, double y, double z) {
  static final Vec ZERO = new Vec(0, 0, 0);
  static final Vec LEFT = new Vec(1, 0, 0);
  static final Vec UP = new Vec(0, 1, 0);
  static final Vec AHEAD = new Vec(0, 0, 1);

  Vec plus(Vec o) {
    return new Vec(x + o.x, y + o.y, z + o.z);
  }

  Vec minus(Vec o) {
    return new Vec(x - o.x, y - o.y, z - o.z);
  }

  Vec times(double k) {
    return new Vec(k * x, k * y, k * z);
  }

  double dot(Vec o) {
    return x * o.x + y * o.y + z * o.z;
  }

  Vec cross(Vec o) {
    return new Vec(y * o.z - z * o.y, z * o.x - x * o.z, x * o.y - y * o.x);
  }

  double length() {
    return Math.sqrt(dot(this));
  }

  /**
   * The direction of length 1.
   *
   * @throws IllegalArgumentException if it has no length
   */
  Vec unit() {
    double length = length();
    if (!(length > 1e-9)) throw new IllegalArgumentException("no direction: " + this);
    return times(1 / length);
  }

  /** The place on the way to another: share 0 is here, 1 is there. */
  Vec to(Vec o, double share) {
    return plus(o.minus(this).times(share));
  }

  Vec mid(Vec o) {
    return to(o, 0.5);
  }
}
