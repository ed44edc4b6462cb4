package dev.visionllm.data;

import dev.visionllm.data.figures.Drawing.Mark;
import dev.visionllm.data.figures.Layer;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** A picture of figures while it is being composed: who is seen at each pixel. */
final class FigureStage {
  private static final double LEAST_VISIBLE = 0.55; // of each figure
  private static final int CONTRAST = 24; // least mean difference to what is covered, of 255
  private static final int NOBODY = -1;
  private static final int TRIES = 8;

  private record Placed(Layer layer, int x, int y, int pixels) {}

  private final BufferedImage picture;
  private final int width;
  private final int height;
  private final int[] rgb;
  private final int[] owner;
  private final List<Placed> figures = new ArrayList<>();

  /**
   * @param picture the background, RGB; it is drawn on
   */
  FigureStage(BufferedImage picture) {
    this.picture = picture;
    this.width = picture.getWidth();
    this.height = picture.getHeight();
    this.rgb = Cutout.pixels(picture);
    this.owner = new int[rgb.length];
    Arrays.fill(owner, NOBODY);
  }

  /** Whether a pixel is to be covered. */
  @FunctionalInterface
  private interface Cover {
    boolean at(int x, int y);
  }

  /** Draws a figure, unless it or another would be seen too little there. */
  boolean place(Layer layer, int x0, int y0) {
    int pixels = 0;
    int inside = 0;
    long difference = 0;
    int[] colours = Cutout.pixels(layer.picture());
    for (int y = 0; y < layer.height(); y++) {
      for (int x = 0; x < layer.width(); x++) {
        if (!layer.owns(x, y)) continue;
        pixels++;
        if (!within(x + x0, y + y0)) continue;
        inside++;
        difference += difference(colours[y * layer.width() + x], rgb[(y + y0) * width + x + x0]);
      }
    }
    if (inside < LEAST_VISIBLE * pixels || difference < 3L * CONTRAST * inside) return false;
    Cover cover = (x, y) -> covers(layer, x - x0, y - y0);
    if (!spares(cover)) return false;
    figures.add(new Placed(layer, x0, y0, pixels));
    Graphics2D g = picture.createGraphics();
    g.drawImage(layer.picture(), x0, y0, null);
    g.dispose();
    take(cover, (x, y) -> layer.owns(x - x0, y - y0), figures.size() - 1);
    return true;
  }

  /** Puts something nameless in front of the figures. */
  void cover(RandomGenerator random) {
    for (int i = 0; i < TRIES; i++) {
      double side = Math.min(width, height) * (0.1 + 0.3 * random.nextDouble());
      double cx = width * random.nextDouble();
      double cy = height * random.nextDouble();
      Shape shape =
          switch (random.nextInt(3)) {
            case 0 -> new Ellipse2D.Double(cx - side / 2, cy - side / 3, side, side / 1.5);
            case 1 -> new Rectangle2D.Double(cx - side / 12, 0, side / 6, height); // a post
            default -> new Rectangle2D.Double(cx - side / 2, cy - side / 4, side, side / 2);
          };
      Cover cover = (x, y) -> shape.contains(x + 0.5, y + 0.5);
      if (!spares(cover)) continue;
      Graphics2D g = picture.createGraphics();
      g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
      g.setColor(
          Color.getHSBColor(
              random.nextFloat(), 0.6f * random.nextFloat(), 0.15f + 0.75f * random.nextFloat()));
      g.fill(shape);
      g.dispose();
      take(cover, (x, y) -> false, NOBODY);
      return;
    }
  }

  private boolean within(int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height;
  }

  private static boolean covers(Layer layer, int x, int y) {
    return x >= 0 && y >= 0 && x < layer.width() && y < layer.height() && layer.covers(x, y);
  }

  private static int difference(int p, int q) {
    return Math.abs((p >> 16 & 255) - (q >> 16 & 255))
        + Math.abs((p >> 8 & 255) - (q >> 8 & 255))
        + Math.abs((p & 255) - (q & 255));
  }

  /** Whether all figures are still seen well enough when this covers them. */
  private boolean spares(Cover cover) {
    int[] left = new int[figures.size()];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int o = owner[y * width + x];
        if (o != NOBODY && !cover.at(x, y)) left[o]++;
      }
    }
    for (int i = 0; i < left.length; i++) {
      if (left[i] < LEAST_VISIBLE * figures.get(i).pixels()) return false;
    }
    return true;
  }

  private void take(Cover cover, Cover own, int id) {
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        if (cover.at(x, y)) owner[y * width + x] = own.at(x, y) ? id : NOBODY;
      }
    }
  }

  FigureScene scene(long index) {
    List<FigureScene.Shown> shown = new ArrayList<>();
    for (int i = 0; i < figures.size(); i++) {
      boolean[] bits = new boolean[owner.length];
      for (int p = 0; p < bits.length; p++) bits[p] = owner[p] == i;
      Rle visible = Rle.of(Mask.of(width, height, bits));
      Placed f = figures.get(i);
      int who = i;
      List<Keypoints.Point> points = f.layer().marks().stream().map(m -> point(f, who, m)).toList();
      shown.add(
          new FigureScene.Shown(
              f.layer().drawing(),
              visible,
              visible.area() / (double) f.pixels(),
              new Keypoints(points)));
    }
    int[] colours = rgb.clone();
    for (int i = 0; i < colours.length; i++) colours[i] &= 0xffffff;
    return new FigureScene(index, width, height, colours, shown);
  }

  /** Outside 0, hidden 1, visible 2: where one of its limbs is seen, or right beside it. */
  private Keypoints.Point point(Placed f, int who, Mark mark) {
    double px = Math.round((mark.x() + f.x()) * 10) / 10.0;
    double py = Math.round((mark.y() + f.y()) * 10) / 10.0;
    if (!(px >= 0 && py >= 0 && px < width && py < height)) return new Keypoints.Point(0, 0, 0);
    for (int y = (int) py - 1; y <= (int) py + 1; y++) {
      for (int x = (int) px - 1; x <= (int) px + 1; x++) {
        if (within(x, y)
            && owner[y * width + x] == who
            && mark.on().contains(f.layer().limb(x - f.x(), y - f.y()))) {
          return new Keypoints.Point(px, py, 2);
        }
      }
    }
    return new Keypoints.Point(px, py, 1);
  }
}
