package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Camera.Disc;
import java.awt.BasicStroke;
import java.awt.Shape;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** Shapes that figures are drawn from. */
final class Outline {
  private static final int CORNERS = 28; // of a circle

  private Outline() {}

  /** The convex hull of discs: a limb for two, a rounded body for more. */
  static Shape hull(List<Disc> discs) {
    List<Point2D> points = new ArrayList<>();
    for (Disc d : discs) {
      for (int i = 0; i < CORNERS; i++) {
        double a = 2 * Math.PI * i / CORNERS;
        points.add(
            new Point2D.Double(d.x() + d.radius() * Math.cos(a), d.y() + d.radius() * Math.sin(a)));
      }
    }
    points.sort(Comparator.comparingDouble(Point2D::getX).thenComparingDouble(Point2D::getY));
    List<Point2D> lower = chain(points);
    List<Point2D> reversed = new ArrayList<>(points);
    Collections.reverse(reversed);
    List<Point2D> all = new ArrayList<>(lower.subList(0, lower.size() - 1));
    all.addAll(chain(reversed));
    return polygon(all);
  }

  /** One side of the hull of sorted points (Andrew's monotone chain). */
  private static List<Point2D> chain(List<Point2D> sorted) {
    List<Point2D> out = new ArrayList<>();
    for (Point2D p : sorted) {
      while (out.size() > 1 && !left(out.get(out.size() - 2), out.get(out.size() - 1), p)) {
        out.remove(out.size() - 1);
      }
      out.add(p);
    }
    return out;
  }

  private static boolean left(Point2D a, Point2D b, Point2D c) {
    return (b.getX() - a.getX()) * (c.getY() - a.getY())
            - (b.getY() - a.getY()) * (c.getX() - a.getX())
        > 0;
  }

  static Shape polygon(List<Point2D> points) {
    Path2D path = new Path2D.Double();
    path.moveTo(points.get(0).getX(), points.get(0).getY());
    for (Point2D p : points.subList(1, points.size())) path.lineTo(p.getX(), p.getY());
    path.closePath();
    return path;
  }

  /** A smooth curve through points (Catmull and Rom 1974), closed or with two ends. */
  static Path2D curve(List<Point2D> points, boolean closed) {
    int n = points.size();
    Path2D path = new Path2D.Double();
    path.moveTo(points.get(0).getX(), points.get(0).getY());
    for (int i = 0; i < (closed ? n : n - 1); i++) {
      Point2D before = points.get(closed ? (i + n - 1) % n : Math.max(0, i - 1));
      Point2D from = points.get(i);
      Point2D to = points.get((i + 1) % n);
      Point2D after = points.get(closed ? (i + 2) % n : Math.min(n - 1, i + 2));
      path.curveTo(
          from.getX() + (to.getX() - before.getX()) / 6,
          from.getY() + (to.getY() - before.getY()) / 6,
          to.getX() - (after.getX() - from.getX()) / 6,
          to.getY() - (after.getY() - from.getY()) / 6,
          to.getX(),
          to.getY());
    }
    if (closed) path.closePath();
    return path;
  }

  /** A line with round ends as a shape. */
  static Shape stroke(List<Point2D> points, double width) {
    return new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND)
        .createStrokedShape(curve(points, false));
  }
}
