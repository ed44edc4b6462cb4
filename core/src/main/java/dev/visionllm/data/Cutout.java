package dev.visionllm.data;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.util.ArrayList;
import java.util.List;

/**
 * One picture of a class without its surroundings, trimmed to its opaque part and kept at several
 * sizes, so that drawing it small does not alias.
 *
 * @param file where it came from
 * @param levels premultiplied ARGB, largest first, each half the one before, with a transparent
 *     border of one pixel
 */
record Cutout(String file, List<BufferedImage> levels) {
  private static final int OPAQUE = 8; // alpha from here on counts as content when trimming
  private static final int SMALLEST = 24;

  /**
   * @return null if nothing of the picture is visible
   */
  static Cutout of(String file, BufferedImage picture, int maxSide) {
    BufferedImage trimmed = trim(picture);
    if (trimmed == null) return null;
    while (Math.max(trimmed.getWidth(), trimmed.getHeight()) >= 2 * maxSide)
      trimmed = half(trimmed);
    List<BufferedImage> levels = new ArrayList<>();
    for (BufferedImage b = trimmed; ; b = half(b)) {
      levels.add(bordered(b));
      if (Math.max(b.getWidth(), b.getHeight()) < 2 * SMALLEST)
        return new Cutout(file, List.copyOf(levels));
    }
  }

  /**
   * The cut-out with its longer side at {@code side} pixels, then turned; premultiplied ARGB just
   * large enough.
   */
  BufferedImage draw(double side, double radians, boolean flip) {
    BufferedImage from = levels.get(0);
    for (BufferedImage b : levels) if (longest(b) >= side) from = b;
    double w = from.getWidth() - 2;
    double h = from.getHeight() - 2;
    double scale = side / longest(from);
    double cos = Math.abs(Math.cos(radians)) * scale;
    double sin = Math.abs(Math.sin(radians)) * scale;
    int outW = (int) Math.ceil(w * cos + h * sin) + 2;
    int outH = (int) Math.ceil(w * sin + h * cos) + 2;
    AffineTransform t = AffineTransform.getTranslateInstance(outW / 2.0, outH / 2.0);
    t.rotate(radians);
    t.scale(flip ? -scale : scale, scale);
    t.translate(-from.getWidth() / 2.0, -from.getHeight() / 2.0);
    BufferedImage out = new BufferedImage(outW, outH, BufferedImage.TYPE_INT_ARGB_PRE);
    Graphics2D g = out.createGraphics();
    g.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    g.drawImage(from, t, null);
    g.dispose();
    return out;
  }

  static int[] pixels(BufferedImage b) {
    return ((DataBufferInt) b.getRaster().getDataBuffer()).getData();
  }

  private static double longest(BufferedImage bordered) {
    return Math.max(bordered.getWidth(), bordered.getHeight()) - 2;
  }

  private static BufferedImage trim(BufferedImage b) {
    int x0 = b.getWidth();
    int y0 = b.getHeight();
    int x1 = -1;
    int y1 = -1;
    for (int y = 0; y < b.getHeight(); y++) {
      for (int x = 0; x < b.getWidth(); x++) {
        if (b.getRGB(x, y) >>> 24 >= OPAQUE) {
          x0 = Math.min(x0, x);
          x1 = Math.max(x1, x);
          y0 = Math.min(y0, y);
          y1 = Math.max(y1, y);
        }
      }
    }
    if (x1 < 0) return null;
    return copy(b.getSubimage(x0, y0, x1 - x0 + 1, y1 - y0 + 1), 0);
  }

  private static BufferedImage bordered(BufferedImage b) {
    return copy(b, 1);
  }

  private static BufferedImage copy(BufferedImage b, int border) {
    BufferedImage out =
        new BufferedImage(
            b.getWidth() + 2 * border, b.getHeight() + 2 * border, BufferedImage.TYPE_INT_ARGB_PRE);
    Graphics2D g = out.createGraphics();
    g.drawImage(b, border, border, null);
    g.dispose();
    return out;
  }

  private static BufferedImage half(BufferedImage b) {
    int w = Math.max(1, b.getWidth() / 2);
    int h = Math.max(1, b.getHeight() / 2);
    BufferedImage out = new BufferedImage(w, h, BufferedImage.TYPE_INT_ARGB_PRE);
    Graphics2D g = out.createGraphics();
    g.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    g.drawImage(b, 0, 0, w, h, null);
    g.dispose();
    return out;
  }
}
