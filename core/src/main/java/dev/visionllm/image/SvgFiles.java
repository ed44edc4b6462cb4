package dev.visionllm.image;

import com.github.weisj.jsvg.SVGDocument;
import com.github.weisj.jsvg.parser.LoaderContext;
import com.github.weisj.jsvg.parser.SVGLoader;
import com.github.weisj.jsvg.parser.resources.ResourcePolicy;
import com.github.weisj.jsvg.view.FloatSize;
import com.github.weisj.jsvg.view.ViewBox;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;

/** SVG drawings as pictures with alpha. Nothing outside the file is ever loaded. */
public final class SvgFiles {
  /** The longest side that is rendered. */
  public static final int MAX_SIDE = 8192;

  /** The renderer logs what it also throws, with stack traces on the terminal. */
  private static final Logger RENDERER = Logger.getLogger("com.github.weisj.jsvg");

  static {
    RENDERER.setLevel(Level.OFF);
  }

  private SvgFiles() {}

  /** Renders a file; see {@link #render(byte[], String, int)}. */
  public static BufferedImage render(Path file, int size) throws IOException {
    return render(Files.readAllBytes(file), file.toString(), size);
  }

  /**
   * Renders a drawing at its own aspect ratio.
   *
   * @param name stands for the drawing in error messages
   * @param size longer side of the result in pixels
   * @return TYPE_INT_ARGB, alpha not premultiplied, transparent where nothing is drawn
   * @throws IllegalArgumentException if the bytes are no SVG drawing
   */
  public static BufferedImage render(byte[] bytes, String name, int size) {
    if (size < 1 || size > MAX_SIDE) {
      throw new IllegalArgumentException(
          name + ": cannot render at " + size + " pixels; allowed: 1 to " + MAX_SIDE);
    }
    SVGDocument drawing = load(bytes, name);
    FloatSize own = drawing.size();
    double longer = Math.max(own.width, own.height);
    if (!(own.width > 0 && own.height > 0) || Double.isInfinite(longer)) {
      throw new IllegalArgumentException(
          name + ": this SVG has a size of " + own.width + " x " + own.height + "; it must be > 0");
    }
    int w = Math.max((int) Math.round(size * own.width / longer), 1);
    int h = Math.max((int) Math.round(size * own.height / longer), 1);
    BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_INT_ARGB);
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    try {
      drawing.render(null, g, new ViewBox(w, h));
    } finally {
      g.dispose();
    }
    return image;
  }

  private static SVGDocument load(byte[] bytes, String name) {
    LoaderContext closed =
        LoaderContext.builder().externalResourcePolicy(ResourcePolicy.DENY_EXTERNAL).build();
    SVGDocument drawing;
    try {
      drawing = new SVGLoader().load(new ByteArrayInputStream(bytes), null, closed);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(name + ": this is no valid SVG drawing", e);
    }
    if (drawing == null) {
      throw new IllegalArgumentException(name + ": this is no valid SVG drawing");
    }
    return drawing;
  }
}
