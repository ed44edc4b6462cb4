package dev.visionllm.prompt;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.awt.BasicStroke;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A region that the user marks on a picture, in pixels of that picture; the region encoder gets it
 * as a binary mask (paper section 3.1). Nothing is clipped: a region that is not fully inside the
 * picture is an error.
 */
public sealed interface VisualPrompt {

  /** How to write a region, for error messages and help texts. */
  String SYNTAX = "box:x0,y0,x1,y1 | point:x,y | scribble:x,y;x,y;... | mask:FILE";

  /** A point's disc has this radius, as a share of the picture's shorter side, at least 1 pixel. */
  double POINT_RADIUS = 0.02;

  /** A scribble's line has this width, as a share of the shorter side, at least 2 pixels. */
  double SCRIBBLE_WIDTH = 0.02;

  /**
   * The marked pixels.
   *
   * @throws IllegalArgumentException if the region does not lie inside a picture of that size, or
   *     marks none of its pixels
   */
  Mask mask(int width, int height);

  /**
   * One point: a small disc, cut at the picture's border. (The reference samples single pixels of
   * an object; a disc keeps a point visible on large pictures.)
   */
  record PointPrompt(double x, double y) implements VisualPrompt {
    public PointPrompt {
      Regions.finite("point", x, y);
    }

    @Override
    public Mask mask(int width, int height) {
      Regions.inside(toString(), x, y, width, height);
      double radius = Math.max(1, POINT_RADIUS * Math.min(width, height));
      return Regions.fill(
          toString(),
          new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius),
          width,
          height);
    }

    @Override
    public String toString() {
      return "point:" + Regions.number(x) + "," + Regions.number(y);
    }
  }

  /** A box; its mask holds every pixel that it touches, as the reference's boxes_to_masks. */
  record BoxPrompt(Box box) implements VisualPrompt {
    /** A box by its corners. */
    public static BoxPrompt of(double x0, double y0, double x1, double y1) {
      Regions.finite("box", x0, y0, x1, y1);
      if (x1 <= x0 || y1 <= y0) {
        throw new IllegalArgumentException(
            "region "
                + text(x0, y0, x1, y1)
                + " is empty or inverted: give the left, top, right and bottom edge with x0 < x1"
                + " and y0 < y1");
      }
      return new BoxPrompt(new Box(x0, y0, x1, y1));
    }

    @Override
    public Mask mask(int width, int height) {
      Regions.inside(toString(), box.x0(), box.y0(), width, height);
      Regions.inside(toString(), box.x1(), box.y1(), width, height);
      return touched(box, width, height);
    }

    /** All pixels from the integer part of one corner to that of the other, both included. */
    static Mask touched(Box box, int width, int height) {
      int left = (int) Math.max(Math.min(box.x0(), width - 1), 0);
      int top = (int) Math.max(Math.min(box.y0(), height - 1), 0);
      int right = (int) Math.max(Math.min(box.x1(), width - 1), 0);
      int bottom = (int) Math.max(Math.min(box.y1(), height - 1), 0);
      boolean[] bits = new boolean[width * height];
      for (int y = top; y <= bottom; y++) {
        for (int x = left; x <= right; x++) {
          bits[y * width + x] = true;
        }
      }
      return Mask.of(width, height, bits);
    }

    @Override
    public String toString() {
      return text(box.x0(), box.y0(), box.x1(), box.y1());
    }

    private static String text(double x0, double y0, double x1, double y1) {
      return "box:"
          + String.join(
              ",", Regions.number(x0), Regions.number(y0), Regions.number(x1), Regions.number(y1));
    }
  }

  /** A line through points, drawn with round ends, cut at the picture's border. */
  record ScribblePrompt(List<PointPrompt> points) implements VisualPrompt {
    public ScribblePrompt {
      points = List.copyOf(points);
      if (points.size() < 2) {
        throw new IllegalArgumentException(
            "a scribble needs at least two points, not " + points.size() + "; write " + SYNTAX);
      }
    }

    @Override
    public Mask mask(int width, int height) {
      Path2D.Double line = new Path2D.Double();
      for (PointPrompt p : points) {
        Regions.inside(toString(), p.x, p.y, width, height);
        if (line.getCurrentPoint() == null) {
          line.moveTo(p.x, p.y);
        } else {
          line.lineTo(p.x, p.y);
        }
      }
      float stroke = (float) Math.max(2, SCRIBBLE_WIDTH * Math.min(width, height));
      Shape thick =
          new BasicStroke(stroke, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND)
              .createStrokedShape(line);
      return Regions.fill(toString(), thick, width, height);
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder("scribble:");
      for (PointPrompt p : points) {
        text.append(text.charAt(text.length() - 1) == ':' ? "" : ";");
        text.append(Regions.number(p.x)).append(',').append(Regions.number(p.y));
      }
      return text.toString();
    }
  }

  /** A mask of the picture's own size. */
  record MaskPrompt(String name, Mask mask) implements VisualPrompt {
    /** A mask file: bright pixels (at least 128 of 255) are in the region. */
    public static MaskPrompt read(Path file) throws IOException {
      Raster picture = ImageFiles.read(file);
      boolean[] bits = new boolean[picture.width() * picture.height()];
      byte[] rgb = picture.rgb();
      for (int i = 0; i < bits.length; i++) {
        int sum = (rgb[3 * i] & 255) + (rgb[3 * i + 1] & 255) + (rgb[3 * i + 2] & 255);
        bits[i] = sum >= 3 * 128;
      }
      return new MaskPrompt("mask:" + file, Mask.of(picture.width(), picture.height(), bits));
    }

    @Override
    public Mask mask(int width, int height) {
      if (mask.width() != width || mask.height() != height) {
        throw new IllegalArgumentException(
            "region "
                + name
                + " has "
                + mask.width()
                + " x "
                + mask.height()
                + " pixels but the picture has "
                + width
                + " x "
                + height
                + ": give a mask of the picture's size");
      }
      if (mask.area() == 0) {
        throw new IllegalArgumentException(
            "region " + name + " is empty: paint the region white (at least 128 of 255) on black");
      }
      return mask;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * Reads a region as {@link #SYNTAX} writes it.
   *
   * @throws IllegalArgumentException if the text is no region or a mask file is no picture
   * @throws IOException if a mask file cannot be read
   */
  static VisualPrompt parse(String text) throws IOException {
    int colon = text.indexOf(':');
    String kind = colon < 0 ? "" : text.substring(0, colon).strip().toLowerCase(Locale.ROOT);
    String rest = text.substring(colon + 1).strip();
    switch (kind) {
      case "point" -> {
        double[] p = Regions.numbers(text, rest, 2);
        return new PointPrompt(p[0], p[1]);
      }
      case "box" -> {
        double[] b = Regions.numbers(text, rest, 4);
        return BoxPrompt.of(b[0], b[1], b[2], b[3]);
      }
      case "scribble" -> {
        List<PointPrompt> points = new ArrayList<>();
        for (String pair : rest.split(";")) {
          double[] p = Regions.numbers(text, pair, 2);
          points.add(new PointPrompt(p[0], p[1]));
        }
        return new ScribblePrompt(points);
      }
      case "mask" -> {
        if (rest.isEmpty()) {
          throw Regions.malformed(text);
        }
        return MaskPrompt.read(Path.of(rest));
      }
      default -> throw Regions.malformed(text);
    }
  }
}
