package dev.visionllm.cli;

import dev.visionllm.checkpoint.AtomicFile;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Overlay;
import dev.visionllm.image.Raster;
import dev.visionllm.result.Detection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Detections for a person, for a machine, and on a picture. */
final class Boxes {
  private static final String ENDING = ".png";

  private Boxes() {}

  /** A detection in JSON. @param box left, top, right, bottom edge in pixels of the file */
  record Found(List<Double> box, double score, String label) {
    static Found of(Detection d) {
      var b = d.box();
      return new Found(
          List.of(round(b.x0(), 100), round(b.y0(), 100), round(b.x1(), 100), round(b.y1(), 100)),
          round(d.score(), 10_000),
          d.label());
    }

    private static double round(double value, int parts) {
      return (double) Math.round(value * parts) / parts;
    }
  }

  static List<Found> found(List<Detection> detections) {
    return detections.stream().map(Found::of).toList();
  }

  /** {@code [x0, y0, x1, y1] score label}, in columns. */
  static String line(Detection d) {
    var b = d.box();
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

  /** Refuses a file that no annotated picture can be written to. @param out may be null */
  static void check(Path out, List<Path> pictures) throws IOException {
    if (out == null) {
      return;
    }
    if (!out.toString().toLowerCase(Locale.ROOT).endsWith(ENDING)) {
      throw new IllegalArgumentException(
          "--out " + out + ": annotated pictures are PNG files, name it *.png");
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

  /** Writes the picture with the detections on it. */
  static void draw(Raster picture, List<Detection> detections, Path out) throws IOException {
    List<Overlay.Item> items =
        detections.stream().map(d -> new Overlay.Item(d.box(), d.label(), d.score())).toList();
    byte[] png = ImageFiles.png(Overlay.draw(picture, items).toBufferedImage());
    AtomicFile.write(out, to -> to.write(png));
  }
}
