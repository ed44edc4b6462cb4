package dev.visionllm.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * What a picture file says about itself before any pixel is decoded: its format, its size, whether
 * it is complete, and its EXIF block. Decoders of the JDK repair or ignore much of this silently.
 *
 * @param width pixels, within the limits; 0 for a plain WebP, whose decoder knows
 * @param exif the TIFF structure of the EXIF block, empty if there is none
 */
record Container(Format format, long width, long height, byte[] exif) {
  enum Format {
    PNG,
    JPEG,
    GIF,
    WEBP,
    BMP
  }

  private static final String ACCEPTED = "; pictures are read as PNG, JPEG, WebP, GIF or BMP";

  /** Something is wrong with the bytes; the message says what, without the file's name. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    Refused(String message) {
      super(message + ACCEPTED);
    }

    Refused(long width, long height) {
      super(
          "this picture has "
              + width
              + " x "
              + height
              + " pixels; accepted are 1 to "
              + ImageFiles.MAX_SIDE
              + " per side and at most "
              + ImageFiles.MAX_PIXELS / 1_000_000
              + " million in all");
    }
  }

  private static final byte[] NONE = {};
  private static final byte[] PNG_SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final byte[] EXIF = {'E', 'x', 'i', 'f', 0, 0};

  /** Reads the structure of a file. */
  static Container of(byte[] bytes) throws Refused {
    if (bytes.length == 0) {
      throw new Refused("this file is empty");
    }
    if (starts(bytes, 0, PNG_SIGNATURE)) {
      return png(bytes);
    }
    if (starts(bytes, 0, new byte[] {(byte) 0xff, (byte) 0xd8})) {
      return jpeg(bytes);
    }
    if (ascii(bytes, 0, "GIF87a") || ascii(bytes, 0, "GIF89a")) {
      return gif(bytes);
    }
    if (ascii(bytes, 0, "RIFF") && ascii(bytes, 8, "WEBP")) {
      return webp(bytes);
    }
    if (ascii(bytes, 0, "BM")) {
      return bmp(bytes);
    }
    throw new Refused("this is no picture");
  }

  /** Refuses what is empty or larger than {@link ImageFiles} allows. */
  static void checkSize(long width, long height) throws Refused {
    boolean sides = Math.min(width, height) >= 1 && Math.max(width, height) <= ImageFiles.MAX_SIDE;
    if (!sides || width * height > ImageFiles.MAX_PIXELS) {
      throw new Refused(width, height);
    }
  }

