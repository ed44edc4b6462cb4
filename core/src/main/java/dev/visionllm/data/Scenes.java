package dev.visionllm.data;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Composes pictures of cut-outs on varied backgrounds. Picture {@code i} depends on the seed and on
 * {@code i} alone, so any number of threads makes the same pictures.
 */
public final class Scenes {
  /**
   * How pictures are made.
   *
   * @param width pixels
   * @param height pixels
   * @param empty share of pictures that hold no object
   * @param minObjects fewest objects that are placed in a picture that is not empty. From 2 on
   *     pictures are crowds: any number up to the most is as likely, and every object may be of any
   *     class. With 0 or 1 small numbers and few classes are likelier
   * @param maxObjects most objects in a picture
   * @param minVisible least visible fraction of every object
   * @param minSide least longer side of an object, as a share of the picture's shorter side
   * @param maxSide greatest, likewise; crowded pictures use less
   */
  public record Settings(
      int width,
      int height,
      double empty,
      int minObjects,
      int maxObjects,
      double minVisible,
      double minSide,
      double maxSide) {
    public static final Settings DEFAULT = new Settings(256, 256, 0.12, 1, 8, 0.5, 0.16, 0.5);

    /** One or two objects of half the picture, hardly covered: easy to learn to draw. */
    public static final Settings LARGE = new Settings(256, 256, 0, 1, 2, 0.8, 0.45, 0.7);

    public Settings {
      if (width < 32 || height < 32 || width > 8192 || height > 8192) {
        throw new IllegalArgumentException(
            "picture size " + width + "x" + height + " is not between 32 and 8192 pixels");
      }
      if (!(empty >= 0 && empty <= 1))
        throw new IllegalArgumentException("share of empty pictures " + empty + " is not in 0..1");
      if (minObjects < 0 || minObjects > maxObjects || maxObjects > Scene.MOST)
        throw new IllegalArgumentException(
            "object counts "
                + minObjects
                + " to "
                + maxObjects
                + " are not in order within 0.."
                + Scene.MOST);
      if (!(minVisible > 0 && minVisible <= 1)) {
        throw new IllegalArgumentException(
            "least visible fraction " + minVisible + " is not in (0, 1]");
      }
      if (!(minSide > 0 && minSide <= maxSide && maxSide <= 1)) {
        throw new IllegalArgumentException(
            "object sides " + minSide + " to " + maxSide + " are not in order within (0, 1]");
      }
    }

    /** The same with another picture size. */
    public Settings sized(int w, int h) {
      return new Settings(w, h, empty, minObjects, maxObjects, minVisible, minSide, maxSide);
    }

    /** The same with other numbers of objects; crowds leave no picture empty. */
    public Settings crowded(int least, int most) {
      return new Settings(width, height, 0, least, most, minVisible, minSide, maxSide);
    }

    private boolean crowd() {
      return minObjects > 1;
    }

    /** Pixels that cut-outs should be drawn at, so that the largest object is not blown up. */
    public int cutoutSide() {
      return Math.max(32, (int) Math.ceil(maxSide * Math.min(width, height)));
    }
  }

  private static final int[] COUNT_WEIGHTS = {20, 19, 17, 13, 9, 7, 5, 4}; // of 1, 2, 3 ... objects
  private static final int[] CLASS_WEIGHTS = {26, 36, 23, 15}; // of 1, 2, 3, 4 classes
  private static final double UPRIGHT_SHARE = 0.95; // turned by at most 30 degrees
  private static final int TRIES = 30;
  private static final double ROOMY_SHARE =
      0.8; // of the objects look for a place with little overlap first
  private static final double ROOMY_VISIBLE = 0.85;
  static final int CONTRAST = 24; // least mean difference of an object to what it covers, of 255

  private final Cutouts cutouts;
  private final List<String> names;
  private final Backgrounds backgrounds;
  private final Settings settings;
  private final long seed;

  public Scenes(Cutouts cutouts, Backgrounds backgrounds, Settings settings, long seed) {
    this.cutouts = cutouts;
    this.names = cutouts.names();
    this.backgrounds = backgrounds;
    this.settings = settings;
    this.seed = seed;
  }

  /** All class names that pictures may hold, in alphabetical order. */
  public List<String> names() {
    return List.copyOf(names);
  }

  public Settings settings() {
    return settings;
  }

  /**
   * Randomness for picture {@code index}; {@code stream} keeps the picture and its conversations
   * apart.
   */
  RandomGenerator random(long index, int stream) {
    return random(seed, index, stream);
  }

  static RandomGenerator random(long seed, long index, int stream) {
    return new SplittableRandom(mix(mix(mix(seed) + index) + stream));
  }

  /** Composes picture {@code index}. */
  Scene scene(long index) {
    Canvas c = canvas(random(index, 0));
    return Composition.seen(index, c.width, c.height, c.rgb, c.owner, c.layers);
  }

  /** Composes a picture that can be drawn again with changes. */
  Composition composition(RandomGenerator random) {
    Canvas c = canvas(random);
    return new Composition(c.width, c.height, c.background, c.layers);
  }

  private Canvas canvas(RandomGenerator random) {
    BufferedImage picture = backgrounds.draw(settings.width(), settings.height(), random);
    int[] rgb = Cutout.pixels(picture);
    for (int i = 0; i < rgb.length; i++) rgb[i] &= 0xffffff;
    Canvas canvas = new Canvas(settings, rgb);
    int objects =
        random.nextDouble() < settings.empty() || settings.maxObjects() == 0 ? 0 : objects(random);
    List<String> classes = classes(objects, random);
    double most = Math.max(settings.minSide(), settings.maxSide() * crowding(objects));
    for (int i = 0; i < objects; i++) {
      String name =
          i < classes.size() ? classes.get(i) : classes.get(random.nextInt(classes.size()));
      canvas.place(name, look(name, random), most, random);
    }
    return canvas;
  }

