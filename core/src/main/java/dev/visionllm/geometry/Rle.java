package dev.visionllm.geometry;

import java.util.Arrays;
import java.util.List;

/**
 * A mask as COCO's run-length code: pixels column by column, runs of pixels that are out and in
 * take turns, the first run is of pixels that are out (0 long where the first pixel is in). Every
 * result equals pycocotools' (common/maskApi.c), strings included.
 *
 * @param height rows
 * @param width columns
 * @param counts lengths of the runs, adding up to height * width
 */
public record Rle(int height, int width, int[] counts) {
  private static final double UPSAMPLING = 5;

  /** Keeps a copy of the counts and checks that they fill the picture. */
  public Rle {
    if (height < 1 || width < 1 || (long) height * width > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "run-length mask of height " + height + " and width " + width + " is no picture");
    }
    counts = counts.clone();
    long sum = 0;
    for (var count : counts) {
      if (count < 0) {
        throw new IllegalArgumentException("run-length mask has a run of " + count + " pixels");
      }
      sum += count;
    }
    if (sum != (long) height * width) {
      throw new IllegalArgumentException(
          "run-length mask of height "
              + height
              + " and width "
              + width
              + " needs runs of "
              + (long) height * width
              + " pixels in all, not "
              + sum);
    }
  }

  /** The code of a mask. */
  public static Rle of(Mask mask) {
    int h = mask.height(), w = mask.width();
    var bits = mask.bits();
    var runs = new Runs();
    var in = false;
    int run = 0;
    for (int x = 0; x < w; x++) {
      for (int y = 0; y < h; y++) {
        if (bits[y * w + x] != in) {
          runs.add(run);
          run = 0;
          in = !in;
        }
        run++;
      }
    }
    runs.add(run);
    return new Rle(h, w, runs.toArray());
  }

  /** The mask of this code. */
  public Mask toMask() {
    var bits = new boolean[height * width];
    int i = 0;
    for (int k = 0; k < counts.length; k++) {
      for (int end = i + counts[k]; i < end; i++) {
        bits[i % height * width + i / height] = k % 2 == 1;
      }
    }
    return Mask.of(width, height, bits);
  }

  /** A copy of the lengths of the runs. */
  @Override
  public int[] counts() {
    return counts.clone();
  }

  /** Number of pixels that are in. */
  public int area() {
    int sum = 0;
    for (int k = 1; k < counts.length; k += 2) {
      sum += counts[k];
    }
    return sum;
  }

  /** The smallest box around the pixels that are in; of an empty mask (0, 0, 0, 0). */
  public Box toBox() {
    int left = width, top = height, right = -1, bottom = -1, end = 0;
    for (int k = 0; k < counts.length; k++) {
      int begin = end;
      end += counts[k];
      if (k % 2 == 0 || counts[k] == 0) {
        continue;
      }
      int x0 = begin / height, y0 = begin % height;
      int x1 = (end - 1) / height, y1 = (end - 1) % height;
      left = Math.min(left, x0);
      right = Math.max(right, x1);
      top = x0 < x1 ? 0 : Math.min(top, y0); // a run over two columns touches both edges
      bottom = x0 < x1 ? height - 1 : Math.max(bottom, y1);
    }
    return right < 0 ? new Box(0, 0, 0, 0) : new Box(left, top, right + 1, bottom + 1);
  }

  /**
   * COCO's compressed string: every run from the fourth on as difference to the run two before,
   * written in groups of 5 bits, lowest first, bit 6 saying that more follow, plus 48.
   */
  public String toCocoString() {
    var s = new StringBuilder();
    for (int k = 0; k < counts.length; k++) {
      long x = k > 2 ? (long) counts[k] - counts[k - 2] : counts[k];
      boolean more;
      do {
        int c = (int) (x & 0x1f);
        x >>= 5;
        more = (c & 0x10) != 0 ? x != -1 : x != 0;
        s.append((char) ((more ? c | 0x20 : c) + 48));
      } while (more);
    }
    return s.toString();
  }

  /**
   * Reads COCO's compressed string.
   *
   * @throws IllegalArgumentException where it holds other characters, is cut short or does not fill
   *     the picture
   */
  public static Rle parse(int height, int width, String string) {
    var runs = new Runs();
    for (int p = 0; p < string.length(); ) {
      long x = 0;
      int k = 0;
      boolean more;
      do {
        if (p == string.length() || k > 6) {
          throw new IllegalArgumentException("run-length string is cut short or damaged at " + p);
        }
        int c = string.charAt(p) - 48;
        if (c < 0 || c > 63) {
          throw new IllegalArgumentException(
              "run-length string has the character '" + string.charAt(p) + "' at " + p);
        }
        x |= (long) (c & 0x1f) << 5 * k;
        more = (c & 0x20) != 0;
        p++;
        k++;
        if (!more && (c & 0x10) != 0) {
          x |= -1L << 5 * k;
        }
      } while (more);
      if (runs.size > 2) {
        x += runs.values[runs.size - 2];
      }
      if (x < 0 || x > Integer.MAX_VALUE) {
        throw new IllegalArgumentException("run-length string has a run of " + x + " pixels");
      }
      runs.add((int) x);
    }
    return new Rle(height, width, runs.toArray());
  }

  /**
   * The union of polygons, each x0, y0, x1, y1, ... in pixels, as pycocotools draws them: outlines
   * are walked on a grid five times finer, a pixel is in where its centre is inside.
   */
  public static Rle fromPolygons(List<double[]> polygons, int height, int width) {
    if (polygons.isEmpty()) {
      throw new IllegalArgumentException("a mask needs at least one polygon");
    }
    return union(polygons.stream().map(p -> fromPolygon(p, height, width)).toList());
  }

  /** One polygon; see {@link #fromPolygons}. */
  public static Rle fromPolygon(double[] xy, int height, int width) {
    if (xy.length < 6 || xy.length % 2 != 0) {
      throw new IllegalArgumentException(
          "a polygon has at least three points of x and y, not " + xy.length + " numbers");
    }
    for (var v : xy) {
      if (!(Math.abs(v) < 1e7)) {
        throw new IllegalArgumentException("polygon has the coordinate " + v);
      }
    }
    int n = xy.length / 2;
    var x = new int[n + 1];
    var y = new int[n + 1];
    for (int j = 0; j < n; j++) {
      x[j] = (int) (UPSAMPLING * xy[2 * j] + .5);
      y[j] = (int) (UPSAMPLING * xy[2 * j + 1] + .5);
    }
    x[n] = x[0];
    y[n] = y[0];
    var ends = new Runs(); // offsets, column by column, where the inside starts or stops
    int u0 = 0, v0 = 0;
    for (int j = 0; j < n; j++) {
      int xs = x[j], xe = x[j + 1], ys = y[j], ye = y[j + 1];
      int dx = Math.abs(xe - xs), dy = Math.abs(ye - ys);
      var steep = dx < dy;
      var flip = steep ? ys > ye : xs > xe; // walk from the lower end, so that both ways agree
      if (flip) {
        xs = x[j + 1];
        xe = x[j];
        ys = y[j + 1];
        ye = y[j];
      }
      double slope = steep ? (double) (xe - xs) / dy : dx == 0 ? 0 : (double) (ye - ys) / dx;
      int steps = Math.max(dx, dy);
      for (int d = 0; d <= steps; d++) {
        int t = flip ? steps - d : d;
        int u = steep ? (int) (xs + slope * t + .5) : t + xs;
        int v = steep ? t + ys : (int) (ys + slope * t + .5);
        if ((j > 0 || d > 0) && u != u0) {
          double column = ((u < u0 ? u : u - 1) + .5) / UPSAMPLING - .5;
          if (column == Math.floor(column) && column >= 0 && column <= width - 1) {
            double row = (Math.min(v, v0) + .5) / UPSAMPLING - .5;
            ends.add((int) column * height + (int) Math.ceil(Math.min(Math.max(row, 0), height)));
          }
        }
        u0 = u;
        v0 = v;
      }
    }
    ends.add(height * width);
    return ofEnds(ends.toArray(), height, width);
  }

  private static Rle ofEnds(int[] ends, int height, int width) {
    Arrays.sort(ends);
    for (int j = ends.length - 1; j > 0; j--) {
      ends[j] -= ends[j - 1];
    }
    var runs = new Runs();
    runs.add(ends[0]);
    for (int j = 1; j < ends.length; ) {
      if (ends[j] > 0) {
        runs.add(ends[j++]);
      } else { // two ends at one place: the runs around them are one
        j++;
        if (j < ends.length) {
          runs.values[runs.size - 1] += ends[j++];
        }
      }
    }
    return new Rle(height, width, runs.toArray());
  }

  /** Pixels that are in at least one of the masks, which have one size. */
  public static Rle union(List<Rle> masks) {
    return merge(masks, false);
  }

  /** Pixels that are in all of the masks, which have one size. */
  public static Rle intersection(List<Rle> masks) {
    return merge(masks, true);
  }

  private static Rle merge(List<Rle> masks, boolean all) {
    if (masks.isEmpty()) {
      throw new IllegalArgumentException("no masks to merge");
    }
    var merged = masks.get(0);
    for (var next : masks.subList(1, masks.size())) {
      merged.checkSize(next);
      var walk = new Walk(merged.counts, next.counts);
      var runs = new Runs();
      var in = false;
      int run = 0;
      do {
        run += walk.step();
        var was = in;
        in = all ? walk.inA && walk.inB : walk.inA || walk.inB;
        if (in != was || !walk.hasNext()) {
          runs.add(run);
          run = 0;
        }
      } while (walk.hasNext());
      merged = new Rle(merged.height, merged.width, runs.toArray());
    }
    return merged;
  }

  /**
   * Pixels in both over pixels in either; against a crowd, over the pixels of this mask.
   *
   * @param truth mask of the same size
   * @param crowd whether the truth stands for a group of objects of which this may be a part
   */
  public double iou(Rle truth, boolean crowd) {
    checkSize(truth);
    var walk = new Walk(counts, truth.counts);
    int shared = 0, union = 0;
    do {
      boolean a = walk.inA, b = walk.inB;
      int n = walk.step();
      union += a || b ? n : 0;
      shared += a && b ? n : 0;
    } while (walk.hasNext());
    return shared == 0 ? 0 : (double) shared / (crowd ? area() : union);
  }

  /** Of every detection with every truth: [detection][truth]. */
  public static double[][] iou(List<Rle> detections, List<Rle> truths, List<Boolean> crowd) {
    if (truths.size() != crowd.size()) {
      throw new IllegalArgumentException(
          truths.size() + " masks need as many crowd flags, not " + crowd.size());
    }
    var out = new double[detections.size()][truths.size()];
    for (int d = 0; d < out.length; d++) {
      for (int t = 0; t < truths.size(); t++) {
        out[d][t] = detections.get(d).iou(truths.get(t), crowd.get(t));
      }
    }
    return out;
  }

  private void checkSize(Rle other) {
    if (other.height != height || other.width != width) {
      throw new IllegalArgumentException(
          "masks of %d x %d and %d x %d pixels cannot be compared: they must be of one picture"
              .formatted(width, height, other.width, other.height));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Rle r
        && r.height == height
        && r.width == width
        && Arrays.equals(r.counts, counts);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * height + width) + Arrays.hashCode(counts);
  }

  @Override
  public String toString() {
    return "Rle[" + width + " x " + height + ", " + toCocoString() + "]";
  }

  /** Two codes of one size side by side, one stretch of unchanging pixels a step. */
  private static final class Walk {
    private final int[] a;
    private final int[] b;
    private int restA;
    private int restB;
    private int nextA = 1;
    private int nextB = 1;
    private boolean inA;
    private boolean inB;

    Walk(int[] a, int[] b) {
      this.a = a;
      this.b = b;
      restA = a[0];
      restB = b[0];
    }

    boolean hasNext() {
      return restA > 0 || restB > 0;
    }

    /** Passes the stretch and returns its length; inA and inB are those of the next one. */
    int step() {
      int n = Math.min(restA, restB);
      restA -= n;
      if (restA == 0 && nextA < a.length) {
        restA = a[nextA++];
        inA = !inA;
      }
      restB -= n;
      if (restB == 0 && nextB < b.length) {
        restB = b[nextB++];
        inB = !inB;
      }
      return n;
    }
  }

  /** A growing array of ints. */
  private static final class Runs {
    private int[] values = new int[16];
    private int size;

    void add(int value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, 2 * size);
      }
      values[size++] = value;
    }

    int[] toArray() {
      return Arrays.copyOf(values, size);
    }
  }
}
