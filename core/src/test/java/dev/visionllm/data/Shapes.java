package dev.visionllm.data;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Polygon;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** Source folders of coloured shapes under the names of real classes. */
public final class Shapes {
  private Shapes() {}

  /** Seven classes as PNG files, one as SVG, one as a folder of two PNG files. */
  public static Path folder(Path in) throws IOException {
    Path folder = Files.createDirectories(in.resolve("sources"));
    png(folder.resolve("apple.png"), Color.RED, new Ellipse2D.Double(4, 4, 56, 56));
    png(folder.resolve("lemon.png"), Color.YELLOW, new Ellipse2D.Double(4, 18, 56, 30));
    png(folder.resolve("dog.png"), new Color(120, 70, 30), new Rectangle2D.Double(10, 20, 50, 30));
    png(
        folder.resolve("cat.png"),
        Color.GRAY,
        new Polygon(new int[] {5, 60, 30}, new int[] {60, 60, 5}, 3));
    png(
        folder.resolve("frog.png"),
        Color.GREEN,
        new Polygon(new int[] {32, 60, 32, 4}, new int[] {4, 32, 60, 32}, 4));
    png(folder.resolve("car.png"), Color.BLUE, new Rectangle2D.Double(2, 24, 60, 20));
    png(folder.resolve("top_hat.png"), Color.BLACK, new Rectangle2D.Double(20, 2, 20, 60));
    Files.writeString(
        folder.resolve("star.svg"),
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10' width='10' height='10'>"
            + "<path d='M5 0 L6 4 L10 5 L6 6 L5 10 L4 6 L0 5 L4 4 Z' fill='#ff8800'/></svg>");
    Path bus = Files.createDirectories(folder.resolve("bus"));
    png(bus.resolve("one.png"), Color.MAGENTA, new Rectangle2D.Double(2, 10, 60, 40));
    png(bus.resolve("two.png"), Color.WHITE, new Rectangle2D.Double(2, 10, 60, 40));
    return folder;
  }

  public static Scenes scenes(Path in, Scenes.Settings settings, long seed) throws IOException {
    return new Scenes(
        Cutouts.load(List.of(folder(in)), settings.cutoutSide()),
        Backgrounds.DRAWN,
        settings,
        seed);
  }

  static void png(Path file, Color colour, Shape shape) throws IOException {
    BufferedImage b = new BufferedImage(64, 64, BufferedImage.TYPE_INT_ARGB);
    Graphics2D g = b.createGraphics();
    g.setColor(colour);
    g.fill(shape);
    g.dispose();
    File to = file.toFile();
    ImageIO.write(b, "png", to);
  }
}
