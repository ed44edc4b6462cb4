package dev.visionllm.data;

import dev.visionllm.data.figures.Figures;
import dev.visionllm.data.figures.Figures.Kind;
import dev.visionllm.data.figures.Layer;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Composes pictures of one to four figures on varied backgrounds, some of them behind each other or
 * behind something in the foreground. Picture {@code i} depends on the seed and on {@code i} alone.
 */
public final class FigureScenes {
  /**
   * How pictures are made.
   *
   * @param width pixels
   * @param height pixels
   * @param kinds of figures to draw; faces have pictures of their own, since a person that is drawn
   *     whole has a face too
   */
  public record Settings(int width, int height, Set<Kind> kinds) {
    public static final Settings DEFAULT =
        new Settings(
            Scenes.Settings.DEFAULT.width(),
            Scenes.Settings.DEFAULT.height(),
            EnumSet.allOf(Kind.class));

    public Settings {
      if (width < 32 || height < 32 || width > 8192 || height > 8192) {
        throw new IllegalArgumentException(
            "picture size " + width + "x" + height + " is not between 32 and 8192 pixels");
      }
      if (kinds.isEmpty()) {
        throw new IllegalArgumentException(
            "no kind of figures given: name some of " + EnumSet.allOf(Kind.class));
      }
      kinds = EnumSet.copyOf(kinds);
    }
  }

  private static final double[] MOST_SIDE = {0.95, 0.75, 0.6, 0.55}; // for 1, 2, 3, 4 figures
  private static final double[] LEAST_SIDE = {0.45, 0.4, 0.35, 0.35};
  private static final int[] COUNTS = {1, 1, 1, 1, 2, 2, 2, 3, 3, 4};
  private static final double FOREGROUND_SHARE = 0.3; // of the pictures
  private static final int TRIES = 12;

  private final Figures figures;
  private final Backgrounds backgrounds;
  private final Settings settings;
  private final long seed;

  public FigureScenes(Figures figures, Backgrounds backgrounds, Settings settings, long seed) {
    this.figures = figures;
    this.backgrounds = backgrounds;
    this.settings = settings;
    this.seed = seed;
  }

  /** Randomness for a picture; {@code stream} keeps it and its conversations apart. */
  RandomGenerator random(long index, int stream) {
    return Scenes.random(seed, index, stream);
  }

  /** Kinds of figures that it draws. */
  Set<Kind> kinds() {
    return settings.kinds();
  }

  /** Composes picture {@code index}. */
  FigureScene scene(long index) {
    RandomGenerator random = random(index, 0);
    int width = settings.width();
    int height = settings.height();
    BufferedImage picture = backgrounds.draw(width, height, random);
    FigureStage stage = new FigureStage(picture);
    List<Kind> kinds = kinds(random);
    int n = COUNTS[random.nextInt(COUNTS.length)];
    for (int i = 0; i < n; i++) {
      // a picture is never empty: what cannot be placed is drawn anew, the first as often as it
      // takes
      boolean placed = false;
      for (int attempt = 0; !placed && (i == 0 || attempt < 2); attempt++) {
        Kind kind = kinds.get(random.nextInt(kinds.size()));
        double side =
            LEAST_SIDE[n - 1] + (MOST_SIDE[n - 1] - LEAST_SIDE[n - 1]) * random.nextDouble();
        Layer layer = figures.draw(kind, random).layer(side * Math.min(width, height));
        for (int t = 0; !placed && t < TRIES; t++) {
          int x = position(layer.width(), width, random);
          int y = position(layer.height(), height, random);
          placed = stage.place(layer, x, y);
        }
      }
    }
    if (random.nextDouble() < FOREGROUND_SHARE) stage.cover(random);
    return stage.scene(index);
  }

  /** Kinds that are in one picture together. */
  private List<Kind> kinds(RandomGenerator random) {
    List<Kind> all = new ArrayList<>(settings.kinds());
    Kind first = all.get(random.nextInt(all.size()));
    if (first == Kind.FACE) return List.of(first);
    all.remove(Kind.FACE);
    return random.nextInt(3) == 0 ? all : List.of(first);
  }

  private static int position(int size, int room, RandomGenerator random) {
    int over = random.nextInt(5) == 0 ? size / 3 : 0; // now and then cut off by the picture's edge
    int least = Math.min(0, room - size) - over;
    int most = Math.max(0, room - size) + over;
    return random.nextInt(least, most + 1);
  }
}
