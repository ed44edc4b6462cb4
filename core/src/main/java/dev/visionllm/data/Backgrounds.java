package dev.visionllm.data;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RadialGradientPaint;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * What the objects stand before: drawn textures, and cut-outs of photographs where a folder of them
 * is given.
 */
public final class Backgrounds {
  /** Drawn backgrounds only. */
  public static final Backgrounds DRAWN = new Backgrounds(List.of(), List.of(Kind.values()));

  /** Backgrounds of one colour only. */
  public static final Backgrounds PLAIN = new Backgrounds(List.of(), List.of(Kind.PLAIN));

  private static final int PHOTO_SIDE = 640; // photographs are kept this small
  private static final double PHOTO_SHARE = 0.4;

  private enum Kind {
    PLAIN,
    LINEAR,
    RADIAL,
    NOISE,
    STRIPES,
    CHECKS,
    BLOBS,
    SHAPES
  }

  private final List<BufferedImage> photographs;
  private final List<Kind> kinds; // that are drawn

  private Backgrounds(List<BufferedImage> photographs, List<Kind> kinds) {
    this.photographs = photographs;
    this.kinds = kinds;
  }

  /** Also uses the PNG and JPEG photographs of a folder and of the folders in it. */
  public static Backgrounds withPhotographs(Path folder) throws IOException {
    if (!Files.isDirectory(folder))
      throw new IllegalArgumentException("backgrounds folder " + folder + " does not exist");
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files =
          walk.filter(f -> f.toString().toLowerCase(Locale.ROOT).matches(".*\\.(png|jpe?g)"))
              .sorted()
              .toList();
    }
    if (files.isEmpty())
      throw new IllegalArgumentException(
          "backgrounds folder " + folder + " holds no PNG or JPEG files");
    List<BufferedImage> photographs = new ArrayList<>();
    for (Path f : files) {
      BufferedImage b;
      try {
        b = ImageIO.read(f.toFile());
      } catch (IOException | RuntimeException e) { // ImageIO throws both on damaged files
        throw new IllegalArgumentException(
            "background " + f + " is not a readable picture: " + e.getMessage(), e);
      }
      if (b == null) throw new IllegalArgumentException("background " + f + " is not a picture");
      double scale = Math.min(1, PHOTO_SIDE / (double) Math.min(b.getWidth(), b.getHeight()));
      BufferedImage small =
          new BufferedImage(
              Math.max(1, (int) (b.getWidth() * scale)),
              Math.max(1, (int) (b.getHeight() * scale)),
              BufferedImage.TYPE_INT_RGB);
      Graphics2D g = small.createGraphics();
      g.setRenderingHint(
          RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
      g.drawImage(b, 0, 0, small.getWidth(), small.getHeight(), null);
      g.dispose();
      photographs.add(small);
    }
    return new Backgrounds(List.copyOf(photographs), List.of(Kind.values()));
  }

  /** Draws one background; RGB without alpha. */
  BufferedImage draw(int width, int height, RandomGenerator random) {
    BufferedImage out = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = out.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    if (!photographs.isEmpty() && random.nextDouble() < PHOTO_SHARE) {
      photograph(g, width, height, random);
    } else {
      switch (kinds.get(random.nextInt(kinds.size()))) {
        case PLAIN -> fill(g, width, height, colour(random));
        case LINEAR -> linear(g, width, height, random);
        case RADIAL -> radial(g, width, height, random);
        case NOISE -> noise(out, random);
        case STRIPES -> stripes(g, width, height, random);
        case CHECKS -> checks(g, width, height, random);
        case BLOBS -> blobs(g, width, height, random);
        case SHAPES -> shapes(g, width, height, random);
      }
    }
    g.dispose();
    if (kinds.size() > 1 && random.nextInt(4) == 0)
      grain(Cutout.pixels(out), 2 + random.nextInt(7), random);
    return out;
  }

