package dev.visionllm.image;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/**
 * A mark that points at objects of a picture for whoever looks at it (paper C.1).
 *
 * @param solid filled, through which the object shows; else its outline alone
 */
public record VisualMark(Kind kind, boolean solid) {
  private static final double ROOM = 1.2; // of circles, as a multiple of the object's box
  private static final double ARROW = 0.2; // length, as a share of the picture's shorter side
  private static final int LEAST_ARROW = 16; // pixels
  private static final int DIRECTIONS = 8;
  private static final int[] INKS = {
    0xe6142d, 0x1eb43c, 0x2850e6, 0xffdc14, 0xff7d14, 0x911eb4, 0xff5ac8, 0x14d2e6
  };
  private static final int VISIBLE = 3; // so many of the inks that differ most are used

  /** Its form. */
  public enum Kind {
    CIRCLE("circle"),
    HAND_DRAWN_CIRCLE("hand-drawn circle"),
    ARROW("arrow"),
    BOX("box"),
    MASK("mask");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** "circle", "hand-drawn circle", ... */
    public String words() {
      return words;
    }
  }

  /**
   * A marked object.
   *
   * @param box in pixels of the picture
   * @param mask of the picture's size; null if it is not known, which marks of that kind need
   */
  public record Target(Box box, Rle mask) {}

  /** Any kind, solid or hollow. */
  public static VisualMark any(RandomGenerator random) {
    return new VisualMark(
        Kind.values()[random.nextInt(Kind.values().length)], random.nextBoolean());
  }

  /**
   * A copy of the picture with this mark on each of the objects, in one colour that is seen there.
   *
   * @param random for what differs between marks of a kind
   * @throws IllegalArgumentException if a mask is wanted of an object without one, or a mask has
   *     another size than the picture
   */
  public Raster draw(Raster picture, List<Target> targets, RandomGenerator random) {
    BufferedImage image = picture.toBufferedImage();
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    float line = Math.max(1.5f, Math.min(picture.width(), picture.height()) / 100f);
    Color ink = ink(picture, targets, random);
    for (Target t : targets) {
      Shape shape =
          switch (kind) {
            case CIRCLE -> circle(t.box());
            case HAND_DRAWN_CIRCLE -> handDrawn(t.box(), random);
            case ARROW -> arrow(t, picture, random);
            case BOX -> Overlay.box(t.box());
            case MASK -> mask(t);
          };
      if (solid) fill(image, g, shape, t, ink);
      Overlay.line(g, shape, ink, line);
    }
    g.dispose();
    return Raster.of(image);
  }

  private void fill(BufferedImage image, Graphics2D g, Shape shape, Target t, Color ink) {
    switch (kind) {
      case MASK -> Overlay.fill(image, new Overlay.Item(t.box(), "", 0, t.mask()), ink);
      case ARROW -> { // points beside most of the object, so it need not be seen through
        g.setColor(ink);
        g.fill(shape);
      }
      case CIRCLE, HAND_DRAWN_CIRCLE, BOX -> {
        int alpha = (int) (255 * Overlay.OPACITY);
        g.setColor(new Color(ink.getRed(), ink.getGreen(), ink.getBlue(), alpha));
        g.fill(shape);
      }
    }
  }

  /** One of the inks that differ most from what is at the objects. */
  private static Color ink(Raster picture, List<Target> targets, RandomGenerator random) {
    long[] sum = new long[3];
    long n = 0;
    for (Target t : targets) {
      Box b = t.box().clip(picture.width(), picture.height());
      for (int y = (int) b.y0(); y < b.y1(); y++) {
        for (int x = (int) b.x0(); x < b.x1(); x++, n++) {
          for (int c = 0; c < 3; c++) sum[c] += picture.pixel(x, y) >> (16 - 8 * c) & 255;
        }
      }
    }
    long pixels = Math.max(1, n);
    ToDoubleFunction<Color> apart =
        c ->
            Math.hypot(
                Math.hypot(c.getRed() - sum[0] / pixels, c.getGreen() - sum[1] / pixels),
                c.getBlue() - sum[2] / pixels);
    List<Color> inks =
        Arrays.stream(INKS)
            .mapToObj(Color::new)
            .sorted(Comparator.comparingDouble(apart).reversed())
            .toList();
    return inks.get(random.nextInt(VISIBLE));
  }