  /** One of the looks of a class. */
  Cutout look(String name, RandomGenerator random) {
    List<Cutout> looks = cutouts.of(name);
    return looks.get(random.nextInt(looks.size()));
  }

  private int objects(RandomGenerator random) {
    if (settings.crowd()) {
      return random.nextInt(settings.minObjects(), settings.maxObjects() + 1);
    }
    return 1
        + weighted(COUNT_WEIGHTS, Math.min(settings.maxObjects(), COUNT_WEIGHTS.length), random);
  }

  private List<String> classes(int objects, RandomGenerator random) {
    if (objects == 0) return List.of();
    if (settings.crowd()) {
      return random.ints(objects, 0, names.size()).mapToObj(names::get).toList();
    }
    int most = Math.min(Math.min(objects, CLASS_WEIGHTS.length), names.size());
    int n = 1 + weighted(CLASS_WEIGHTS, most, random);
    List<String> chosen = new ArrayList<>();
    while (chosen.size() < n) {
      String name = names.get(random.nextInt(names.size()));
      if (!chosen.contains(name)) chosen.add(name);
    }
    return chosen;
  }

  private static double crowding(int objects) {
    return objects <= 2 ? 1 : objects <= 4 ? 0.86 : objects <= 6 ? 0.72 : 0.62;
  }

  private static int weighted(int[] weights, int n, RandomGenerator random) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += weights[i];
    int r = random.nextInt(sum);
    for (int i = 0; ; i++) {
      r -= weights[i];
      if (r < 0) return i;
    }
  }

  /** The finaliser of SplitMix64. */
  static long mix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  /** The picture while it is being composed. */
  private static final class Canvas {
    private final Settings settings;
    private final int width;
    private final int height;
    private final int[] rgb;
    private final int[] background;
    private final int[] owner;
    private final List<Layer> layers = new ArrayList<>();
    private final int[] visible;

    Canvas(Settings settings, int[] rgb) {
      this.settings = settings;
      this.width = settings.width();
      this.height = settings.height();
      this.rgb = rgb;
      this.background = rgb.clone();
      this.owner = new int[rgb.length];
      Arrays.fill(owner, -1);
      this.visible = new int[settings.maxObjects()];
    }

    /**
     * Tries places until all objects stay visible enough; leaves the object out if there is none.
     */
    void place(String name, Cutout look, double most, RandomGenerator random) {
      boolean flip = random.nextBoolean();
      double reach = random.nextDouble() < UPRIGHT_SHARE ? Math.PI / 6 : Math.PI / 2;
      double turn = (random.nextDouble() * 2 - 1) * reach;
      double least = settings.minSide();
      double share = least + (most - least) * random.nextDouble();
      int shorter = Math.min(width, height);
      Layer layer = Layer.of(name, look, share * shorter, turn, flip, random);
      boolean roomy = random.nextDouble() < ROOMY_SHARE;
      for (int i = 0; i < TRIES; i++) {
        if (i == TRIES / 3 || i == 2 * TRIES / 3) { // a smaller one may still fit
          share = Math.max(least, share * 0.75);
          layer = Layer.of(name, look, share * shorter, turn, flip, random);
        }
        boolean cut = random.nextInt(8) == 0;
        int x = position(layer.width(), width, cut, random);
        int y = position(layer.height(), height, cut, random);
        double visible =
            roomy && i < TRIES / 2
                ? Math.max(ROOMY_VISIBLE, settings.minVisible())
                : settings.minVisible();
        if (fits(layer.at(x, y), visible)) return;
      }
    }

    private static int position(int size, int room, boolean cut, RandomGenerator random) {
      int over = cut ? size / 4 : 0;
      int span = room - size + 2 * over;
      return span <= 0 ? (room - size) / 2 : random.nextInt(span + 1) - over;
    }

    private boolean fits(Layer layer, double least) {
      int id = layers.size();
      int[] lost = new int[id];
      int inside = 0;
      long difference = 0;
      for (int v = 0; v < layer.height(); v++) {
        for (int u = 0; u < layer.width(); u++) {
          int i = v * layer.width() + u;
          int px = layer.x() + u;
          int py = layer.y() + v;
          if (!layer.solid(i) || px < 0 || py < 0 || px >= width || py >= height) continue;
          inside++;
          int o = owner[py * width + px];
          if (o >= 0) lost[o]++;
          difference += difference(layer.pixels()[i], rgb[py * width + px]);
        }
      }
      int all = layer.area();
      if (all == 0 || inside < least * all || difference < 3L * CONTRAST * inside) return false;
      for (int o = 0; o < id; o++) {
        if (lost[o] > 0 && visible[o] - lost[o] < least * layers.get(o).area()) return false;
      }
      for (int o = 0; o < id; o++) visible[o] -= lost[o];
      layers.add(layer);
      visible[id] = inside;
      layer.draw(rgb, owner, width, height, id);
      return true;
    }
  }

  /** Sum over the channels of two pixels' differences. */
  static int difference(int p, int q) {
    return Math.abs((p >> 16 & 255) - (q >> 16 & 255))
        + Math.abs((p >> 8 & 255) - (q >> 8 & 255))
        + Math.abs((p & 255) - (q & 255));
  }
}
