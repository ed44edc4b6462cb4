package dev.visionllm.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFilesTest {
  private static final String ACCEPTED = "PNG, JPEG, WebP, GIF or BMP";
  private static final int RED = 0xdc281e;
  private static final int GREEN = 0x28c83c;
  private static final int BLUE = 0x283cdc;
  private static final int YELLOW = 0xf0dc28;

  @TempDir Path dir;

  // ---- what is refused

  static Stream<Arguments> refused() throws IOException {
    byte[] png = encode(quadrants(), "png");
    byte[] noise = encode(noise(), "png");
    byte[] jpeg = encode(noise(), "jpeg");
    byte[] gif = encode(noise(), "gif");
    byte[] bmp = encode(noise(), "bmp");
    byte[] webp = resource("quadrants-lossless.webp");
    byte[] endlessJpeg = Arrays.copyOf(jpeg, jpeg.length / 2 + 2);
    endlessJpeg[endlessJpeg.length - 2] = (byte) 0xff;
    endlessJpeg[endlessJpeg.length - 1] = (byte) 0xd9;
    byte[] flipped = noise.clone();
    flipped[flipped.length / 2] ^= 1;
    return Stream.of(
        arguments("empty file", new byte[0], "empty"),
        arguments("text", "hello, this is text".getBytes(UTF_8), "no picture"),
        arguments("zeros", new byte[64], "no picture"),
        arguments("PNG signature alone", Arrays.copyOf(png, 8), "truncated"),
        arguments("PNG cut in its header", Arrays.copyOf(png, 20), "truncated"),
        arguments("PNG cut in the pixels", Arrays.copyOf(noise, noise.length / 2), "truncated"),
        arguments("PNG without IEND", Arrays.copyOf(png, png.length - 12), "truncated"),
        arguments("PNG with a wrong byte", flipped, "damaged"),
        arguments("PNG with too few rows", shortPng(), "damaged"),
        arguments("PNG 60,000 x 60,000", pngHeader(60_000, 60_000), "60000 x 60000"),
        arguments("PNG 2^31 wide", pngHeader(-1, 1), "4294967295 x 1"),
        arguments("PNG of too many pixels", pngHeader(32_000, 32_000), "100 million"),
        arguments("PNG 0 x 0", pngHeader(0, 0), "0 x 0"),
        arguments("PNG 0 high", pngHeader(5, 0), "5 x 0"),
        arguments("JPEG cut in the pixels", Arrays.copyOf(jpeg, jpeg.length / 2), "truncated"),
        arguments("JPEG without its end", Arrays.copyOf(jpeg, jpeg.length - 2), "truncated"),
        arguments("JPEG cut but ended", endlessJpeg, "damaged"),
        arguments("JPEG signature alone", Arrays.copyOf(jpeg, 3), "truncated"),
        arguments("JPEG of nothing", bytes(0xff, 0xd8, 0xff, 0xd9), "no picture"),
        arguments("JPEG 0 high", jpegOfSize(0, 7), "7 x 0"),
        arguments("JPEG 65,000 x 65,000", jpegOfSize(65_000, 65_000), "65000 x 65000"),
        arguments("GIF cut", Arrays.copyOf(gif, gif.length / 2), "GIF"),
        arguments("GIF cut in its header", Arrays.copyOf(gif, 9), "truncated"),
        arguments("GIF 65,535 x 65,535", gifOfSize(65_535, 65_535), "65535 x 65535"),
        arguments("BMP cut", Arrays.copyOf(bmp, bmp.length / 2), "BMP"),
        arguments("WebP cut", Arrays.copyOf(webp, webp.length - 9), "truncated"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void refused(String what, byte[] bytes, String reason) {
    assertThatThrownBy(() -> ImageFiles.read(bytes, "photo.png"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("photo.png: ")
        .hasMessageContaining(reason)
        .message()
        .doesNotContain("\n")
        .containsAnyOf(ACCEPTED, "accepted are 1 to 32768 per side");
  }

  @Test
  void everyCutOfAFileIsRefusedAndNeverCrashes() throws IOException {
    for (String format : new String[] {"png", "jpeg", "bmp"}) {
      byte[] whole = encode(quadrants(), format);
      for (int n = 0; n < whole.length - 1; n += 1 + whole.length / 150) {
        byte[] part = Arrays.copyOf(whole, n);
        assertThatThrownBy(() -> ImageFiles.read(part, "part"))
            .as(format + " cut to " + n + " of " + whole.length)
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void randomDamageNeverEndsInAnotherException() throws IOException {
    Random random = new Random(7);
    byte[][] files = {
      encode(quadrants(), "png"),
      encode(quadrants(), "jpeg"),
      encode(quadrants(), "gif"),
      encode(quadrants(), "bmp"),
      resource("quadrants-lossy.webp"),
      resource("quadrants-lossless.webp")
    };
    for (byte[] file : files) {
      for (int i = 0; i < 200; i++) {
        byte[] broken = file.clone();
        for (int k = 0; k < 3; k++) {
          broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
        }
        try {
          ImageFiles.read(broken, "broken");
        } catch (IllegalArgumentException e) {
          assertThat(e).hasMessageStartingWith("broken: ");
        }
      }
    }
  }

  @Test
  void pathsThatAreNoFiles() {
    assertThatThrownBy(() -> ImageFiles.read(dir)).hasMessageContaining("folder");
    assertThatThrownBy(() -> ImageFiles.read(dir.resolve("missing.png")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("missing.png")
        .hasMessageContaining("no such picture file");
  }

  // ---- what is accepted

  @Test
  void writtenPngReadsBackExactly() throws IOException {
    Raster picture = Raster.of(noise());
    Path file = dir.resolve("noise.png");
    ImageFiles.writePng(picture, file);
    assertThat(ImageFiles.read(file)).isEqualTo(picture);
  }

  @ParameterizedTest
  @ValueSource(strings = {"quadrants-lossless.webp", "quadrants-animated.webp"})
  void webp(String name) throws IOException {
    isQuadrants(ImageFiles.read(resource(name), name), 0);
  }

  @Test
  void lossyWebp() throws IOException {
    isQuadrants(ImageFiles.read(resource("quadrants-lossy.webp"), "lossy"), 12);
  }

  @Test
  void transparentWebpIsComposedOverWhite() throws IOException {
    Raster picture = ImageFiles.read(resource("quadrants-alpha.webp"), "alpha");
    assertThat(picture.pixel(5, 5)).isEqualTo(0xffffff);
    assertThat(picture.pixel(30, 5)).isEqualTo(GREEN);
  }

  @Test
  void cmykJpeg() throws IOException {
    Raster picture = ImageFiles.read(resource("quadrants-cmyk.jpg"), "cmyk");
    assertThat(picture.width()).isEqualTo(48);
    close(picture.pixel(5, 5), RED, 60); // plain inversion and colour profiles differ this much
    close(picture.pixel(40, 28), YELLOW, 60);
  }

  @ParameterizedTest
  @ValueSource(strings = {"quadrants-turned.png", "quadrants-turned.webp"})
  void exifOutsideOfJpeg(String name) throws IOException {
    Raster picture = ImageFiles.read(resource(name), name);
    assertThat(picture.width()).isEqualTo(32);
    assertThat(picture.height()).isEqualTo(48);
    assertThat(picture.pixel(31, 0)).isEqualTo(RED);
    assertThat(picture.pixel(0, 0)).isEqualTo(BLUE);
  }

  @ParameterizedTest(name = "orientation {0}")
  @CsvSource({
    "1, R, G, B, Y", "2, G, R, Y, B", "3, Y, B, G, R", "4, B, Y, R, G",
    "5, R, B, G, Y", "6, B, R, Y, G", "7, Y, G, B, R", "8, G, Y, R, B",
    "0, R, G, B, Y", "9, R, G, B, Y"
  })
  void exifOrientation(int orientation, char nw, char ne, char sw, char se) throws IOException {
    byte[] jpeg = withOrientation(encode(quadrants(), "jpeg"), orientation);
    Raster picture = ImageFiles.read(jpeg, "turned.jpg");
    boolean turned = orientation >= 5 && orientation <= 8;
    assertThat(picture.width()).isEqualTo(turned ? 32 : 48);
    assertThat(picture.height()).isEqualTo(turned ? 48 : 32);
    int w = picture.width();
    int h = picture.height();
    close(picture.pixel(4, 4), colour(nw), 30);
    close(picture.pixel(w - 5, 4), colour(ne), 30);
    close(picture.pixel(4, h - 5), colour(sw), 30);
    close(picture.pixel(w - 5, h - 5), colour(se), 30);
  }

  @Test
  void brokenExifLeavesThePictureAsStored() throws IOException {
    byte[] jpeg = withOrientation(encode(quadrants(), "jpeg"), 6);
    jpeg[14] = 'X'; // byte order mark of the TIFF header
    assertThat(ImageFiles.read(jpeg, "x.jpg").width()).isEqualTo(48);
  }

  @Test
  void grayKeepsItsValues() throws IOException {
    BufferedImage gray = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 256; i++) {
      gray.getRaster().setSample(i % 16, i / 16, 0, i);
    }
    Raster picture = ImageFiles.read(encode(gray, "png"), "gray.png");
    for (int i = 0; i < 256; i++) {
      assertThat(picture.pixel(i % 16, i / 16)).isEqualTo(i * 0x010101);
    }
    BufferedImage flat = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
    flat.getRaster().setSamples(0, 0, 16, 16, 0, filled(256, 100));
    close(ImageFiles.read(encode(flat, "jpeg"), "gray.jpg").pixel(8, 8), 0x646464, 1);
  }

  @Test
  void sixteenBitsKeepTheHighByte() throws IOException {
    BufferedImage gray = new BufferedImage(4, 1, BufferedImage.TYPE_USHORT_GRAY);
    int[] values = {0, 0x12ff, 0x8000, 0xffff};
    gray.getRaster().setSamples(0, 0, 4, 1, 0, values);
    Raster picture = ImageFiles.read(encode(gray, "png"), "deep.png");
    for (int x = 0; x < 4; x++) {
      assertThat(picture.pixel(x, 0)).isEqualTo((values[x] >> 8) * 0x010101);
    }
    byte[] rgb16 =
        png(1, 1, 16, 2, new byte[] {0, 0x12, (byte) 0xff, 0x34, 0x00, (byte) 0xab, (byte) 0x80});
    assertThat(ImageFiles.read(rgb16, "rgb16.png").pixel(0, 0)).isEqualTo(0x1234ab);
  }

  @Test
  void paletteWithTransparency() throws IOException {
    byte[] r = {0, (byte) 200, 10};
    byte[] g = {0, 100, 20};
    byte[] b = {0, 50, 30};
    byte[] a = {(byte) 255, (byte) 255, 0};
    BufferedImage indexed =
        new BufferedImage(
            3, 1, BufferedImage.TYPE_BYTE_INDEXED, new IndexColorModel(8, 3, r, g, b, a));
    indexed.getRaster().setSamples(0, 0, 3, 1, 0, new int[] {0, 1, 2});
    Raster picture = ImageFiles.read(encode(indexed, "png"), "palette.png");
    assertThat(picture.pixel(0, 0)).isZero();
    assertThat(picture.pixel(1, 0)).isEqualTo(0xc86432);
    assertThat(picture.pixel(2, 0)).isEqualTo(0xffffff);
  }

  @Test
  void alphaIsComposedOverWhite() throws IOException {
    byte[] grayAlpha = png(3, 1, 8, 4, new byte[] {0, 0, (byte) 255, 0, 0, 100, (byte) 128});
    Raster gray = ImageFiles.read(grayAlpha, "la.png");
    assertThat(gray.pixel(0, 0)).isZero();
    assertThat(gray.pixel(1, 0)).isEqualTo(0xffffff);
    assertThat(gray.pixel(2, 0)).isEqualTo(177 * 0x010101);
    byte[] rgba = png(2, 1, 8, 6, new byte[] {0, 9, 8, 7, (byte) 255, 9, 8, 7, 0});
    Raster colour = ImageFiles.read(rgba, "rgba.png");
    assertThat(colour.pixel(0, 0)).isEqualTo(0x090807);
    assertThat(colour.pixel(1, 0)).isEqualTo(0xffffff);
  }

  @Test
  void animatedGifGivesItsFirstFrame() throws IOException {
    isQuadrants(ImageFiles.read(animatedGif(), "animated.gif"), 0);
  }

  @Test
  void gifFrameSmallerThanItsScreenLiesOnWhite() throws IOException {
    byte[] gif = gifOfSize(60, 40);
    Raster picture = ImageFiles.read(gif, "screen.gif");
    assertThat(picture.width()).isEqualTo(60);
    assertThat(picture.height()).isEqualTo(40);
    assertThat(picture.pixel(5, 5)).isEqualTo(RED);
    assertThat(picture.pixel(55, 35)).isEqualTo(0xffffff);
  }

  @Test
  void bmp() throws IOException {
    isQuadrants(ImageFiles.read(encode(quadrants(), "bmp"), "x.bmp"), 0);
  }

  // ---- material

  private static void isQuadrants(Raster picture, int tolerance) {
    assertThat(picture.width()).isEqualTo(48);
    assertThat(picture.height()).isEqualTo(32);
    close(picture.pixel(5, 5), RED, tolerance);
    close(picture.pixel(40, 5), GREEN, tolerance);
    close(picture.pixel(5, 28), BLUE, tolerance);
    close(picture.pixel(40, 28), YELLOW, tolerance);
  }

  private static void close(int actual, int expected, int tolerance) {
    for (int shift = 0; shift <= 16; shift += 8) {
      assertThat(actual >> shift & 255)
          .as("%06x against %06x", actual, expected)
          .isCloseTo(expected >> shift & 255, Offset.offset(tolerance));
    }
  }

  private static int colour(char name) {
    return switch (name) {
      case 'R' -> RED;
      case 'G' -> GREEN;
      case 'B' -> BLUE;
      case 'Y' -> YELLOW;
      default -> throw new IllegalArgumentException("colour " + name);
    };
  }

  static BufferedImage quadrants() {
    BufferedImage image = new BufferedImage(48, 32, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    int[] colours = {RED, GREEN, BLUE, YELLOW};
    for (int i = 0; i < 4; i++) {
      g.setColor(new Color(colours[i]));
      g.fillRect(i % 2 * 24, i / 2 * 16, 24, 16);
    }
    g.dispose();
    return image;
  }

  private static BufferedImage noise() {
    BufferedImage image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(3);
    for (int i = 0; i < 1200; i++) {
      image.setRGB(i % 40, i / 40, random.nextInt(1 << 24));
    }
    return image;
  }

  private static int[] filled(int n, int value) {
    int[] values = new int[n];
    Arrays.fill(values, value);
    return values;
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  static byte[] resource(String name) throws IOException {
    try (InputStream in = ImageFilesTest.class.getResourceAsStream("/pictures/" + name)) {
      return in.readAllBytes();
    }
  }

  private static byte[] encode(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).as(format).isTrue();
    return out.toByteArray();
  }

  /** A PNG with these scan lines (each with its filter byte). */
  private static byte[] png(int w, int h, int depth, int type, byte[] lines) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes(0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'));
    ByteBuffer header = ByteBuffer.allocate(13).putInt(w).putInt(h);
    header.put((byte) depth).put((byte) type);
    chunk(out, "IHDR", header.array());
    ByteArrayOutputStream pixels = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflate = new DeflaterOutputStream(pixels)) {
      deflate.write(lines);
    }
    chunk(out, "IDAT", pixels.toByteArray());
    chunk(out, "IEND", new byte[0]);
    return out.toByteArray();
  }

  private static byte[] pngHeader(int w, int h) throws IOException {
    return png(w, h, 8, 2, new byte[] {0, 1, 2, 3});
  }

  /** Whole chunks with right checksums, but rows are missing in the compressed pixels. */
  private static byte[] shortPng() throws IOException {
    return png(20, 20, 8, 0, new byte[21 * 10]);
  }

  private static void chunk(ByteArrayOutputStream out, String type, byte[] data)
      throws IOException {
    CRC32 crc = new CRC32();
    crc.update(type.getBytes(UTF_8));
    crc.update(data);
    out.write(ByteBuffer.allocate(4).putInt(data.length).array());
    out.write(type.getBytes(UTF_8));
    out.write(data);
    out.write(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }

  /** Inserts an APP1 segment with a little-endian TIFF of one tag behind the JPEG's SOI. */
  private static byte[] withOrientation(byte[] jpeg, int orientation) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(jpeg, 0, 2);
    out.write(bytes(0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0));
    out.write(bytes('I', 'I', 42, 0, 8, 0, 0, 0, 1, 0));
    out.write(bytes(0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0));
    out.write(jpeg, 2, jpeg.length - 2);
    return out.toByteArray();
  }

  private static byte[] jpegOfSize(int height, int width) throws IOException {
    byte[] jpeg = encode(quadrants(), "jpeg");
    for (int i = 2; ; i++) {
      if (jpeg[i] == (byte) 0xff && jpeg[i + 1] == (byte) 0xc0) {
        ByteBuffer.wrap(jpeg).putShort(i + 5, (short) height).putShort(i + 7, (short) width);
        return jpeg;
      }
    }
  }

  private static byte[] gifOfSize(int width, int height) throws IOException {
    byte[] gif = encode(quadrants(), "gif");
    gif[6] = (byte) width;
    gif[7] = (byte) (width >> 8);
    gif[8] = (byte) height;
    gif[9] = (byte) (height >> 8);
    return gif;
  }

  private static byte[] animatedGif() throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (var out = ImageIO.createImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.prepareWriteSequence(null);
      BufferedImage black = new BufferedImage(48, 32, BufferedImage.TYPE_INT_RGB);
      for (BufferedImage frame : new BufferedImage[] {quadrants(), black}) {
        IIOMetadata metadata =
            writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(frame), null);
        writer.writeToSequence(new IIOImage(frame, null, metadata), null);
      }
      writer.endWriteSequence();
    }
    writer.dispose();
    return bytes.toByteArray();
  }

  @Test
  void readsFromAPath() throws IOException {
    Path file = dir.resolve("a picture.bmp");
    Files.write(file, encode(quadrants(), "bmp"));
    isQuadrants(ImageFiles.read(file), 0);
  }
}
