package dev.visionllm.cli;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Rle;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Overlay;
import dev.visionllm.image.Raster;
import dev.visionllm.image.SkeletonOverlay;
import dev.visionllm.io.AtomicFile;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Picture;
import dev.visionllm.result.Pose;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Findings for a person, for a machine, and on a picture. */
final class Findings {
  private static final String ENDING = ".png";

  private Findings() {}

  /**
   * What was found in a picture, for JSON: box (left, top, right, bottom edge in pixels of the
   * file), score and label; of a segment also its mask as COCO's RLE, its outlines and certainty;
   * of a pose also its keypoints, x and y each, by name.
   */
  static List<Map<String, Object>> json(List<? extends Finding> findings) {
    List<Map<String, Object>> out = new ArrayList<>();
    for (Finding f : findings) {
      if (f instanceof Detection d) {
        out.add(boxed(d.box(), d.score(), d.label()));
      } else if (f instanceof Segment s) {
        Map<String, Object> one = boxed(s.box(), s.score(), s.label());
        Rle rle = s.rle();
        one.put(
            "mask",
            Map.of("size", List.of(rle.height(), rle.width()), "counts", rle.toCocoString()));
        one.put("polygons", s.outlines().rings().stream().map(r -> r.xy()).toList());
        one.put("certainty", round(s.certainty(), 10_000));
        out.add(one);
      } else if (f instanceof Pose p) {
        Map<String, Object> one = boxed(p.box(), p.score(), p.label());
        Map<String, Object> points = new LinkedHashMap<>();
        for (int i = 0; i < p.set().size(); i++) {
          var at = p.keypoints().points().get(i);
          points.put(p.set().points().get(i), List.of(round(at.x(), 100), round(at.y(), 100)));
        }
        one.put("set", p.set().name());
        one.put("keypoints", points);
        out.add(one);
      }
    }
    return out;
  }

  private static Map<String, Object> boxed(Box b, double score, String label) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put(
        "box",
        List.of(round(b.x0(), 100), round(b.y0(), 100), round(b.x1(), 100), round(b.y1(), 100)));
    one.put("score", round(score, 10_000));
    one.put("label", label);
    return one;
  }

  private static double round(double value, int parts) {
    return (double) Math.round(value * parts) / parts;
  }

  /** {@code [x0, y0, x1, y1] score label}, in columns, and what else there is. */
  static String line(Finding f) {
    if (f instanceof Segment s) {
      return boxed(s.detection()) + ", " + s.rle().area() + " pixels";
    }
    if (f instanceof Pose p) {
      return boxed(new Detection(p.label(), p.score(), p.box()))
          + ", "
          + p.set().size()
          + " points";
    }
    if (f instanceof Detection d) {
      return boxed(d);
    }
    Picture made = (Picture) f;
    return "a picture of " + made.image().getWidth() + " x " + made.image().getHeight() + " pixels";
  }

  private static String boxed(Detection d) {
    Box b = d.box();
    return String.format(
        Locale.ROOT,
        "[%6.1f, %6.1f, %6.1f, %6.1f]  %.2f  %s",
        b.x0(),
        b.y0(),
        b.x1(),
        b.y1(),
        d.score(),
        d.label());
  }

  /** Refuses a file that no picture can be written to. @param out may be null */
  static void check(Path out, List<Path> pictures) throws IOException {
    if (out == null) {
      return;
    }
    if (!out.toString().toLowerCase(Locale.ROOT).endsWith(ENDING)) {
      throw new IllegalArgumentException(
          "--out " + out + ": pictures are written as PNG, name it *.png");
    }
    Path folder = out.toAbsolutePath().getParent();
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          "--out " + out + ": there is no folder " + folder + ", make it first");
    }
    for (Path picture : pictures) {
      if (Files.exists(out) && Files.isSameFile(out, picture)) {
        throw new IllegalArgumentException(
            "--out " + out + " would overwrite the picture itself: choose another name");
      }
    }
  }

  /** The n-th of several output files: NAME-n.png. @param n from 0 */
  static Path numbered(Path out, int n, int of) {
    if (out == null || of == 1) {
      return out;
    }
    String name = out.getFileName().toString();
    String stem = name.substring(0, name.length() - ENDING.length());
    return out.resolveSibling(stem + "-" + (n + 1) + ENDING);
  }

  /** The picture with what was found on it. */
  static Raster marked(Raster picture, List<? extends Finding> findings) {
    List<Overlay.Item> items = new ArrayList<>();
    List<SkeletonOverlay.Item> skeletons = new ArrayList<>();
    for (Finding f : findings) {
      if (f instanceof Detection d) {
        items.add(new Overlay.Item(d.box(), d.label(), d.score()));
      } else if (f instanceof Segment s) {
        items.add(new Overlay.Item(s.box(), s.label(), s.score(), s.rle()));
      } else if (f instanceof Pose p) {
        items.add(new Overlay.Item(p.box(), p.label(), p.score()));
        skeletons.add(new SkeletonOverlay.Item(p.set(), p.keypoints()));
      }
    }
    return SkeletonOverlay.draw(Overlay.draw(picture, items), skeletons);
  }

  /** Writes the picture with what was found on it. */
  static void draw(Raster picture, List<? extends Finding> findings, Path out) throws IOException {
    write(marked(picture, findings), out);
  }

  /** Writes a picture as it is. */
  static void write(Raster picture, Path out) throws IOException {
    byte[] png = ImageFiles.png(picture.toBufferedImage());
    AtomicFile.write(out, to -> to.write(png));
  }

  /**
   * Writes what an answer has to show: the picture with what was found in it, if anything was, and
   * then the pictures that were made.
   *
   * @param out may be null
   * @param picture may be null
   * @return the files, several of them numbered
   */
  static List<Path> write(Path out, Raster picture, List<Finding> findings) throws IOException {
    List<Picture> made =
        findings.stream().filter(Picture.class::isInstance).map(Picture.class::cast).toList();
    boolean marks = picture != null && made.size() < findings.size();
    int n = made.size() + (marks ? 1 : 0);
    List<Path> files = new ArrayList<>();
    if (out == null) {
      return files;
    }
    if (marks) {
      files.add(numbered(out, 0, n));
      draw(picture, findings, files.get(0));
    }
    for (Picture p : made) {
      Path file = numbered(out, files.size(), n);
      ImageFiles.writePng(Raster.of(p.image()), p.provenance(), file);
      files.add(file);
    }
    return files;
  }
}
