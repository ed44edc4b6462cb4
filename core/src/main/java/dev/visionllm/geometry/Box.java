package dev.visionllm.geometry;

import java.util.Optional;

/**
 * An upright rectangle in pixels of a picture: x to the right, y downwards, (0, 0) the outer corner
 * of the top left pixel, so that the pixel in column c covers c..c+1. Corners may lie outside the
 * picture; sides may be 0 long.
 */
public record Box(double x0, double y0, double x1, double y1) {

  /** Refuses corners that are not finite or in the wrong order. */
  public Box {
    if (!Double.isFinite(x0)
        || !Double.isFinite(y0)
        || !Double.isFinite(x1)
        || !Double.isFinite(y1)) {
      throw new IllegalArgumentException(
          "box " + text(x0, y0, x1, y1) + " has a corner that is not finite");
    }
    if (x1 < x0 || y1 < y0) {
      throw new IllegalArgumentException(
          "box " + text(x0, y0, x1, y1) + " must have x0 <= x1 and y0 <= y1");
    }
  }

  /** The box of COCO's (x, y, width, height). */
  public static Box ofSize(double x, double y, double width, double height) {
    return new Box(x, y, x + width, y + height);
  }

  /** The box around a centre, as detectors write it: (cx, cy, width, height). */
  public static Box ofCenter(double cx, double cy, double width, double height) {
    return new Box(cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2);
  }

  /** x1 - x0, pixels. */
  public double width() {
    return x1 - x0;
  }

  /** y1 - y0, pixels. */
  public double height() {
    return y1 - y0;
  }

  /** Square pixels. */
  public double area() {
    return width() * height();
  }

  /** Column of the centre. */
  public double centerX() {
    return (x0 + x1) / 2;
  }

  /** Row of the centre. */
  public double centerY() {
    return (y0 + y1) / 2;
  }

  /** (cx, cy, width, height), the inverse of {@link #ofCenter}. */
  public double[] cxcywh() {
    return new double[] {centerX(), centerY(), width(), height()};
  }

  /** Whether the point lies in the half-open rectangle: x0 <= x < x1, y0 <= y < y1. */
  public boolean contains(double x, double y) {
    return x >= x0 && x < x1 && y >= y0 && y < y1;
  }

  /** The common rectangle, empty where the boxes share no area. */
  public Optional<Box> intersect(Box other) {
    var left = Math.max(x0, other.x0);
    var top = Math.max(y0, other.y0);
    var right = Math.min(x1, other.x1);
    var bottom = Math.min(y1, other.y1);
    return right > left && bottom > top
        ? Optional.of(new Box(left, top, right, bottom))
        : Optional.empty();
  }

  /** The smallest box around both. */
  public Box around(Box other) {
    return new Box(
        Math.min(x0, other.x0),
        Math.min(y0, other.y0),
        Math.max(x1, other.x1),
        Math.max(y1, other.y1));
  }

  /** Intersection over union, 0 where nothing is shared. */
  public double iou(Box other) {
    var shared = shared(other);
    return shared == 0 ? 0 : shared / (area() + other.area() - shared);
  }

  /**
   * Generalised IoU (Rezatofighi et al. 2019): iou minus the share of the enclosing box that
   * neither covers, -1..1. Two boxes without any area at the same place give 0.
   */
  public double giou(Box other) {
    var hull = around(other).area();
    if (hull == 0) {
      return 0;
    }
    var shared = shared(other);
    var union = area() + other.area() - shared;
    return (union == 0 ? 0 : shared / union) - (hull - union) / hull;
  }

  /** Every corner times the factors, for a picture resized by them. */
  public Box scale(double sx, double sy) {
    return new Box(x0 * sx, y0 * sy, x1 * sx, y1 * sy);
  }

  /** Moved by whole or part pixels. */
  public Box shift(double dx, double dy) {
    return new Box(x0 + dx, y0 + dy, x1 + dx, y1 + dy);
  }

  /** Every corner pulled into a picture of that size; a box beside the picture gets no area. */
  public Box clip(double width, double height) {
    return new Box(
        Math.min(Math.max(x0, 0), width),
        Math.min(Math.max(y0, 0), height),
        Math.min(Math.max(x1, 0), width),
        Math.min(Math.max(y1, 0), height));
  }

  private double shared(Box other) {
    var w = Math.min(x1, other.x1) - Math.max(x0, other.x0);
    var h = Math.min(y1, other.y1) - Math.max(y0, other.y0);
    return w <= 0 || h <= 0 ? 0 : w * h;
  }

  private static String text(double x0, double y0, double x1, double y1) {
    return "[" + x0 + ", " + y0 + ", " + x1 + ", " + y1 + "]";
  }
}
