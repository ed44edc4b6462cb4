package dev.visionllm.image;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.util.Arrays;

/**
 * A picture of 8-bit RGB samples, interleaved, rows from the top. A value: nobody writes to the
 * array after construction, so rasters may be shared between threads.
 */
public final class Raster {
  private final int width;
  private final int height;
  private final byte[] rgb;

  /**
   * Takes ownership of the samples, without a copy.
   *
   * @param rgb height x width x 3 samples, never written to again by the caller
   */
  public Raster(int width, int height, byte[] rgb) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "a picture of " + width + " x " + height + " pixels; both sides must be at least 1");
    }
    if (rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          "a picture of "
              + width
              + " x "
              + height
              + " pixels needs "
              + 3L * width * height
              + " samples, not "
              + rgb.length);
    }
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /** A picture of one colour, given as 0xRRGGBB. */
  public static Raster filled(int width, int height, int colour) {
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    for (int i = 0; i < rgb.length; i += 3) {
      rgb[i] = (byte) (colour >> 16);
      rgb[i + 1] = (byte) (colour >> 8);
      rgb[i + 2] = (byte) colour;
    }
    return new Raster(width, height, rgb);
  }

  /** A copy of a Java2D picture; transparent pixels are composed over white. */
  public static Raster of(BufferedImage image) {
    return Pixels.overWhite(image);
  }

  public int width() {
    return width;
  }

  public int height() {
    return height;
  }

  /** The samples themselves, height x width x 3: to be read only. */
  public byte[] rgb() {
    return rgb;
  }

  /** The pixel at column x, row y as 0xRRGGBB. */
  public int pixel(int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= height) {
      throw new IndexOutOfBoundsException(
          "pixel " + x + "," + y + " of a picture of " + width + " x " + height);
    }
    int i = 3 * (y * width + x);
    return (rgb[i] & 255) << 16 | (rgb[i + 1] & 255) << 8 | rgb[i + 2] & 255;
  }

  /** The part whose top left corner is (x, y); it must lie inside the picture. */
  public Raster crop(int x, int y, int w, int h) {
    if (x < 0 || y < 0 || w < 1 || h < 1 || x > width - w || y > height - h) {
      throw new IllegalArgumentException(
          "cannot cut "
              + w
              + " x "
              + h
              + " pixels at "
              + x
              + ","
              + y
              + " out of a picture of "
              + width
              + " x "
              + height);
    }
    byte[] part = new byte[3 * w * h];
    for (int row = 0; row < h; row++) {
      System.arraycopy(rgb, 3 * ((y + row) * width + x), part, 3 * row * w, 3 * w);
    }
    return new Raster(w, h, part);
  }

  /** A copy as an opaque Java2D picture of type TYPE_INT_RGB. */
  public BufferedImage toBufferedImage() {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int[] packed = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
    for (int i = 0, j = 0; i < packed.length; i++, j += 3) {
      packed[i] = (rgb[j] & 255) << 16 | (rgb[j + 1] & 255) << 8 | rgb[j + 2] & 255;
    }
    return image;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Raster that
        && width == that.width
        && height == that.height
        && Arrays.equals(rgb, that.rgb);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * width + height) + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "Raster[" + width + " x " + height + "]";
  }
}
