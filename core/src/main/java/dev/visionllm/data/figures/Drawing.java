package dev.visionllm.data.figures;

import dev.visionllm.geometry.KeypointSet;
import java.awt.Shape;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * A figure as shapes, in units of its own: y down.
 *
 * @param category what it is, such as "dog"
 * @param set the keypoints that it has
 * @param parts from back to front
 * @param marks one for each point of the set, in its order
 */
public record Drawing(
    String category, KeypointSet set, Style style, List<Part> parts, List<Mark> marks) {
  /** The limb of parts that are drawn with a figure but are not of it. */
  static final String BYSTANDER = "";

  /**
   * How everything is painted.
   *
   * @param edges width of dark outlines as a share of the longer side; 0 for none
   * @param shade strength of light and shadow, 0..1
   * @param light direction that light comes from, radians
   */
  record Style(double edges, double shade, double light) {
    static Style random(RandomGenerator random) {
      double edges = random.nextBoolean() ? 0 : 0.004 + 0.008 * random.nextDouble();
      double shade = random.nextInt(4) == 0 ? 0 : 0.1 + 0.35 * random.nextDouble();
      return new Style(edges, shade, -Math.PI / 2 + 2 * (random.nextDouble() - 0.5));
    }
  }

  /**
   * A shape of one look.
   *
   * @param limb what it belongs to, such as "left hand"
   * @param from where a limb begins, for patterns across it
   * @param to where it ends
   * @param edged whether it gets an outline where the style has any
   */
  record Part(String limb, Shape shape, Look look, Point2D from, Point2D to, boolean edged) {
    Part(String limb, Shape shape, Look look, boolean edged) {
      this(
          limb,
          shape,
          look,
          new Point2D.Double(shape.getBounds2D().getMinX(), shape.getBounds2D().getCenterY()),
          new Point2D.Double(shape.getBounds2D().getMaxX(), shape.getBounds2D().getCenterY()),
          edged);
    }
  }

  /**
   * A keypoint.
   *
   * @param on it is seen where one of these limbs is; none if the figure itself always hides it
   */
  public record Mark(double x, double y, Set<String> on) {
    public Mark {
      on = Set.copyOf(on);
    }
  }

  public Drawing {
    parts = List.copyOf(parts);
    marks = List.copyOf(marks);
    if (marks.size() != set.size()) {
      throw new IllegalArgumentException(
          category + " has " + marks.size() + " marks for the " + set.size() + " of " + set.name());
    }
  }

  /** What the figure itself covers. */
  Rectangle2D bounds() {
    Rectangle2D all = null;
    for (Part p : parts) {
      if (p.limb().equals(BYSTANDER)) continue;
      Rectangle2D b = p.shape().getBounds2D();
      all = all == null ? b : all.createUnion(b);
    }
    return all;
  }

  /** The figure in pixels. @param side of its longer side */
  public Layer layer(double side) {
    return Layer.of(this, side);
  }
}
