package dev.visionllm.data;

import java.awt.Color;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** A background that words can describe, such as "striped blue". */
record Ground(Pattern pattern, Colour colour) {
  /** How its two shades are laid out. */
  enum Pattern {
    PLAIN,
    STRIPED,
    CHECKERED;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final int APART = 48; // least sum of the channels' differences of the two shades
  private static final int TRIES = 20_000;

  static Ground any(RandomGenerator random) {
    return new Ground(
        Pattern.values()[random.nextInt(Pattern.values().length)],
        Colour.values()[random.nextInt(Colour.values().length)]);
  }

  /** "plain red", "striped blue", ... */
  String words() {
    return pattern.word() + " " + colour.word();
  }

  /** Draws it: width * height pixels 0xRRGGBB, all of them of the named colour. */
  int[] draw(int width, int height, RandomGenerator random) {
    int one = shade(random);
    int two = one;
    for (int i = 0; i < TRIES && Scenes.difference(one, two) < APART; i++) two = shade(random);
    int step = Math.max(4, Math.min(width, height) * (3 + random.nextInt(5)) / 32);
    boolean upright = random.nextBoolean();
    int[] out = new int[width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int odd =
            switch (pattern) {
              case PLAIN -> 0;
              case STRIPED -> (upright ? x : y) / step % 2;
              case CHECKERED -> (x / step + y / step) % 2;
            };
        out[y * width + x] = odd == 0 ? one : two;
      }
    }
    return out;
  }

  private int shade(RandomGenerator random) {
    for (int i = 0; i < TRIES; i++) {
      int rgb =
          Color.HSBtoRGB(random.nextFloat(), random.nextFloat(), random.nextFloat()) & 0xffffff;
      if (Colour.of(rgb) == colour) return rgb;
    }
    throw new IllegalStateException("no shade of " + colour + " was found");
  }
}
