package dev.visionllm.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Random weights in bf16 that are made as they are written, without holding a tensor in memory: for
 * checkpoints that only have the size of a real one. Deviations are those of {@link Init}; the
 * numbers are normal, drawn from a table of 2^16.
 */
public final class Drawn {
  private static final int TABLE = 1 << 16;
  private static final int CHUNK = 1 << 20; // bytes, a multiple of 8

  private final Init init;
  private final float[] normal = new float[TABLE];

  /**
   * @param seed of all numbers
   */
  public Drawn(long seed) {
    init = new Init(seed);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < TABLE; i++) {
      normal[i] = (float) random.nextGaussian();
    }
  }

  /**
   * A tensor.
   *
   * @param name its name in the file
   * @param source the name that decides its numbers: names that share a tensor give the same one
   */
  public Item item(String name, String source, long... shape) {
    long[] sizes = shape.clone();
    return new Item(name, "BF16", sizes, out -> write(out, source, sizes));
  }

  /** A tensor of given whole numbers. */
  public static Item whole(String name, long[] numbers, long... shape) {
    return new Item(
        name,
        "I64",
        shape,
        out -> {
          byte[] bytes = new byte[8 * numbers.length];
          for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (numbers[i / 8] >> 8 * (i % 8));
          }
          out.write(bytes);
        });
  }

  private void write(OutputStream out, String source, long[] shape) throws IOException {
    long left = Arrays.stream(shape).reduce(2, Math::multiplyExact);
    Init.Fill fill = Init.usual(source, shape);
    byte[] chunk = new byte[(int) Math.min(CHUNK, left + 8)]; // whole steps of four numbers
    short[] table = table(fill, shape);
    SplittableRandom random = init.random(source);
    for (; left > 0; left -= chunk.length) {
      int n = (int) Math.min(chunk.length, left);
      for (int i = 0; i < n; i += 8) {
        long bits = random.nextLong();
        for (int k = 0; k < 8; k += 2) {
          short number = table[(int) (bits >>> 8 * k) & TABLE - 1];
          if (i + k < n) {
            chunk[i + k] = (byte) number;
            chunk[i + k + 1] = (byte) (number >> 8);
          }
        }
      }
      out.write(chunk, 0, n);
    }
  }

  private short[] table(Init.Fill fill, long[] shape) {
    short[] table = new short[TABLE];
    if (fill instanceof Init.Fill.Constant c) {
      Arrays.fill(table, bf16((float) c.value()));
      return table;
    }
    float deviation = (float) Init.deviation(fill, shape);
    for (int i = 0; i < TABLE; i++) {
      table[i] = bf16(deviation * normal[i]);
    }
    return table;
  }

  /** Rounded to nearest, ties to even. */
  static short bf16(float x) {
    int bits = Float.floatToRawIntBits(x);
    return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
  }
}
