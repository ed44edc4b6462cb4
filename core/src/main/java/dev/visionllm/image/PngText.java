package dev.visionllm.image;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * The text chunks of PNG files (PNG specification, 11.3.4): tEXt for Latin-1, iTXt for everything
 * else; both uncompressed when written, compressed ones are skipped when read.
 */
public final class PngText {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final int HEADER_END = 8 + 25; // signature, then IHDR with its 13 bytes
  private static final int FRAME = 12; // length, type and checksum around a chunk's data

  private PngText() {}

  /**
   * A PNG with text chunks after its header.
   *
   * @param texts by keyword
   * @throws IllegalArgumentException if a keyword is not 1 to 79 printable Latin-1 characters with
   *     single spaces inside, or if the bytes are no PNG
   */
  public static byte[] add(byte[] png, Map<String, String> texts) {
    if (!isPng(png) || png.length < HEADER_END) {
      throw new IllegalArgumentException("texts can only be added to a PNG");
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(png.length + 1024);
    DataOutputStream out = new DataOutputStream(bytes);
    try {
      out.write(png, 0, HEADER_END);
      for (Map.Entry<String, String> e : texts.entrySet()) {
        check(e.getKey());
        boolean latin = isLatin(e.getValue());
        chunk(out, latin ? "tEXt" : "iTXt", latin ? latin(e) : unicode(e));
      }
      out.write(png, HEADER_END, png.length - HEADER_END);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    return bytes.toByteArray();
  }

  /** The texts of a PNG by keyword, in the file's order; damaged chunks are left out. */
  public static Map<String, String> read(byte[] png) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (!isPng(png)) {
      return texts;
    }
    ByteBuffer in = ByteBuffer.wrap(png).position(SIGNATURE.length);
    while (in.remaining() >= FRAME) {
      int length = in.getInt();
      if (length < 0 || length > in.remaining() - 8) {
        break;
      }
      byte[] typed = new byte[4 + length];
      in.get(typed);
      CRC32 crc = new CRC32();
      crc.update(typed);
      boolean whole = in.getInt() == (int) crc.getValue();
      String type = new String(typed, 0, 4, StandardCharsets.ISO_8859_1);
      byte[] data = Arrays.copyOfRange(typed, 4, typed.length);
      int keyword = zero(data, 0);
      if (whole && keyword > 0 && type.equals("tEXt")) {
        texts.put(string(data, 0, keyword), string(data, keyword + 1, data.length));
      } else if (whole && keyword > 0 && type.equals("iTXt")) {
        int language = zero(data, keyword + 3);
        int translated = language < 0 ? -1 : zero(data, language + 1);
        if (translated > 0 && data[keyword + 1] == 0) {
          int from = translated + 1;
          String text = new String(data, from, data.length - from, StandardCharsets.UTF_8);
          texts.put(string(data, 0, keyword), text);
        }
      }
    }
    return texts;
  }

  private static boolean isPng(byte[] bytes) {
    return Arrays.equals(SIGNATURE, Arrays.copyOf(bytes, SIGNATURE.length));
  }

  private static void check(String keyword) {
    boolean fits =
        !keyword.isEmpty()
            && keyword.length() <= 79
            && keyword.chars().allMatch(c -> c >= ' ' && c <= '~' || c >= 0xa1 && c <= 0xff)
            && keyword.strip().equals(keyword)
            && !keyword.contains("  ");
    if (!fits) {
      throw new IllegalArgumentException(
          "PNG keyword \""
              + keyword
              + "\" should be 1 to 79 printable Latin-1 characters without spaces at its ends");
    }
  }

  /** What tEXt can hold: Latin-1 without control characters other than line feeds. */
  private static boolean isLatin(String text) {
    return text.chars().allMatch(c -> c == '\n' || c >= ' ' && c <= '~' || c >= 0xa0 && c <= 0xff);
  }

  private static byte[] latin(Map.Entry<String, String> e) {
    return (e.getKey() + '\0' + e.getValue()).getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Keyword, not compressed, no language, no translated keyword, UTF-8. */
  private static byte[] unicode(Map.Entry<String, String> e) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(e.getKey().getBytes(StandardCharsets.ISO_8859_1));
    out.write(new byte[] {0, 0, 0, 0, 0});
    out.write(e.getValue().getBytes(StandardCharsets.UTF_8));
    return out.toByteArray();
  }

  private static void chunk(DataOutputStream out, String type, byte[] data) throws IOException {
    byte[] name = type.getBytes(StandardCharsets.ISO_8859_1);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    out.writeInt(data.length);
    out.write(name);
    out.write(data);
    out.writeInt((int) crc.getValue());
  }

  /** Index of the first zero byte at or after from, or -1. */
  private static int zero(byte[] data, int from) {
    for (int i = from; i < data.length; i++) {
      if (data[i] == 0) {
        return i;
      }
    }
    return -1;
  }

  private static String string(byte[] data, int from, int to) {
    return new String(data, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
