package dev.visionllm.data;

import java.awt.image.BufferedImage;
import java.util.random.RandomGenerator;

/**
 * One object of a picture before it is drawn: its pixels and where they go.
 *
 * @param name class name
 * @param pixels width * height, premultiplied ARGB, row-major
 * @param x column of the picture that its first column falls on; may be outside
 * @param y row likewise
 */
record Layer(String name, int[] pixels, int width, int height, int x, int y) {
  /** Alpha from here on belongs to the object, what is fainter to what is behind it. */
  private static final int SOLID = 128;

  /** Draws a cut-out with slightly changed colours. */
  static Layer of(
      String name, Cutout look, double side, double turn, boolean flip, RandomGenerator random) {
    BufferedImage drawn = look.draw(side, turn, flip);
    return new Layer(name, jittered(drawn, random), drawn.getWidth(), drawn.getHeight(), 0, 0);
  }

  /** The same at another place. */
  Layer at(int newX, int newY) {
    return new Layer(name, pixels, width, height, newX, newY);
  }

  /** Whether pixel i belongs to the object. */
  boolean solid(int i) {
    return pixels[i] >>> 24 >= SOLID;
  }

  /** Number of its pixels, seen or not. */
  int area() {
    int n = 0;
    for (int i = 0; i < pixels.length; i++) n += solid(i) ? 1 : 0;
    return n;
  }

  /**
   * Draws onto a picture and takes the pixels that belong to the object.
   *
   * @param rgb 0xRRGGBB
   * @param owner per pixel of the picture, who it belongs to
   */
  void draw(int[] rgb, int[] owner, int pictureWidth, int pictureHeight, int id) {
    for (int v = Math.max(0, -y); v < Math.min(height, pictureHeight - y); v++) {
      for (int u = Math.max(0, -x); u < Math.min(width, pictureWidth - x); u++) {
        int i = v * width + u;
        if (pixels[i] >>> 24 == 0) continue;
        int at = (y + v) * pictureWidth + x + u;
        rgb[at] = over(pixels[i], rgb[at]);
        if (solid(i)) owner[at] = id;
      }
    }
  }

  private static int over(int premultiplied, int below) {
    int rest = 255 - (premultiplied >>> 24);
    int r = (premultiplied >> 16 & 255) + ((below >> 16 & 255) * rest + 127) / 255;
    int g = (premultiplied >> 8 & 255) + ((below >> 8 & 255) * rest + 127) / 255;
    int b = (premultiplied & 255) + ((below & 255) * rest + 127) / 255;
    return Math.min(r, 255) << 16 | Math.min(g, 255) << 8 | Math.min(b, 255);
  }

  /** A little brighter or darker, more or less saturated, warmer or colder. */
  private static int[] jittered(BufferedImage drawn, RandomGenerator random) {
    double light = 0.88 + random.nextDouble() * 0.24;
    double saturation = 0.8 + random.nextDouble() * 0.35;
    double red = light * (0.96 + random.nextDouble() * 0.08);
    double green = light * (0.96 + random.nextDouble() * 0.08);
    double blue = light * (0.96 + random.nextDouble() * 0.08);
    int[] pixels = Cutout.pixels(drawn);
    for (int i = 0; i < pixels.length; i++) {
      int p = pixels[i];
      int alpha = p >>> 24;
      if (alpha == 0) continue;
      int r = p >> 16 & 255;
      int g = p >> 8 & 255;
      int b = p & 255;
      double gray = 0.299 * r + 0.587 * g + 0.114 * b;
      int nr = within((gray + (r - gray) * saturation) * red, alpha);
      int ng = within((gray + (g - gray) * saturation) * green, alpha);
      int nb = within((gray + (b - gray) * saturation) * blue, alpha);
      pixels[i] = alpha << 24 | nr << 16 | ng << 8 | nb;
    }
    return pixels;
  }

  private static int within(double v, int alpha) {
    return (int) Math.max(0, Math.min(alpha, v + 0.5));
  }
}
