package dev.visionllm.data;

import com.github.weisj.jsvg.SVGDocument;
import com.github.weisj.jsvg.parser.LoaderContext;
import com.github.weisj.jsvg.parser.SVGLoader;
import com.github.weisj.jsvg.view.FloatSize;
import com.github.weisj.jsvg.view.ViewBox;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * Cut-outs by class name, from folders that hold {@code NAME.png}, {@code NAME.svg} or {@code
 * NAME/anything.png}.
 */
public final class Cutouts {
  private final Map<String, List<Cutout>> byName;

  private Cutouts(Map<String, List<Cutout>> byName) {
    this.byName = byName;
  }

  /**
   * Reads every cut-out of the folders into memory.
   *
   * @param folders source folders; a class may be in several of them
   * @param maxSide longer side in pixels that SVG files are drawn at
   * @throws IllegalArgumentException if a folder is missing or holds no cut-outs, or a file is no
   *     picture or invisible
   */
  public static Cutouts load(List<Path> folders, int maxSide) throws IOException {
    if (folders.isEmpty())
      throw new IllegalArgumentException("no source folder given: name at least one with cut-outs");
    Map<String, List<Cutout>> byName = new TreeMap<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw new IllegalArgumentException(
            "source folder "
                + folder
                + " does not exist: 'visionllm data fetch nano --out DIR' makes some in DIR/sources");
      }
      int before = byName.values().stream().mapToInt(List::size).sum();
      for (Path file : sorted(folder)) {
        if (Files.isDirectory(file)) {
          for (Path inner : sorted(file))
            add(byName, className(file.getFileName().toString()), inner, maxSide);
        } else {
          String name = file.getFileName().toString();
          int dot = name.lastIndexOf('.');
          if (dot > 0) add(byName, className(name.substring(0, dot)), file, maxSide);
        }
      }
      if (byName.values().stream().mapToInt(List::size).sum() == before) {
        throw new IllegalArgumentException(
            "source folder "
                + folder
                + " holds no cut-outs: expected NAME.png, NAME.svg or NAME/anything.png");
      }
    }
    byName.replaceAll((name, list) -> List.copyOf(list));
    return new Cutouts(byName);
  }

  /** Class names in alphabetical order. */
  public List<String> names() {
    return new ArrayList<>(byName.keySet());
  }

  List<Cutout> of(String name) {
    return byName.get(name);
  }

  private static void add(Map<String, List<Cutout>> byName, String name, Path file, int maxSide)
      throws IOException {
    String end = file.getFileName().toString().toLowerCase(Locale.ROOT);
    BufferedImage picture;
    if (end.endsWith(".svg")) {
      picture = drawSvg(file, maxSide);
    } else if (end.endsWith(".png")) {
      try {
        picture = ImageIO.read(file.toFile());
      } catch (IOException | RuntimeException e) { // ImageIO throws both on damaged files
        throw new IllegalArgumentException(
            "cut-out " + file + " is not a readable PNG: " + e.getMessage(), e);
      }
      if (picture == null)
        throw new IllegalArgumentException("cut-out " + file + " is not a PNG picture");
    } else {
      return; // licences, read-me files and the like
    }
    if (name.isBlank())
      throw new IllegalArgumentException("cut-out " + file + " has no class name in its file name");
    Cutout cutout = Cutout.of(file.toString(), picture, maxSide);
    if (cutout == null)
      throw new IllegalArgumentException(
          "cut-out " + file + " shows nothing: all of it is transparent");
    byName.computeIfAbsent(name, n -> new ArrayList<>()).add(cutout);
  }

  private static BufferedImage drawSvg(Path file, int maxSide) throws IOException {
    SVGDocument document;
    try (InputStream in = Files.newInputStream(file)) {
      document = new SVGLoader().load(in, null, LoaderContext.createDefault());
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          "cut-out " + file + " is not a readable SVG: " + e.getMessage(), e);
    }
    if (document == null)
      throw new IllegalArgumentException("cut-out " + file + " is not a readable SVG");
    FloatSize size = document.size();
    if (!(size.width > 0) || !(size.height > 0)) {
      throw new IllegalArgumentException(
          "cut-out " + file + " has size " + size.width + " x " + size.height);
    }
    double scale = maxSide / (double) Math.max(size.width, size.height);
    int w = Math.max(1, (int) Math.round(size.width * scale));
    int h = Math.max(1, (int) Math.round(size.height * scale));
    BufferedImage out = new BufferedImage(w, h, BufferedImage.TYPE_INT_ARGB_PRE);
    Graphics2D g = out.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    document.render(null, g, new ViewBox(0, 0, w, h));
    g.dispose();
    return out;
  }

  private static String className(String fileName) {
    return fileName.replace('_', ' ').trim().toLowerCase(Locale.ROOT);
  }

  private static List<Path> sorted(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> !f.getFileName().toString().startsWith(".")).sorted().toList();
    }
  }
}
