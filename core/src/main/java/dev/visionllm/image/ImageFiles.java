package dev.visionllm.image;

import com.drew.lang.ByteArrayReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifDirectoryBase;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import dev.visionllm.io.AtomicFile;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.w3c.dom.Node;

/**
 * Picture files. Reads PNG, JPEG, WebP, GIF (first frame) and BMP: EXIF orientation is applied,
 * alpha is composed over white, CMYK becomes RGB, deeper samples keep their high byte. Sizes are
 * checked before anything is decoded, and incomplete files are refused.
 */
public final class ImageFiles {
  /** The largest number of pixels of a picture that is decoded. */
  public static final long MAX_PIXELS = 100_000_000;

  /** The longest side of a picture that is decoded. */
  public static final int MAX_SIDE = 32_768;

  /** The largest picture file that is read, in bytes. */
  public static final long MAX_BYTES = 512L << 20;

  private ImageFiles() {}

  /**
   * Reads a picture file.
   *
   * @throws IOException if there is no such file or it cannot be read
   * @throws IllegalArgumentException if its content is no acceptable picture
   */
  public static Raster read(Path file) throws IOException {
    return read(bytes(file), file.toString());
  }

  /** The bytes of a picture file that exists and is not too large. */
  static byte[] bytes(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException(file + ": this is a folder; name a picture file");
    }
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "there is no such picture file");
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new IllegalArgumentException(
          file + ": this file has " + Files.size(file) + " bytes; at most " + MAX_BYTES);
    }
    return Files.readAllBytes(file);
  }

  /**
   * Decodes a picture.
   *
   * @param name stands for the picture in error messages
   * @throws IllegalArgumentException if the bytes are no acceptable picture
   */
  public static Raster read(byte[] bytes, String name) {
    try {
      Container container = Container.of(bytes);
      return orient(decode(bytes, container, Pixels::overWhite), orientation(container.exif()));
    } catch (Container.Refused e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  /** Writes an 8-bit RGB PNG. */
  public static void writePng(Raster raster, Path file) throws IOException {
    writePng(raster.toBufferedImage(), file);
  }

  /**
   * Writes an 8-bit RGB PNG that carries texts, such as how it was made.
   *
   * @param texts by keyword, 1 to 79 printable Latin-1 characters each
   */
  public static void writePng(Raster raster, Map<String, String> texts, Path file)
      throws IOException {
    AtomicFile.write(file, PngText.add(png(raster.toBufferedImage()), texts));
  }

  /**
   * The texts that a PNG file carries, by keyword; none of a file that is no PNG.
   *
   * @throws IOException if the file cannot be read
   */
  public static Map<String, String> texts(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IllegalArgumentException(
          file + ": this file has " + Files.size(file) + " bytes; at most " + MAX_BYTES);
    }
    return PngText.read(Files.readAllBytes(file));
  }

  /** Writes a PNG of a Java2D picture, with its alpha channel if it has one. */
  public static void writePng(BufferedImage image, Path file) throws IOException {
    AtomicFile.write(file, png(image));
  }

  /** A picture as the bytes of a PNG file. */
  public static byte[] png(BufferedImage image) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (var out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image, "png", out)) {
        throw new IllegalStateException("this JDK writes no PNG");
      }
    }
    return bytes.toByteArray();
  }

  /**
   * Decodes a picture as it is stored.
   *
   * @param as what is made of it; what this throws counts as damage
   */
  static <T> T decode(byte[] bytes, Container container, Function<BufferedImage, T> as)
      throws Container.Refused {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(container.pluginName());
    if (!readers.hasNext()) {
      throw new IllegalStateException(
          "no decoder for " + container.spoken() + " on the class path");
    }
    ImageReader reader = readers.next();
    AtomicReference<String> lost = new AtomicReference<>();
    reader.addIIOReadWarningListener(
        (source, text) -> {
          if (losesData(text)) {
            lost.compareAndSet(null, text);
          }
        });
    boolean gif = container.format() == Container.Format.GIF;
    try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      reader.setInput(in, false, !gif);
      Container.checkSize(reader.getWidth(0), reader.getHeight(0));
      BufferedImage image = reader.read(0);
      if (lost.get() != null) {
        throw damaged(container, lost.get());
      }
      return as.apply(gif ? onScreen(image, reader, container) : image);
    } catch (IOException e) {
      throw damaged(container, e.getMessage());
    } catch (IndexOutOfBoundsException
        | IllegalArgumentException
        | NegativeArraySizeException
        | NullPointerException
        | ClassCastException
        | UnsupportedOperationException e) {
      throw damaged(container, null); // what decoders throw on nonsense that they do not check
    } finally {
      reader.dispose();
    }
  }

  /** Whether a decoder's warning says that it made pixels up. */
  private static boolean losesData(String warning) {
    String text = warning.toLowerCase(Locale.ROOT);
    return text.contains("premature")
        || text.contains("truncated")
        || text.contains("unexpected end");
  }

  private static Container.Refused damaged(Container container, String detail) {
    String reason = detail == null ? "" : " (" + detail.strip().replaceAll("\\s+", " ") + ")";
    return new Container.Refused("the " + container.spoken() + " is damaged" + reason);
  }

  /** A GIF's first frame may cover only a part of the screen; the rest is transparent. */
  private static BufferedImage onScreen(BufferedImage frame, ImageReader reader, Container screen)
      throws IOException {
    int left = 0;
    int top = 0;
    Node root = reader.getImageMetadata(0).getAsTree("javax_imageio_gif_image_1.0");
    for (Node n = root.getFirstChild(); n != null; n = n.getNextSibling()) {
      if (n.getNodeName().equals("ImageDescriptor")) {
        left = Integer.parseInt(n.getAttributes().getNamedItem("imageLeftPosition").getNodeValue());
        top = Integer.parseInt(n.getAttributes().getNamedItem("imageTopPosition").getNodeValue());
      }
    }
    int w = (int) screen.width();
    int h = (int) screen.height();
    if (left == 0 && top == 0 && frame.getWidth() == w && frame.getHeight() == h) {
      return frame;
    }
    BufferedImage whole = new BufferedImage(w, h, BufferedImage.TYPE_INT_ARGB);
    Graphics2D g = whole.createGraphics();
    g.drawImage(frame, left, top, null);
    g.dispose();
    return whole;
  }

  /** EXIF orientation 1 to 8; 1 where there is none or the block cannot be read. */
  private static int orientation(byte[] exif) {
    if (exif.length == 0) {
      return 1;
    }
    Metadata metadata = new Metadata();
    new ExifReader().extract(new ByteArrayReader(exif), metadata);
    var directory = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
    Integer tag =
        directory == null ? null : directory.getInteger(ExifDirectoryBase.TAG_ORIENTATION);
    return tag == null || tag < 1 || tag > 8 ? 1 : tag;
  }

  /** Turns a stored picture upright. */
  private static Raster orient(Raster stored, int orientation) {
    if (orientation == 1) {
      return stored;
    }
    int w = stored.width();
    int h = stored.height();
    boolean turned = orientation >= 5;
    int width = turned ? h : w;
    int height = turned ? w : h;
    byte[] in = stored.rgb();
    byte[] out = new byte[in.length];
    int at = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int sx =
            switch (orientation) {
              case 2, 3 -> w - 1 - x;
              case 4 -> x;
              case 5, 6 -> y;
              case 7, 8 -> w - 1 - y;
              default -> throw new IllegalStateException("orientation " + orientation);
            };
        int sy =
            switch (orientation) {
              case 2 -> y;
              case 3, 4 -> h - 1 - y;
              case 5, 8 -> x;
              case 6, 7 -> h - 1 - x;
              default -> throw new IllegalStateException("orientation " + orientation);
            };
        int i = 3 * (sy * w + sx);
        out[at++] = in[i];
        out[at++] = in[i + 1];
        out[at++] = in[i + 2];
      }
    }
    return new Raster(width, height, out);
  }
}
