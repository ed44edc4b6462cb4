package dev.visionllm.data;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * PNG of 8-bit RGB or gray, one filter, lightest compression: several times faster than ImageIO,
 * which tries every filter.
 */
final class FastPng {
  private static final int UP = 2; // PNG specification, 9.2: each byte minus the one above
  private static final int GRAY = 0; // colour types, 11.2.1
  private static final int RGB = 2;

  private FastPng() {}

  /**
   * Colour.
   *
   * @param rgb width * height pixels 0xRRGGBB, row-major
   */
  static byte[] encode(int width, int height, int[] rgb) throws IOException {
    byte[] samples = new byte[3 * rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      samples[3 * i] = (byte) (rgb[i] >> 16);
      samples[3 * i + 1] = (byte) (rgb[i] >> 8);
      samples[3 * i + 2] = (byte) rgb[i];
    }
    return encode(width, height, 3 * width, RGB, samples);
  }

  /**
   * Gray.
   *
   * @param gray width * height values, row-major
   */
  static byte[] encode(int width, int height, byte[] gray) throws IOException {
    return encode(width, height, width, GRAY, gray);
  }

  private static byte[] encode(int width, int height, int stride, int colours, byte[] samples)
      throws IOException {
    byte[] raw = new byte[height * (stride + 1)];
    int at = 0;
    for (int y = 0; y < height; y++) {
      raw[at++] = UP;
      for (int i = y * stride; i < (y + 1) * stride; i++)
        raw[at++] = (byte) (samples[i] - (y == 0 ? 0 : samples[i - stride]));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length / 2);
    DataOutputStream out = new DataOutputStream(bytes);
    out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    DataOutputStream h = new DataOutputStream(header);
    h.writeInt(width);
    h.writeInt(height);
    h.write(new byte[] {8, (byte) colours, 0, 0, 0}); // bits, deflate, filters, not interlaced
    chunk(out, "IHDR", header.toByteArray(), header.size());
    Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    try {
      deflater.setInput(raw);
      deflater.finish();
      byte[] packed = new byte[raw.length + raw.length / 1000 + 64];
      int n = 0;
      while (!deflater.finished()) n += deflater.deflate(packed, n, packed.length - n);
      chunk(out, "IDAT", packed, n);
    } finally {
      deflater.end();
    }
    chunk(out, "IEND", new byte[0], 0);
    return bytes.toByteArray();
  }

  private static void chunk(DataOutputStream out, String type, byte[] data, int n)
      throws IOException {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data, 0, n);
    out.writeInt(n);
    out.write(name);
    out.write(data, 0, n);
    out.writeInt((int) crc.getValue());
  }
}