  private void photograph(Graphics2D g, int width, int height, RandomGenerator random) {
    BufferedImage photo = photographs.get(random.nextInt(photographs.size()));
    double least = Math.max(width / (double) photo.getWidth(), height / (double) photo.getHeight());
    double scale = least * (1 + random.nextDouble());
    int w = (int) Math.ceil(photo.getWidth() * scale);
    int h = (int) Math.ceil(photo.getHeight() * scale);
    g.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    g.drawImage(photo, -random.nextInt(w - width + 1), -random.nextInt(h - height + 1), w, h, null);
  }

  private static void fill(Graphics2D g, int w, int h, Color c) {
    g.setColor(c);
    g.fillRect(0, 0, w, h);
  }

  private static void linear(Graphics2D g, int w, int h, RandomGenerator random) {
    double angle = random.nextDouble() * 2 * Math.PI;
    float dx = (float) (Math.cos(angle) * w / 2);
    float dy = (float) (Math.sin(angle) * h / 2);
    g.setPaint(
        new GradientPaint(
            w / 2f - dx, h / 2f - dy, colour(random), w / 2f + dx, h / 2f + dy, colour(random)));
    g.fillRect(0, 0, w, h);
  }

  private static void radial(Graphics2D g, int w, int h, RandomGenerator random) {
    Point2D centre = new Point2D.Double(random.nextDouble() * w, random.nextDouble() * h);
    float radius = (float) (Math.max(w, h) * (0.5 + random.nextDouble() * 0.7));
    g.setPaint(
        new RadialGradientPaint(
            centre, radius, new float[] {0, 1}, new Color[] {colour(random), colour(random)}));
    g.fillRect(0, 0, w, h);
  }

  /** Value noise of three octaves between two colours. */
  private static void noise(BufferedImage out, RandomGenerator random) {
    int w = out.getWidth();
    int h = out.getHeight();
    float[] sum = new float[w * h];
    int cell = 12 << random.nextInt(4);
    float weight = 0.6f;
    for (int octave = 0; octave < 3 && cell >= 3; octave++, cell /= 2, weight /= 2) {
      int gw = w / cell + 2;
      int gh = h / cell + 2;
      float[] grid = new float[gw * gh];
      for (int i = 0; i < grid.length; i++) grid[i] = random.nextFloat();
      for (int y = 0; y < h; y++) {
        int gy = y / cell;
        float fy = smooth((y % cell) / (float) cell);
        for (int x = 0; x < w; x++) {
          int k = gy * gw + x / cell;
          float fx = smooth((x % cell) / (float) cell);
          float top = grid[k] + (grid[k + 1] - grid[k]) * fx;
          float low = grid[k + gw] + (grid[k + gw + 1] - grid[k + gw]) * fx;
          sum[y * w + x] += weight * (top + (low - top) * fy);
        }
      }
    }
    Color a = colour(random);
    Color b = random.nextBoolean() ? colour(random) : near(a, 60, random);
    int[] pixels = Cutout.pixels(out);
    for (int i = 0; i < pixels.length; i++) {
      float t = Math.min(1, sum[i]);
      int r = Math.round(a.getRed() + (b.getRed() - a.getRed()) * t);
      int gr = Math.round(a.getGreen() + (b.getGreen() - a.getGreen()) * t);
      int bl = Math.round(a.getBlue() + (b.getBlue() - a.getBlue()) * t);
      pixels[i] = r << 16 | gr << 8 | bl;
    }
  }

  private static float smooth(float t) {
    return t * t * (3 - 2 * t);
  }

  private static void stripes(Graphics2D g, int w, int h, RandomGenerator random) {
    Color a = colour(random);
    Color b = random.nextInt(3) == 0 ? colour(random) : near(a, 50, random);
    fill(g, w, h, a);
    g.setColor(b);
    double step = (0.04 + random.nextDouble() * 0.16) * Math.max(w, h);
    g.setStroke(new BasicStroke((float) (step / 2), BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER));
    g.rotate(random.nextDouble() * Math.PI, w / 2.0, h / 2.0);
    int reach = w + h;
    for (double x = -reach; x < reach; x += step) g.draw(new Line2D.Double(x, -reach, x, reach));
  }

