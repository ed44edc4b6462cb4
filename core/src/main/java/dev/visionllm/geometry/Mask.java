package dev.visionllm.geometry;

import java.util.Arrays;

/**
 * Pixels of a picture that are in (true) or out (false), row by row: the pixel in column x and row
 * y is bit y * width + x.
 */
public final class Mask {
  private final int width;
  private final int height;
  private final boolean[] bits;

  /** All pixels out. */
  public Mask(int width, int height) {
    this(width, height, new boolean[size(width, height)]);
  }

  private Mask(int width, int height, boolean[] bits) {
    this.width = width;
    this.height = height;
    this.bits = bits;
  }

  /** A mask of a copy of these bits, row by row. */
  public static Mask of(int width, int height, boolean[] bits) {
    if (bits.length != size(width, height)) {
      throw new IllegalArgumentException(
          "mask of " + width + " x " + height + " pixels cannot have " + bits.length + " bits");
    }
    return new Mask(width, height, bits.clone());
  }

  /** The pixels whose centre lies in the box. */
  public static Mask of(int width, int height, Box box) {
    var mask = new Mask(width, height);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        mask.bits[y * width + x] = box.contains(x + 0.5, y + 0.5);
      }
    }
    return mask;
  }

  /** Columns. */
  public int width() {
    return width;
  }

  /** Rows. */
  public int height() {
    return height;
  }

  /** Whether the pixel in column x and row y is in. */
  public boolean get(int x, int y) {
    return bits[index(x, y)];
  }

  /** Takes the pixel in. */
  public void set(int x, int y) {
    set(x, y, true);
  }

  /** Takes the pixel in or out. */
  public void set(int x, int y, boolean in) {
    bits[index(x, y)] = in;
  }

  /** Number of pixels that are in. */
  public int area() {
    int n = 0;
    for (var bit : bits) {
      n += bit ? 1 : 0;
    }
    return n;
  }

  /** Whether no pixel is in. */
  public boolean isEmpty() {
    return area() == 0;
  }

  /**
   * The smallest box around the pixels that are in; of an empty mask (0, 0, 0, 0), as COCO has it.
   */
  public Box bounds() {
    int left = width, top = height, right = -1, bottom = -1;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        if (bits[y * width + x]) {
          left = Math.min(left, x);
          top = Math.min(top, y);
          right = Math.max(right, x);
          bottom = Math.max(bottom, y);
        }
      }
    }
    return right < 0 ? new Box(0, 0, 0, 0) : new Box(left, top, right + 1, bottom + 1);
  }

  /** A copy of the bits, row by row. */
  public boolean[] bits() {
    return bits.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Mask m && m.width == width && Arrays.equals(m.bits, bits);
  }

  @Override
  public int hashCode() {
    return 31 * width + Arrays.hashCode(bits);
  }

  @Override
  public String toString() {
    return "Mask[" + width + " x " + height + ", " + area() + " pixels]";
  }

  private int index(int x, int y) {
    if (x < 0 || x >= width || y < 0 || y >= height) {
      throw new IllegalArgumentException(
          "pixel (" + x + ", " + y + ") is outside of the mask of " + width + " x " + height);
    }
    return y * width + x;
  }

  private static int size(int width, int height) {
    if (width < 1 || height < 1 || (long) width * height > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "mask of " + width + " x " + height + " pixels: sides must be positive and fit memory");
    }
    return width * height;
  }
}
