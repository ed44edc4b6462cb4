package dev.visionllm.image;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Polygons;
import dev.visionllm.geometry.Rle;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Draws findings on a copy of a picture: a box each, or a translucent mask with its outline, and a
 * filled tag with label and score.
 */
public final class Overlay {
  /**
   * Colours far apart in hue and lightness, most distinct first; labels beyond them get hues of
   * their own. None is near black or white, so boxes show on dark and on bright pictures.
   */
  private static final int[] COLOURS = {
    0xe6194b, 0x3cb44b, 0x4363d8, 0xf58231, 0x911eb4, 0x00c4d8, 0xf032e6, 0xb8c400, 0x9a6324,
    0x008f83, 0xffb000, 0x7f7f00, 0xdc7ab8, 0x3a2fbf, 0x6a994e, 0xa4133c
  };

  /** Share of its colour in a pixel that a mask covers. */
  static final double OPACITY = 0.45;

  private Overlay() {}

  /**
   * One finding.
   *
   * @param box in pixels of the picture
   * @param score 0..1, or NaN to leave it out
   * @param mask of the picture's size, drawn instead of the box unless it is empty; or null
   */
  public record Item(Box box, String label, double score, Rle mask) {
    /** One without a mask. */
    public Item(Box box, String label, double score) {
      this(box, label, score, null);
    }
  }

