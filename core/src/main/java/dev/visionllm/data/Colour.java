package dev.visionllm.data;

import java.util.Locale;

/** The eleven basic colours, named from hue, saturation and brightness. */
public enum Colour {
  RED,
  ORANGE,
  YELLOW,
  GREEN,
  BLUE,
  PURPLE,
  PINK,
  BROWN,
  BLACK,
  GRAY,
  WHITE;

  private static final double DOMINANT = 0.55; // share of the pixels that the colour needs
  private static final double RIVAL = 0.25; // largest share of any other colour

  /** "red", "orange", ... */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The colour of an RGB value (0xRRGGBB), or null where two names would be equally good. */
  static Colour of(int rgb) {
    int r = rgb >> 16 & 255;
    int g = rgb >> 8 & 255;
    int b = rgb & 255;
    int max = Math.max(r, Math.max(g, b));
    int min = Math.min(r, Math.min(g, b));
    double value = max / 255.0;
    double saturation = max == 0 ? 0 : (max - min) / (double) max;
    if (value < 0.22) return BLACK;
    if (saturation < 0.14) return value > 0.86 ? WHITE : value > 0.32 && value < 0.8 ? GRAY : null;
    if (saturation < 0.24 || value < 0.45 && saturation < 0.4) return null;
    double d = max - min;
    double hue = 60 * (max == r ? (g - b) / d : max == g ? 2 + (b - r) / d : 4 + (r - g) / d);
    if (hue < 0) hue += 360;
    if (hue < 12 || hue >= 342) {
      if (saturation < 0.5) return value > 0.8 ? PINK : null;
      if (saturation > 0.62) return value > 0.5 ? RED : null;
      return null;
    }
    if (hue < 44) {
      if (value < 0.68) return saturation > 0.35 ? BROWN : null;
      return hue >= 17 && hue < 40 && saturation > 0.72 && value > 0.8 ? ORANGE : null;
    }
    if (hue < 68) return value > 0.7 ? YELLOW : null;
    if (hue < 165) return hue > 75 ? GREEN : null;
    if (hue < 250) return hue > 180 ? BLUE : null;
    if (hue < 292) return hue > 258 ? PURPLE : null;
    return value > 0.7 ? hue > 300 ? PINK : null : PURPLE;
  }

  /**
   * The colour that clearly dominates.
   *
   * @param counts pixels per colour, by ordinal
   * @param pixels all pixels, named or not
   * @return null if none does
   */
  static Colour dominant(int[] counts, int pixels) {
    Colour best = null;
    for (Colour c : values()) {
      if (counts[c.ordinal()] >= DOMINANT * pixels) best = c;
    }
    if (best == null || pixels == 0) return null;
    for (Colour c : values()) {
      if (c != best && counts[c.ordinal()] > RIVAL * pixels) return null;
    }
    return best;
  }
}
