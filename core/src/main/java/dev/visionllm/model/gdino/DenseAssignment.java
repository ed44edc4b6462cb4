package dev.visionllm.model.gdino;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which picture tokens should speak up for which object, many tokens to one object. Ours, not the
 * paper's: one-to-one matching alone teaches a small detector from scratch very slowly, because
 * each object trains a single token; here each trains up to {@link #TOKENS}. A token is chosen by
 * its place and its level only, never by what it predicts, so the targets stand still from the
 * first step on. Related to FCOS (central region, the smaller object wins) and ATSS (a fixed number
 * of tokens for each object).
 */
final class DenseAssignment {
  /** Most tokens an object gets. */
  static final int TOKENS = 9;

  /** A token's centre must lie within the box shrunk to this share of its size. */
  static final double CENTRAL = 0.6;

  /** A token's size may differ from the box's by at most this factor's logarithm to base 2. */
  static final double OCTAVES = 1.5;

  private DenseAssignment() {}

  /**
   * Every object gets the token that fits best, and up to {@link #TOKENS} that lie in its central
   * region on a fitting level; the fit is the distance from the centre in half sizes plus the
   * difference in size between box and token in octaves. Where several objects want a token, the
   * smallest has it.
   *
   * @param anchors (pictures or 1) * n * 4 logits of the tokens' x, y, w, h; infinite = unusable
   * @param targets one per picture
   * @param n tokens of a picture
   * @return per picture and token the object's index, -1 for none
   */
  static int[][] assign(float[] anchors, List<Target> targets, int n) {
    double[] box = new double[anchors.length];
    for (int i = 0; i < box.length; i++) {
      box[i] = 1 / (1 + Math.exp(-anchors[i]));
    }
    int stride = anchors.length == n * 4 ? 0 : n * 4;
    int[][] owners = new int[targets.size()][n];
    for (int b = 0; b < owners.length; b++) {
      Arrays.fill(owners[b], -1);
      Target target = targets.get(b);
      int[] bySize =
          IntStream.range(0, target.size())
              .boxed()
              .sorted(
                  Comparator.comparingDouble(
                      (Integer o) -> -target.boxes()[o][2] * target.boxes()[o][3]))
              .mapToInt(o -> o)
              .toArray();
      for (int o : bySize) {
        claim(box, anchors, stride * b, target.boxes()[o], o, owners[b]);
      }
    }
    return owners;
  }

  private static void claim(
      double[] box, float[] anchors, int base, float[] object, int o, int[] owners) {
    double size = Math.log(Math.max(1e-9, Math.sqrt(object[2] * (double) object[3])));
    double halfWidth = Math.max(1e-9, object[2] / 2);
    double halfHeight = Math.max(1e-9, object[3] / 2);
    double[] scores = new double[TOKENS]; // ascending
    int[] tokens = new int[TOKENS];
    int found = 0;
    int best = -1;
    double bestScore = Double.POSITIVE_INFINITY;
    for (int i = 0; i < owners.length; i++) {
      int at = base + 4 * i;
      if (Float.isInfinite(anchors[at])) {
        continue;
      }
      double offset =
          Math.max(
              Math.abs(box[at] - object[0]) / halfWidth,
              Math.abs(box[at + 1] - object[1]) / halfHeight);
      double octaves = Math.abs(Math.log(box[at + 2]) - size) / Math.log(2);
      double score = offset + octaves;
      if (score < bestScore) {
        bestScore = score;
        best = i;
      }
      if (offset <= CENTRAL
          && octaves <= OCTAVES
          && (found < TOKENS || score < scores[TOKENS - 1])) {
        int k = found < TOKENS ? found++ : TOKENS - 1;
        for (; k > 0 && scores[k - 1] > score; k--) {
          scores[k] = scores[k - 1];
          tokens[k] = tokens[k - 1];
        }
        scores[k] = score;
        tokens[k] = i;
      }
    }
    for (int k = 0; k < found; k++) {
      owners[tokens[k]] = o;
    }
    if (best >= 0) {
      owners[best] = o;
    }
  }
}
