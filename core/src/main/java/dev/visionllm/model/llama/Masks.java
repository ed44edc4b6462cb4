package dev.visionllm.model.llama;

import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Attention masks and positions, computed in plain Java. A mask is additive, (b, 1, t, s): 0 where
 * the query may look, {@link #HIDDEN} elsewhere. t queries are the last t of s columns, so the same
 * builders serve whole prompts (t = s) and steps on a cache (t less than s).
 */
public final class Masks {
  /** Finite in fp32 and bf16, so a row that sees nothing gives a mean and not NaN. */
  public static final float HIDDEN = -1e30f;

  private Masks() {}

  private interface Sees {
    boolean test(int row, int query, int key);
  }

  /** Every token sees itself and all before it. @return (1, 1, t, t) */
  public static Tensor causal(int t) {
    return causal(t, t);
  }

  /** The last t of s tokens, none of them padding. @return (1, 1, t, s) */
  public static Tensor causal(int t, int s) {
    return build(1, t, s, (row, query, key) -> key <= query);
  }

  /**
   * Causal, and padding is seen by nobody.
   *
   * @param valid per row, for each of the s columns, whether it holds a token; rows equally long
   * @param t queries, the last t columns
   * @return (b, 1, t, s)
   */
  public static Tensor padded(boolean[][] valid, int t) {
    return build(
        valid.length, t, width(valid), (row, query, key) -> key <= query && valid[row][key]);
  }

  /** Which columns hold tokens when padding follows them. @return b rows of width columns */
  public static boolean[][] right(int[] lengths, int width) {
    boolean[][] valid = new boolean[lengths.length][width];
    for (int i = 0; i < lengths.length; i++) {
      Arrays.fill(valid[i], 0, checked(lengths[i], width), true);
    }
    return valid;
  }

  /** Which columns hold tokens when padding precedes them. @return b rows of width columns */
  public static boolean[][] left(int[] lengths, int width) {
    boolean[][] valid = new boolean[lengths.length][width];
    for (int i = 0; i < lengths.length; i++) {
      Arrays.fill(valid[i], width - checked(lengths[i], width), width, true);
    }
    return valid;
  }

  /** The same columns and n more that all hold tokens: what a cache sees after n decoded ones. */
  public static boolean[][] extend(boolean[][] valid, int n) {
    boolean[][] out = new boolean[valid.length][];
    for (int i = 0; i < valid.length; i++) {
      out[i] = Arrays.copyOf(valid[i], valid[i].length + n);
      Arrays.fill(out[i], valid[i].length, out[i].length, true);
    }
    return out;
  }

  /** from, from + 1, ... in every row. @return int64 (b, t) */
  public static Tensor positions(int b, int from, int t) {
    long[] out = new long[b * t];
    for (int i = 0; i < out.length; i++) {
      out[i] = from + i % t;
    }
    return Tensors.of(out, b, t);
  }

  /**
   * Places counted over the tokens only, so that a padded row has the positions it has alone.
   *
   * @param valid as in {@link #padded}
   * @param t queries, the last t columns
   * @return int64 (b, t); padding takes the place of the token before it, or 0
   */
  public static Tensor positions(boolean[][] valid, int t) {
    int s = width(valid);
    long[] out = new long[valid.length * t];
    for (int i = 0; i < valid.length; i++) {
      long tokens = 0;
      for (int j = 0; j < s; j++) {
        tokens += valid[i][j] ? 1 : 0;
        if (j >= s - t) {
          out[i * t + j - (s - t)] = Math.max(0, tokens - 1);
        }
      }
    }
    return Tensors.of(out, valid.length, t);
  }

  /**
   * Several continuations of one prefix packed in a row: a token sees, of the tokens up to itself,
   * those of segment 0 and of its own segment.
   *
   * @param segments per row and token: 0 the shared prefix, 1, 2, ... the continuations, -1
   *     padding; rows equally long
   * @return (b, 1, t, t)
   */
  public static Tensor segments(int[][] segments) {
    int t = width(segments);
    return build(segments.length, t, t, (row, query, key) -> together(segments[row], query, key));
  }

  /**
   * Places of packed tokens: how many tokens each one sees before itself, which is its position in
   * a run of prefix and continuation alone.
   *
   * @return int64 (b, t)
   */
  public static Tensor segmentPositions(int[][] segments) {
    int t = width(segments);
    long[] out = new long[segments.length * t];
    for (int i = 0; i < segments.length; i++) {
      for (int query = 0; query < t; query++) {
        for (int key = 0; key < query; key++) {
          out[i * t + query] += together(segments[i], query, key) ? 1 : 0;
        }
      }
    }
    return Tensors.of(out, segments.length, t);
  }

  private static boolean together(int[] segment, int query, int key) {
    return key <= query
        && segment[key] >= 0
        && (segment[key] == 0 || segment[key] == segment[query]);
  }

  private static Tensor build(int b, int t, int s, Sees sees) {
    if (t > s) {
      throw new IllegalArgumentException(
          "a mask of " + t + " queries needs as many columns, not " + s);
    }
    float[] out = new float[Math.multiplyExact(Math.multiplyExact(b, t), s)];
    int at = 0;
    for (int row = 0; row < b; row++) {
      for (int query = s - t; query < s; query++) {
        for (int key = 0; key < s; key++) {
          out[at++] = sees.test(row, query, key) ? 0 : HIDDEN;
        }
      }
    }
    return Tensors.of(out, b, 1, t, s);
  }

  private static int width(boolean[][] rows) {
    for (boolean[] row : rows) {
      same(row.length, rows[0].length);
    }
    return rows[0].length;
  }

  private static int width(int[][] rows) {
    for (int[] row : rows) {
      same(row.length, rows[0].length);
    }
    return rows[0].length;
  }

  private static void same(int length, int first) {
    if (length != first) {
      throw new IllegalArgumentException(
          "rows of a batch must be padded to one length, are " + first + " and " + length);
    }
  }

  private static int checked(int length, int width) {
    if (length < 0 || length > width) {
      throw new IllegalArgumentException(
          "a row of " + length + " tokens does not fit " + width + " columns");
    }
    return length;
  }
}