  private static Container png(byte[] bytes) throws Refused {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    long width = 0;
    long height = 0;
    byte[] exif = NONE;
    int at = PNG_SIGNATURE.length;
    while (true) {
      if (at > bytes.length - 12) {
        throw new Refused("the PNG is truncated");
      }
      long length = in.getInt(at) & 0xffffffffL;
      String type = new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1);
      if (at == PNG_SIGNATURE.length) {
        if (!type.equals("IHDR") || length != 13) {
          throw new Refused("the PNG has no valid header");
        }
        if (bytes.length < at + 25) {
          throw new Refused("the PNG is truncated");
        }
        width = in.getInt(at + 8) & 0xffffffffL;
        height = in.getInt(at + 12) & 0xffffffffL;
        checkSize(width, height); // first, whatever the rest of the file looks like
      }
      if (length > bytes.length - 12L - at) {
        throw new Refused("the PNG is truncated");
      }
      int end = at + 8 + (int) length;
      boolean critical = (bytes[at + 4] & 32) == 0;
      if (critical && crc(bytes, at + 4, end) != in.getInt(end)) {
        throw new Refused("the PNG is damaged (checksum of chunk " + type + ")");
      }
      if (type.equals("eXIf")) {
        exif = Arrays.copyOfRange(bytes, at + 8, end);
      }
      if (type.equals("IEND")) {
        return new Container(Format.PNG, width, height, exif);
      }
      at = end + 4;
    }
  }

  private static int crc(byte[] bytes, int from, int to) {
    CRC32 crc = new CRC32();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }

  private static Container jpeg(byte[] bytes) throws Refused {
    long width = 0;
    long height = 0;
    byte[] exif = NONE;
    boolean frame = false;
    boolean scan = false;
    int at = 2;
    while (true) {
      // between segments and inside entropy-coded data alike: forward to the next marker
      while (at < bytes.length - 1 && !marker(bytes, at)) {
        at++;
      }
      if (at >= bytes.length - 1) {
        throw new Refused("the JPEG is truncated");
      }
      int marker = bytes[at + 1] & 255;
      at += 2;
      if (marker == 0xd9) {
        if (!frame || !scan) {
          throw new Refused("the JPEG holds no picture");
        }
        return new Container(Format.JPEG, width, height, exif);
      }
      if (marker == 0x01 || marker >= 0xd0 && marker <= 0xd8) {
        continue;
      }
      if (at > bytes.length - 2) {
        throw new Refused("the JPEG is truncated");
      }
      int length = (bytes[at] & 255) << 8 | bytes[at + 1] & 255;
      if (length < 2 || length > bytes.length - at) {
        throw new Refused("the JPEG is truncated");
      }
      boolean header = marker >= 0xc0 && marker <= 0xcf;
      if (header && marker != 0xc4 && marker != 0xc8 && marker != 0xcc && length >= 8) {
        height = (bytes[at + 3] & 255) << 8 | bytes[at + 4] & 255;
        width = (bytes[at + 5] & 255) << 8 | bytes[at + 6] & 255;
        frame = true;
        checkSize(width, height);
      }
      scan |= marker == 0xda;
      if (marker == 0xe1 && exif.length == 0 && length >= 8 && starts(bytes, at + 2, EXIF)) {
        exif = Arrays.copyOfRange(bytes, at + 8, at + length);
      }
      at += length;
    }
  }

  private static boolean marker(byte[] bytes, int at) {
    return bytes[at] == (byte) 0xff && bytes[at + 1] != 0 && bytes[at + 1] != (byte) 0xff;
  }

  private static Container gif(byte[] bytes) throws Refused {
    if (bytes.length < 13) {
      throw new Refused("the GIF is truncated");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int width = in.getShort(6) & 0xffff;
    int height = in.getShort(8) & 0xffff;
    checkSize(width, height);
    return new Container(Format.GIF, width, height, NONE);
  }

  private static Container webp(byte[] bytes) throws Refused {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < 20 || (in.getInt(4) & 0xffffffffL) + 8 > bytes.length) {
      throw new Refused("the WebP is truncated");
    }
    long width = 0;
    long height = 0;
    byte[] exif = NONE;
    int at = 12;
    while (at <= bytes.length - 8) {
      long length = in.getInt(at + 4) & 0xffffffffL;
      if (length > bytes.length - 8L - at) {
        throw new Refused("the WebP is truncated");
      }
      if (ascii(bytes, at, "VP8X") && length >= 10) {
        width = 1 + (in.getInt(at + 11) >>> 8);
        height = 1 + (in.getInt(at + 14) >>> 8);
        checkSize(width, height);
      }
      if (ascii(bytes, at, "EXIF")) {
        int skip = starts(bytes, at + 8, EXIF) ? 6 : 0; // some writers keep JPEG's prefix
        exif = Arrays.copyOfRange(bytes, at + 8 + skip, at + 8 + (int) length);
      }
      at = (int) Math.min(Integer.MAX_VALUE, at + 8 + length + (length & 1));
    }
    return new Container(Format.WEBP, width, height, exif);
  }

  private static Container bmp(byte[] bytes) throws Refused {
    if (bytes.length < 26) {
      throw new Refused("the BMP is truncated");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    boolean old = in.getInt(14) == 12;
    long width = old ? in.getShort(18) & 0xffff : in.getInt(18);
    long height = old ? in.getShort(20) & 0xffff : Math.abs((long) in.getInt(22));
    checkSize(width, height);
    return new Container(Format.BMP, width, height, NONE);
  }

  private static boolean starts(byte[] bytes, int at, byte[] prefix) {
    return bytes.length - at >= prefix.length
        && Arrays.equals(bytes, at, at + prefix.length, prefix, 0, prefix.length);
  }

  private static boolean ascii(byte[] bytes, int at, String text) {
    return starts(bytes, at, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** The format's name as ImageIO's plugins know it. */
  String pluginName() {
    return switch (format) {
      case PNG -> "png";
      case JPEG -> "jpeg";
      case GIF -> "gif";
      case WEBP -> "webp";
      case BMP -> "bmp";
    };
  }

  /** The format's name for people. */
  String spoken() {
    return format == Format.WEBP ? "WebP" : format.name();
  }
}
