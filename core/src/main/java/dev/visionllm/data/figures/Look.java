package dev.visionllm.data.figures;

import java.awt.Color;
import java.util.random.RandomGenerator;

/**
 * What a surface looks like.
 *
 * @param second colour of the pattern
 * @param step from one stripe or spot to the next, in the units of the drawing
 */
record Look(Color colour, Pattern pattern, Color second, double step) {
  /** How the second colour is laid over the first. */
  enum Pattern {
    PLAIN,
    /** Across a limb. */
    STRIPES,
    SPOTS,
    /** Few and large. */
    PATCHES
  }

  static Look plain(Color colour) {
    return new Look(colour, Pattern.PLAIN, colour, 1);
  }

  static Look plain(int rgb) {
    return plain(new Color(rgb));
  }

  /** The same without its pattern. */
  Look plain() {
    return plain(colour);
  }

  /** Brighter for a factor above 1, darker below. */
  Look lit(double factor) {
    return new Look(lit(colour, factor), pattern, lit(second, factor), step);
  }

  static Color lit(Color c, double factor) {
    return new Color(
        channel(c.getRed() * factor),
        channel(c.getGreen() * factor),
        channel(c.getBlue() * factor));
  }

  /** A colour a little off a given one. */
  static Color near(int rgb, RandomGenerator random) {
    Color c = new Color(rgb);
    double light = 0.85 + 0.3 * random.nextDouble();
    return new Color(
        channel(c.getRed() * light + 16 * (random.nextDouble() - 0.5)),
        channel(c.getGreen() * light + 16 * (random.nextDouble() - 0.5)),
        channel(c.getBlue() * light + 16 * (random.nextDouble() - 0.5)));
  }

  /** Any colour, as clothes have it. */
  static Color cloth(RandomGenerator random) {
    return Color.getHSBColor(
        random.nextFloat(), 0.85f * random.nextFloat(), 0.15f + 0.8f * random.nextFloat());
  }

  private static int channel(double v) {
    return (int) Math.max(0, Math.min(255, Math.round(v)));
  }
}
