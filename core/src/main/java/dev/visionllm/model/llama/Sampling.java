package dev.visionllm.model.llama;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How the next token is chosen. Applied in this order: repetition penalty, temperature, top-k,
 * top-p.
 *
 * @param temperature 0 takes the likeliest token; above, scores are divided by it
 * @param topP smallest set of tokens whose probabilities add up to this stays; 1 keeps all
 * @param topK so many of the likeliest tokens stay; 0 keeps all
 * @param repetitionPenalty scores of tokens that occurred are divided (positive ones) or multiplied
 *     (negative ones) by this; 1 leaves them
 * @param seed of the random choice
 */
public record Sampling(
    double temperature, double topP, int topK, double repetitionPenalty, long seed) {
  /** Always the likeliest token. */
  public static final Sampling GREEDY = new Sampling(0, 1, 0, 1, 0);

  /** Refuses values without a meaning. */
  public Sampling {
    if (!(temperature >= 0 && temperature <= 100)) {
      throw new IllegalArgumentException(
          "temperature is " + temperature + ", should be from 0 (greedy) to 100");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top-p is " + topP + ", should be above 0 and at most 1");
    }
    if (topK < 0) {
      throw new IllegalArgumentException("top-k is " + topK + ", should be 0 (off) or positive");
    }
    if (!(repetitionPenalty > 0 && repetitionPenalty <= 100)) {
      throw new IllegalArgumentException(
          "repetition penalty is " + repetitionPenalty + ", should be above 0 and at most 100");
    }
  }

  /** A chooser with its own random state, starting at the seed. */
  public Sampler sampler() {
    return new Sampler(this);
  }

  /** Logarithms of the probabilities, computed in double precision; -infinity stays. */
  public static float[] logSoftmax(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float x : logits) {
      max = Math.max(max, x);
    }
    double sum = 0;
    for (float x : logits) {
      sum += Math.exp(x - max);
    }
    double log = max + Math.log(sum);
    float[] out = new float[logits.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (logits[i] - log);
    }
    return out;
  }

  /** Indices of the n highest scores, highest first; of equal scores the lower index first. */
  public static int[] top(float[] scores, int n) {
    if (n == 1) {
      return new int[] {best(scores)};
    }
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(i -> -scores[i]))
        .limit(n)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Scores after the repetition penalty, a copy. @param seen tokens that occurred so far */
  public float[] penalised(float[] logits, int[] seen) {
    float[] out = logits.clone();
    if (repetitionPenalty != 1) {
      for (int id : Arrays.stream(seen).filter(i -> i >= 0).distinct().toArray()) {
        out[id] = (float) (out[id] > 0 ? out[id] / repetitionPenalty : out[id] * repetitionPenalty);
      }
    }
    return out;
  }

  static int best(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }
}
