package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Drawing.Part;
import dev.visionllm.data.figures.Drawing.Style;
import java.awt.AlphaComposite;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.SplittableRandom;

/** Paints parts in one style: colour, pattern, light and shadow, edge. */
final class Brush {
  private static final double EDGE_LIGHT = 0.35; // of an edge against its part
  private static final int MOST_STEPS = 200; // of a pattern along one direction

  private final Style style;
  private final BasicStroke edge;

  /**
   * @param size of the whole figure
   */
  Brush(Style style, double size) {
    this.style = style;
    this.edge =
        style.edges() == 0
            ? null
            : new BasicStroke(
                (float) (style.edges() * size), BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
  }

  /**
   * @param picture what is painted on
   */
  void paint(Graphics2D g, Part part, BufferedImage picture) {
    g.setColor(part.look().colour());
    g.fill(part.shape());
    if (part.look().pattern() != Look.Pattern.PLAIN) {
      pattern(g, part, picture.getWidth(), picture.getHeight());
    }
    if (style.shade() > 0) shade(g, part.shape());
    g.setColor(Look.lit(part.look().colour(), EDGE_LIGHT));
    outline(g, part);
  }

  /** Draws the edge that a part has in this style, if any. */
  void outline(Graphics2D g, Part part) {
    if (edge == null || !part.edged()) return;
    g.setStroke(edge);
    g.draw(part.shape());
  }

  /** On a picture of its own: clipping the pattern to the part directly would fray its outline. */
  private static void pattern(Graphics2D g, Part part, int width, int height) {
    BufferedImage own = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB_PRE);
    Graphics2D p = own.createGraphics();
    p.setRenderingHints(g.getRenderingHints());
    p.transform(g.getTransform());
    p.setColor(part.look().colour());
    p.fill(part.shape());
    p.setComposite(AlphaComposite.SrcAtop);
    p.setColor(part.look().second());
    pattern(p, part);
    p.dispose();
    AffineTransform before = g.getTransform();
    g.setTransform(new AffineTransform());
    g.drawImage(own, 0, 0, null);
    g.setTransform(before);
  }

  private static void pattern(Graphics2D g, Part part) {
    Rectangle2D b = part.shape().getBounds2D();
    double step = Math.max(part.look().step(), Math.max(b.getWidth(), b.getHeight()) / MOST_STEPS);
    switch (part.look().pattern()) {
      case PLAIN -> {}
      case STRIPES -> stripes(g, part, step, Math.hypot(b.getWidth(), b.getHeight()));
      case SPOTS -> ellipses(g, b, step, 0.36);
      case PATCHES -> ellipses(g, b, 2.2 * step, 0.5);
    }
  }

  private static void stripes(Graphics2D g, Part part, double step, double reach) {
    Point2D from = part.from();
    AffineTransform before = g.getTransform();
    g.translate(from.getX(), from.getY());
    g.rotate(Math.atan2(part.to().getY() - from.getY(), part.to().getX() - from.getX()));
    g.setStroke(new BasicStroke((float) (0.45 * step)));
    for (double x = step / 2 - step * Math.ceil(reach / step); x < reach; x += step) {
      g.draw(new Line2D.Double(x, -reach, x, reach));
    }
    g.setTransform(before);
  }

  /** Ellipses near the points of a grid; the same for the same part. */
  private static void ellipses(Graphics2D g, Rectangle2D b, double step, double radius) {
    SplittableRandom random = new SplittableRandom(Double.doubleToLongBits(b.getX() + b.getY()));
    for (double y = b.getMinY(); y < b.getMaxY() + step; y += step) {
      for (double x = b.getMinX(); x < b.getMaxX() + step; x += step) {
        double w = step * radius * (0.5 + random.nextDouble());
        double h = step * radius * (0.5 + random.nextDouble());
        double cx = x + step * (random.nextDouble() - 0.5);
        double cy = y + step * (random.nextDouble() - 0.5);
        g.fill(new Ellipse2D.Double(cx - w, cy - h, 2 * w, 2 * h));
      }
    }
  }

  private void shade(Graphics2D g, Shape shape) {
    Rectangle2D b = shape.getBounds2D();
    double dx = Math.cos(style.light()) * b.getWidth() / 2;
    double dy = Math.sin(style.light()) * b.getHeight() / 2;
    int alpha = (int) (255 * style.shade());
    g.setPaint(
        new GradientPaint(
            (float) (b.getCenterX() + dx),
            (float) (b.getCenterY() + dy),
            new Color(255, 255, 255, alpha / 2),
            (float) (b.getCenterX() - dx),
            (float) (b.getCenterY() - dy),
            new Color(0, 0, 20, alpha)));
    g.fill(shape);
  }
}
