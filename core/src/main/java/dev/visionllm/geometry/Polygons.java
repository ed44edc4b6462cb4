package dev.visionllm.geometry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The outlines of a mask, exact to the pixel: rings along the edges between pixels that are in and
 * pixels that are out, so that every corner has whole coordinates, as in {@link Box}.
 *
 * <p>Pixels that share a side belong to one polygon, those that meet only at a corner to two;
 * pixels that are out belong to one hole even where they meet only at a corner. A ring may touch
 * itself at a corner, it never crosses itself. Outer rings run clockwise as seen on the screen,
 * holes the other way. Filling by the even-odd rule gives the mask back ({@link #toMask}).
 *
 * <p>COCO's polygons have no holes and its tools fill the union of all rings: write a mask with
 * holes as {@link Rle} there.
 *
 * @param width of the mask, pixels
 * @param height of the mask, pixels
 * @param parts in the order of their first pixels, row by row
 */
public record Polygons(int width, int height, List<Polygon> parts) {
  /** One connected region. @param holes what is cut out, in the order of their first edges */
  public record Polygon(Ring outer, List<Ring> holes) {
    /** Keeps a copy. */
    public Polygon {
      holes = List.copyOf(holes);
    }

    /** Pixels inside. */
    public long area() {
      return outer.area() + holes.stream().mapToLong(Ring::area).sum();
    }
  }

  /**
   * A closed line; the last corner joins the first.
   *
   * @param xy corners x0, y0, x1, y1, ...; in a traced ring x and y change in turn
   */
  public record Ring(int[] xy) {
    /** Keeps a copy. */
    public Ring {
      if (xy.length < 6 || xy.length % 2 != 0) {
        throw new IllegalArgumentException(
            "a ring has at least three corners of x and y, not " + xy.length + " numbers");
      }
      xy = xy.clone();
    }

    /** A copy of the corners. */
    @Override
    public int[] xy() {
      return xy.clone();
    }

    /** Square pixels; negative for a hole. */
    public long area() {
      long twice = 0;
      for (int i = 0; i < xy.length; i += 2) {
        int j = (i + 2) % xy.length;
        twice += (long) xy[i] * xy[j + 1] - (long) xy[j] * xy[i + 1];
      }
      return twice / 2;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Ring r && Arrays.equals(r.xy, xy);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(xy);
    }

    @Override
    public String toString() {
      return "Ring" + Arrays.toString(xy);
    }
  }

  /** Keeps a copy of the list and checks the size. */
  public Polygons {
    if (width < 1 || height < 1 || (long) width * height > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "outlines of a mask of "
              + width
              + " x "
              + height
              + " pixels: sides must be positive and fit memory");
    }
    parts = List.copyOf(parts);
  }

  /** Traces a mask. */
  public static Polygons of(Mask mask) {
    return new Trace(mask).polygons();
  }

  /** All rings, each part's outer one first. */
  public List<Ring> rings() {
    List<Ring> rings = new ArrayList<>();
    for (Polygon part : parts) {
      rings.add(part.outer);
      rings.addAll(part.holes);
    }
    return rings;
  }

  /** The pixels whose centres lie inside an odd number of rings. */
  public Mask toMask() {
    var bits = new boolean[width * height];
    for (Ring ring : rings()) {
      for (int i = 0; i < ring.xy.length; i += 2) {
        int j = (i + 2) % ring.xy.length;
        cross(bits, ring.xy[i], ring.xy[i + 1], ring.xy[j], ring.xy[j + 1]);
      }
    }
    for (int i = 0; i < bits.length; i++) {
      bits[i] ^= i % width > 0 && bits[i - 1];
    }
    return Mask.of(width, height, bits);
  }

  /** Flips, in every row whose centre line the edge crosses, the first pixel centre beyond it. */
  private void cross(boolean[] bits, int x0, int y0, int x1, int y1) {
    int bottom = Math.min(Math.max(y0, y1), height);
    for (int y = Math.max(0, Math.min(y0, y1)); y < bottom; y++) {
      double x = x0 + (y + 0.5 - y0) * (x1 - x0) / (y1 - y0);
      int column = Math.max(0, (int) Math.ceil(x - 0.5));
      if (column < width) {
        bits[y * width + column] ^= true;
      }
    }
  }

  /**
   * Walks along pixel edges with the inside at the right hand. Every ring has an edge that runs to
   * the right, on top of a pixel that is in: those are its starts, in reading order.
   */
  private static final class Trace {
    private static final int[] DX = {1, 0, -1, 0}; // right, down, left, up
    private static final int[] DY = {0, 1, 0, -1};

    private final int width;
    private final int height;
    private final boolean[] in;
    private final boolean[] walked; // the edge on top of a pixel

    Trace(Mask mask) {
      width = mask.width();
      height = mask.height();
      in = mask.bits();
      walked = new boolean[in.length];
    }

    Polygons polygons() {
      int[] regions = new int[in.length]; // 1, 2, ... of the pixels seen so far
      List<Ring> outer = new ArrayList<>();
      List<List<Ring>> holes = new ArrayList<>();
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int i = y * width + x;
          if (!in[i] || walked[i] || in(x, y - 1)) {
            continue;
          }
          Ring ring = ring(x, y);
          if (regions[i] == 0) { // a region's first pixel lies on its outer ring
            outer.add(ring);
            holes.add(new ArrayList<>());
            flood(i, outer.size(), regions);
          } else {
            holes.get(regions[i] - 1).add(ring);
          }
        }
      }
      List<Polygon> parts = new ArrayList<>();
      for (int k = 0; k < outer.size(); k++) {
        parts.add(new Polygon(outer.get(k), holes.get(k)));
      }
      return new Polygons(width, height, parts);
    }

    private boolean in(int x, int y) {
      return x >= 0 && x < width && y >= 0 && y < height && in[y * width + x];
    }

    /** The ring through the edge on top of a pixel. */
    private Ring ring(int startX, int startY) {
      int[] xy = new int[16];
      int n = 0;
      int x = startX;
      int y = startY;
      int d = 0;
      int before = 3; // the start is a corner: an edge from the left would have been a start before
      do {
        if (d != before) {
          xy = n == xy.length ? Arrays.copyOf(xy, 2 * n) : xy;
          xy[n++] = x;
          xy[n++] = y;
        }
        if (d == 0) {
          walked[y * width + x] = true;
        }
        x += DX[d];
        y += DY[d];
        before = d;
        // the two pixels ahead; turning right first keeps pixels apart that meet at a corner
        int right = (d + 1) % 4;
        if (!ahead(x, y, d, right)) {
          d = right;
        } else if (ahead(x, y, d, (d + 3) % 4)) {
          d = (d + 3) % 4;
        }
      } while (x != startX || y != startY || d != 0);
      return new Ring(Arrays.copyOf(xy, n));
    }

    /** Whether the pixel that touches the corner (x, y) ahead and on that side is in. */
    private boolean ahead(int x, int y, int d, int side) {
      int px = x + (DX[d] + DX[side] - 1) / 2;
      int py = y + (DY[d] + DY[side] - 1) / 2;
      return in(px, py);
    }

    /** Gives a number to all pixels that are connected by sides. */
    private void flood(int start, int number, int[] regions) {
      int[] stack = new int[64];
      int n = 0;
      stack[n++] = start;
      regions[start] = number;
      while (n > 0) {
        int i = stack[--n];
        for (int d = 0; d < 4; d++) {
          int x = i % width + DX[d];
          int y = i / width + DY[d];
          if (in(x, y) && regions[y * width + x] == 0) {
            regions[y * width + x] = number;
            stack = n == stack.length ? Arrays.copyOf(stack, 2 * n) : stack;
            stack[n++] = y * width + x;
          }
        }
      }
    }
  }
}
