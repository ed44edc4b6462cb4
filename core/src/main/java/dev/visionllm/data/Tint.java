package dev.visionllm.data;

import java.awt.Color;

/** Gives an object another of the colours that have a hue, keeping its shading and its details. */
enum Tint {
  RED(Colour.RED, 0, 0.66, 0.52),
  ORANGE(Colour.ORANGE, 28, 0.76, 0.82),
  YELLOW(Colour.YELLOW, 55, 0.5, 0.72),
  GREEN(Colour.GREEN, 120, 0.45, 0.4),
  BLUE(Colour.BLUE, 216, 0.45, 0.4),
  PURPLE(Colour.PURPLE, 275, 0.42, 0.42),
  PINK(Colour.PINK, 328, 0.32, 0.75);

  private static final double REACH = 42; // degrees of hue that still belong to a colour
  private static final double PALE = 0.16; // saturation below which a pixel has no hue

  private final Colour colour;
  private final int hue;
  private final double saturation;
  private final double value;

  /**
   * @param hue degrees
   * @param saturation least that the colour needs
   * @param value least brightness likewise
   */
  Tint(Colour colour, int hue, double saturation, double value) {
    this.colour = colour;
    this.hue = hue;
    this.saturation = saturation;
    this.value = value;
  }

  Colour colour() {
    return colour;
  }

  /** The tint of a colour; null for those without a hue, and brown. */
  static Tint of(Colour colour) {
    for (Tint t : values()) {
      if (t.colour == colour) return t;
    }
    return null;
  }

  /** A copy of an object of this tint in another one. */
  Layer to(Tint other, Layer layer) {
    int[] pixels = layer.pixels().clone();
    for (int i = 0; i < pixels.length; i++) pixels[i] = to(other, pixels[i]);
    return new Layer(layer.name(), pixels, layer.width(), layer.height(), layer.x(), layer.y());
  }

  private int to(Tint other, int premultiplied) {
    int alpha = premultiplied >>> 24;
    if (alpha == 0) return premultiplied;
    float[] hsb = new float[3];
    Color.RGBtoHSB(
        straight(premultiplied >> 16, alpha),
        straight(premultiplied >> 8, alpha),
        straight(premultiplied, alpha),
        hsb);
    double off = (hsb[0] * 360 - hue + 540) % 360 - 180;
    if (Math.abs(off) > REACH || hsb[1] < PALE) return premultiplied;
    double h = (other.hue + off / 8 + 360) % 360 / 360;
    double s = other.saturation + (1 - other.saturation) * hsb[1];
    double v = other.value + (1 - other.value) * hsb[2];
    int rgb = Color.HSBtoRGB((float) h, (float) s, (float) v);
    return alpha << 24
        | faint(rgb >> 16, alpha) << 16
        | faint(rgb >> 8, alpha) << 8
        | faint(rgb, alpha);
  }

  private static int straight(int channel, int alpha) {
    return Math.min(255, (channel & 255) * 255 / alpha);
  }

  private static int faint(int channel, int alpha) {
    return (channel & 255) * alpha / 255;
  }
}