  private static Shape circle(Box box) {
    double w = box.width() * ROOM;
    double h = box.height() * ROOM;
    return new Ellipse2D.Double(box.centerX() - w / 2, box.centerY() - h / 2, w, h);
  }

  /** A wobbly turn whose end misses its start. */
  private static Shape handDrawn(Box box, RandomGenerator random) {
    double start = random.nextDouble() * 2 * Math.PI;
    double turn = (random.nextBoolean() ? 1 : -1) * 2 * Math.PI * (1 + 0.08 * random.nextDouble());
    double[] phase = random.doubles(3, 0, 2 * Math.PI).toArray();
    double[] wobble = random.doubles(3, 0.01, 0.045).toArray();
    Path2D path = new Path2D.Double();
    int points = 48;
    for (int i = 0; i <= points; i++) {
      double t = i / (double) points;
      double radius = ROOM * (0.96 + 0.12 * t) / 2;
      for (int k = 0; k < 3; k++) {
        radius += wobble[k] * Math.sin((k + 1.5) * 2 * Math.PI * t + phase[k]);
      }
      double angle = start + t * turn;
      double x = box.centerX() + Math.cos(angle) * radius * box.width();
      double y = box.centerY() + Math.sin(angle) * radius * box.height();
      if (i == 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    }
    return path;
  }

  /** Its tip is on the object; it comes from where there is room for it. */
  private static Shape arrow(Target t, Raster picture, RandomGenerator random) {
    double[] tip = t.mask() == null ? centre(t.box()) : inside(t);
    int shorter = Math.min(picture.width(), picture.height());
    double length = Math.max(LEAST_ARROW, ARROW * shorter);
    int first = random.nextInt(DIRECTIONS);
    double angle = 0;
    for (int i = 0; i < DIRECTIONS; i++) {
      angle = (first + i) * 2 * Math.PI / DIRECTIONS;
      double x = tip[0] + Math.cos(angle) * length;
      double y = tip[1] + Math.sin(angle) * length;
      if (x >= 0 && y >= 0 && x < picture.width() && y < picture.height()) break;
    }
    double[][] outline = { // along the x axis, lengths of 1, the tip first
      {0, 0}, {0.4, 0.24}, {0.4, 0.1}, {1, 0.1}, {1, -0.1}, {0.4, -0.1}, {0.4, -0.24}
    };
    Path2D path = new Path2D.Double();
    path.moveTo(outline[0][0], outline[0][1]);
    for (double[] p : outline) path.lineTo(p[0], p[1]);
    path.closePath();
    AffineTransform place = AffineTransform.getTranslateInstance(tip[0], tip[1]);
    place.rotate(angle);
    place.scale(length, length);
    return place.createTransformedShape(path);
  }

  private static double[] centre(Box box) {
    return new double[] {box.centerX(), box.centerY()};
  }

  /** Centre of the object's pixel that is nearest to the centre of its box. */
  private static double[] inside(Target t) {
    Mask mask = t.mask().toMask();
    double[] centre = centre(t.box());
    double[] best = centre;
    double least = Double.POSITIVE_INFINITY;
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < mask.width(); x++) {
        double d = Math.hypot(x + 0.5 - centre[0], y + 0.5 - centre[1]);
        if (d < least && mask.get(x, y)) {
          least = d;
          best = new double[] {x + 0.5, y + 0.5};
        }
      }
    }
    return best;
  }

  private static Shape mask(Target t) {
    if (t.mask() == null) {
      throw new IllegalArgumentException(
          "the object at " + t.box() + " has no mask, which a mark of the kind mask needs");
    }
    return Overlay.outline(t.mask());
  }
}