  /**
   * A picture of the same size with the items on it, larger boxes below smaller ones.
   *
   * @throws IllegalArgumentException if a mask has another size than the picture
   */
  public static Raster draw(Raster picture, List<Item> items) {
    BufferedImage image = picture.toBufferedImage();
    Map<String, Color> colours = colours(items);
    List<Item> ordered = new ArrayList<>(items);
    ordered.sort(Comparator.comparingDouble((Item i) -> area(i.box)).reversed());
    for (Item item : ordered) {
      if (item.mask != null) {
        fill(image, item, colours.get(item.label));
      }
    }
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    int side = Math.min(picture.width(), picture.height());
    float line = Math.max(2, Math.round(side / 160f));
    g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, Math.round(Math.max(11, side / 34f))));

    for (Item item : ordered) {
      boolean bare = item.mask == null || item.mask.area() == 0;
      line(g, bare ? box(item.box) : outline(item.mask), colours.get(item.label), line);
    }
    List<Rectangle2D> taken = new ArrayList<>();
    for (Item item : ordered) {
      tag(g, picture, item, colours.get(item.label), line, taken);
    }
    g.dispose();
    return Raster.of(image);
  }

  /** The colour of every label, as 0xRRGGBB, in order of first appearance. */
  private static Map<String, Color> colours(List<Item> items) {
    Map<String, Color> colours = new LinkedHashMap<>();
    for (Item item : items) {
      colours.computeIfAbsent(item.label, label -> colour(colours.size()));
    }
    return colours;
  }

  /** The n-th colour. */
  static Color colour(int n) {
    return n < COLOURS.length
        ? new Color(COLOURS[n])
        : Color.getHSBColor((float) (n * 0.61803398875 % 1), 0.75f, n % 2 == 0 ? 0.9f : 0.65f);
  }

  private static double area(Box box) {
    return (box.x1() - box.x0()) * (box.y1() - box.y0());
  }

  /** Blends the colour into the pixels of the mask. */
  static void fill(BufferedImage image, Item item, Color colour) {
    int w = image.getWidth();
    int h = image.getHeight();
    if (item.mask.width() != w || item.mask.height() != h) {
      throw new IllegalArgumentException(
          "the mask of '%s' has %d x %d pixels, its picture %d x %d: masks are drawn unscaled"
              .formatted(item.label, item.mask.width(), item.mask.height(), w, h));
    }
    int[] pixels = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
    int[] runs = item.mask.counts();
    int i = 0; // column by column
    for (int k = 0; k < runs.length; k++) {
      for (int end = i + runs[k]; i < end; i++) {
        if (k % 2 == 1) {
          int at = i % h * w + i / h;
          pixels[at] = blend(pixels[at], colour);
        }
      }
    }
  }

  private static int blend(int pixel, Color colour) {
    return mix(pixel >> 16 & 255, colour.getRed()) << 16
        | mix(pixel >> 8 & 255, colour.getGreen()) << 8
        | mix(pixel & 255, colour.getBlue());
  }

  private static int mix(int below, int above) {
    return (int) Math.round(below + OPACITY * (above - below));
  }

  static Shape outline(Rle mask) {
    Path2D path = new Path2D.Double(Path2D.WIND_EVEN_ODD);
    for (Polygons.Ring ring : Polygons.of(mask.toMask()).rings()) {
      int[] xy = ring.xy();
      path.moveTo(xy[0], xy[1]);
      for (int i = 2; i < xy.length; i += 2) {
        path.lineTo(xy[i], xy[i + 1]);
      }
      path.closePath();
    }
    return path;
  }

  static Shape box(Box box) {
    double left = Math.rint(box.x0()); // whole pixels keep thin lines crisp
    double top = Math.rint(box.y0());
    return new Rectangle2D.Double(left, top, Math.rint(box.x1()) - left, Math.rint(box.y1()) - top);
  }

  static void line(Graphics2D g, Shape shape, Color colour, float line) {
    g.setColor(new Color(0, 0, 0, 90)); // a dark rim keeps bright colours visible on bright ground
    g.setStroke(new BasicStroke(line + 2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    g.draw(shape);
    g.setColor(colour);
    g.setStroke(new BasicStroke(line, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    g.draw(shape);
  }

  private static void tag(
      Graphics2D g, Raster picture, Item item, Color colour, float line, List<Rectangle2D> taken) {
    FontMetrics metrics = g.getFontMetrics();
    String text = fit(text(item), metrics, picture.width());
    double pad = metrics.getHeight() * 0.22;
    double w = Math.min(metrics.stringWidth(text) + 2 * pad, picture.width());
    double h = Math.min(metrics.getHeight() + pad * 0.5, picture.height());
    Rectangle2D place = place(item.box, w, h, line, picture, taken);
    taken.add(place);
    g.setColor(colour);
    g.fill(
        new RoundRectangle2D.Double(
            place.getX(), place.getY(), place.getWidth(), place.getHeight(), pad, pad));
    g.setColor(light(colour) ? Color.BLACK : Color.WHITE);
    double baseline = place.getY() + (h - metrics.getHeight()) / 2 + metrics.getAscent();
    g.drawString(text, (float) (place.getX() + pad), (float) baseline);
  }

  private static String text(Item item) {
    return Double.isNaN(item.score)
        ? item.label
        : String.format(Locale.ROOT, "%s %.2f", item.label, item.score);
  }

  private static String fit(String text, FontMetrics metrics, int width) {
    double room = width - 0.44 * metrics.getHeight();
    String shown = text;
    for (int n = text.length() - 1; n > 0 && metrics.stringWidth(shown) > room; n--) {
      shown = text.substring(0, n).stripTrailing() + "\u2026";
    }
    return shown;
  }

  /**
   * On top of the box if there is room, else inside its upper edge, else below; always inside the
   * picture, and on the first of these that no earlier tag covers.
   */
  private static Rectangle2D place(
      Box box, double w, double h, float line, Raster picture, List<Rectangle2D> taken) {
    double left = Math.max(0, Math.min(box.x0() - line / 2, picture.width() - w));
    double right = Math.max(0, Math.min(box.x1() + line / 2 - w, picture.width() - w));
    double above = box.y0() - h - line / 2;
    double inside = box.y0() + line / 2;
    double below = box.y1() + line / 2;
    double foot = box.y1() - h - line / 2;
    double[][] corners = {
      {left, above}, {left, inside}, {left, below}, {right, above}, {right, inside}, {left, foot}
    };
    Rectangle2D first = null;
    for (double[] corner : corners) {
      if (corner[1] < 0 || corner[1] + h > picture.height()) {
        continue;
      }
      Rectangle2D place = new Rectangle2D.Double(corner[0], corner[1], w, h);
      first = first == null ? place : first;
      if (taken.stream().noneMatch(place::intersects)) {
        return place;
      }
    }
    double y = Math.max(0, Math.min(inside, picture.height() - h));
    return first != null ? first : new Rectangle2D.Double(left, y, w, h);
  }

  /** Whether black text reads better on it than white, by relative luminance. */
  private static boolean light(Color colour) {
    return 0.299 * colour.getRed() + 0.587 * colour.getGreen() + 0.114 * colour.getBlue() > 150;
  }
}
