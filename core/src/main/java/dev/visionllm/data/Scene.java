package dev.visionllm.data;

import java.util.List;

/**
 * A composed picture and what is in it.
 *
 * @param index its number in the sequence of the generator
 * @param rgb width * height pixels 0xRRGGBB, row-major
 * @param things the objects from back to front
 * @param owner for each pixel the position in {@code things} of the object seen there, or -1: the
 *     visible masks
 */
record Scene(long index, int width, int height, int[] rgb, List<Thing> things, int[] owner) {
  /**
   * One object.
   *
   * @param name class name
   * @param area visible pixels
   * @param visibleFraction visible pixels as a share of the object's own, before it was covered or
   *     cut off
   * @param x0 bounds of the visible mask in pixels: x0 and y0 inside, x1 and y1 just outside
   * @param colour dominant colour, or null if there is none
   */
  record Thing(
      String name,
      int area,
      double visibleFraction,
      int x0,
      int y0,
      int x1,
      int y1,
      Colour colour) {
    double centreX() {
      return (x0 + x1) / 2.0;
    }

    double centreY() {
      return (y0 + y1) / 2.0;
    }
  }

  /** Most objects of a scene. */
  static final int MOST = 100;

  /** The picture's id in annotation files. */
  long id() {
    return index + 1;
  }

  /** The id of an object's annotation, which no other object of any picture has. */
  long annotation(int thing) {
    return index * MOST + thing + 1;
  }

  /** The visible mask of an object, row-major. */
  boolean[] mask(int thing) {
    boolean[] bits = new boolean[owner.length];
    for (int i = 0; i < bits.length; i++) bits[i] = owner[i] == thing;
    return bits;
  }
}
