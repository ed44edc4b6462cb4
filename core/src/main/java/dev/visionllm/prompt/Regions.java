package dev.visionllm.prompt;

import dev.visionllm.geometry.Mask;
import java.awt.Shape;

/** Checks and drawing that the kinds of visual prompts share. */
final class Regions {
  private Regions() {}

  static void finite(String kind, double... values) {
    for (double v : values) {
      if (!Double.isFinite(v)) {
        throw new IllegalArgumentException(
            "a "
                + kind
                + " with coordinate "
                + v
                + "; coordinates are pixels, write "
                + VisualPrompt.SYNTAX);
      }
    }
  }

  /** Right and bottom edge of the picture are inside, so that a box may cover all of it. */
  static void inside(String region, double x, double y, int width, int height) {
    if (x < 0 || y < 0 || x > width || y > height) {
      throw new IllegalArgumentException(
          "region "
              + region
              + " reaches outside the picture of "
              + width
              + " x "
              + height
              + " pixels: keep x within 0.."
              + width
              + " and y within 0.."
              + height);
    }
  }

  /** The pixels whose centres lie in the shape. */
  static Mask fill(String region, Shape shape, int width, int height) {
    boolean[] bits = new boolean[width * height];
    var bounds = shape.getBounds();
    int marked = 0;
    for (int y = Math.max(bounds.y, 0); y < Math.min(bounds.y + bounds.height + 1, height); y++) {
      for (int x = Math.max(bounds.x, 0); x < Math.min(bounds.x + bounds.width + 1, width); x++) {
        if (shape.contains(x + 0.5, y + 0.5)) {
          bits[y * width + x] = true;
          marked++;
        }
      }
    }
    if (marked == 0) {
      throw new IllegalArgumentException(
          "region "
              + region
              + " marks no pixel of the picture of "
              + width
              + " x "
              + height
              + ": move it inside");
    }
    return Mask.of(width, height, bits);
  }

  static double[] numbers(String region, String list, int count) {
    String[] parts = list.split(",", -1);
    if (parts.length != count) {
      throw malformed(region);
    }
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      try {
        values[i] = Double.parseDouble(parts[i].strip());
      } catch (NumberFormatException e) {
        throw malformed(region);
      }
    }
    return values;
  }

  static IllegalArgumentException malformed(String region) {
    return new IllegalArgumentException(
        "region '" + region + "' cannot be read; write " + VisualPrompt.SYNTAX);
  }

  /** 12 instead of 12.0. */
  static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
