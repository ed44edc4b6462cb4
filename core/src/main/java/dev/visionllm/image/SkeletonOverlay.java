package dev.visionllm.image;

import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSet.Limb;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Keypoints.Point;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * Draws poses on a copy of a picture: each limb in its own colour, the same for all poses of a set,
 * and a dot on each keypoint; hidden keypoints are hollow.
 */
public final class SkeletonOverlay {
  private static final Color RIM = new Color(0, 0, 0, 110); // shows bright limbs on bright ground
  private static final int HIDDEN = 1;

  private SkeletonOverlay() {}

  /**
   * One pose.
   *
   * @param keypoints as many as the set has, in pixels of the picture
   */
  public record Item(KeypointSet set, Keypoints keypoints) {
    /** Refuses keypoints of another set. */
    public Item {
      if (keypoints.points().size() != set.size()) {
        throw new IllegalArgumentException(
            keypoints.points().size()
                + " keypoints do not fit the set "
                + set.name()
                + " of "
                + set.size());
      }
    }
  }

  /** A picture of the same size with the poses on it, the first on top. */
  public static Raster draw(Raster picture, List<Item> items) {
    BufferedImage image = picture.toBufferedImage();
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    float line = Math.max(2, Math.round(Math.min(picture.width(), picture.height()) / 160f));
    for (int i = items.size() - 1; i >= 0; i--) {
      pose(g, items.get(i), line);
    }
    g.dispose();
    return Raster.of(image);
  }

  private static void pose(Graphics2D g, Item item, float line) {
    List<Point> points = item.keypoints.points();
    List<Limb> limbs = item.set.limbs();
    for (int i = 0; i < limbs.size(); i++) {
      Point from = points.get(limbs.get(i).from());
      Point to = points.get(limbs.get(i).to());
      if (from.visibility() > 0 && to.visibility() > 0) {
        limb(
            g,
            new Line2D.Double(from.x(), from.y(), to.x(), to.y()),
            colour(i, limbs.size()),
            line);
      }
    }
    for (int i = 0; i < points.size(); i++) {
      if (points.get(i).visibility() > 0) {
        dot(g, points.get(i), pointColour(item.set, i), line);
      }
    }
  }

  private static void limb(Graphics2D g, Line2D limb, Color colour, float line) {
    g.setColor(RIM);
    g.setStroke(new BasicStroke(line + 2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    g.draw(limb);
    g.setColor(colour);
    g.setStroke(new BasicStroke(line, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    g.draw(limb);
  }

  private static void dot(Graphics2D g, Point point, Color colour, float line) {
    double r = line * 1.4;
    var disc = new Ellipse2D.Double(point.x() - r, point.y() - r, 2 * r, 2 * r);
    if (point.visibility() == HIDDEN) {
      g.setStroke(new BasicStroke(Math.max(1, line / 2)));
      g.setColor(colour);
      g.draw(disc);
      return;
    }
    g.setColor(colour);
    g.fill(disc);
    g.setStroke(new BasicStroke(1));
    g.setColor(RIM);
    g.draw(disc);
  }

  /** The colour of the first limb at the point; points of sets without limbs have their own. */
  private static Color pointColour(KeypointSet set, int point) {
    for (int i = 0; i < set.limbs().size(); i++) {
      if (set.limbs().get(i).from() == point || set.limbs().get(i).to() == point) {
        return colour(i, set.limbs().size());
      }
    }
    return colour(point, set.size());
  }

  /** The i-th of n colours around the wheel, alternating in lightness so that neighbours differ. */
  static Color colour(int i, int n) {
    return Color.getHSBColor((float) i / n, 0.85f, i % 2 == 0 ? 1f : 0.8f);
  }
}