  private static void checks(Graphics2D g, int w, int h, RandomGenerator random) {
    Color a = colour(random);
    fill(g, w, h, a);
    g.setColor(random.nextInt(3) == 0 ? colour(random) : near(a, 50, random));
    int step = Math.max(4, (int) ((0.05 + random.nextDouble() * 0.15) * Math.max(w, h)));
    for (int y = 0; y < h; y += step) {
      for (int x = (y / step % 2) * step; x < w; x += 2 * step) g.fillRect(x, y, step, step);
    }
  }

  private static void blobs(Graphics2D g, int w, int h, RandomGenerator random) {
    linear(g, w, h, random);
    int n = 3 + random.nextInt(6);
    for (int i = 0; i < n; i++) {
      Color c = colour(random);
      Color clear = new Color(c.getRed(), c.getGreen(), c.getBlue(), 0);
      float radius = (float) (Math.max(w, h) * (0.12 + random.nextDouble() * 0.4));
      Point2D centre = new Point2D.Double(random.nextDouble() * w, random.nextDouble() * h);
      g.setPaint(
          new RadialGradientPaint(centre, radius, new float[] {0, 1}, new Color[] {c, clear}));
      g.fillRect(0, 0, w, h);
    }
  }

  /** Nameless ellipses, polygons and lines, so that not everything with an outline is an object. */
  private static void shapes(Graphics2D g, int w, int h, RandomGenerator random) {
    if (random.nextBoolean()) linear(g, w, h, random);
    else fill(g, w, h, colour(random));
    int n = 3 + random.nextInt(8);
    double side = Math.max(w, h);
    for (int i = 0; i < n; i++) {
      Color c = colour(random);
      g.setColor(new Color(c.getRed(), c.getGreen(), c.getBlue(), 90 + random.nextInt(166)));
      double x = random.nextDouble() * w;
      double y = random.nextDouble() * h;
      double r = side * (0.03 + random.nextDouble() * 0.2);
      switch (random.nextInt(3)) {
        case 0 ->
            g.fill(new Ellipse2D.Double(x - r, y - r / 2, 2 * r, r * (0.5 + random.nextDouble())));
        case 1 -> {
          Path2D polygon = new Path2D.Double();
          int corners = 3 + random.nextInt(4);
          double turn = random.nextDouble() * Math.PI;
          for (int k = 0; k < corners; k++) {
            double angle = turn + k * 2 * Math.PI / corners;
            double px = x + Math.cos(angle) * r;
            double py = y + Math.sin(angle) * r;
            if (k == 0) polygon.moveTo(px, py);
            else polygon.lineTo(px, py);
          }
          polygon.closePath();
          g.fill(polygon);
        }
        default -> {
          g.setStroke(new BasicStroke((float) (1 + random.nextDouble() * side / 40)));
          g.draw(new Line2D.Double(x, y, random.nextDouble() * w, random.nextDouble() * h));
        }
      }
    }
  }

  private static void grain(int[] pixels, int strength, RandomGenerator random) {
    long bits = 0;
    for (int i = 0; i < pixels.length; i++) {
      if (i % 4 == 0) bits = random.nextLong();
      int d = (int) (bits & 0xffff) * (2 * strength + 1) / 0x10000 - strength;
      bits >>>= 16;
      int p = pixels[i];
      pixels[i] =
          clamp((p >> 16 & 255) + d) << 16 | clamp((p >> 8 & 255) + d) << 8 | clamp((p & 255) + d);
    }
  }

  private static Color colour(RandomGenerator random) {
    float saturation = random.nextInt(3) == 0 ? random.nextFloat() : random.nextFloat() * 0.45f;
    return Color.getHSBColor(random.nextFloat(), saturation, 0.12f + random.nextFloat() * 0.88f);
  }

  private static Color near(Color c, int reach, RandomGenerator random) {
    int d = random.nextBoolean() ? 20 + random.nextInt(reach) : -20 - random.nextInt(reach);
    return new Color(clamp(c.getRed() + d), clamp(c.getGreen() + d), clamp(c.getBlue() + d));
  }

  private static int clamp(int v) {
    return v < 0 ? 0 : Math.min(v, 255);
  }
}
