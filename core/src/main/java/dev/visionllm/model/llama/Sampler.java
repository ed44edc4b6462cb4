package dev.visionllm.model.llama;

import java.util.SplittableRandom;

/** Chooses tokens as a {@link Sampling} says; its state is the random generator. */
public final class Sampler {
  private final Sampling sampling;
  private final SplittableRandom random;

  Sampler(Sampling sampling) {
    this.sampling = sampling;
    random = new SplittableRandom(sampling.seed());
  }

  /**
   * The next token.
   *
   * @param logits a score per token of the vocabulary; -infinity is never chosen
   * @param seen tokens so far, for the repetition penalty; negative ids are skipped
   * @throws IllegalArgumentException if every token is forbidden or a score is NaN
   */
  public int next(float[] logits, int[] seen) {
    float[] scores = sampling.penalised(logits, seen);
    int best = Sampling.best(scores);
    for (float x : scores) {
      if (Float.isNaN(x)) {
        throw new IllegalArgumentException("the model's scores hold NaN: its weights are damaged");
      }
    }
    if (scores[best] == Float.NEGATIVE_INFINITY) {
      throw new IllegalArgumentException("every token is forbidden, none can be chosen");
    }
    if (sampling.temperature() == 0) {
      return best;
    }
    int n = sampling.topK() == 0 ? scores.length : Math.min(sampling.topK(), scores.length);
    int[] order = Sampling.top(scores, n);
    double[] weight = new double[n]; // relative to the likeliest, which cannot overflow
    double sum = 0;
    for (int i = 0; i < n; i++) {
      weight[i] = Math.exp((scores[order[i]] - scores[best]) / sampling.temperature());
      sum += weight[i];
    }
    double kept = 0;
    int last = 0;
    while (last < n && (last == 0 || kept < sampling.topP() * sum)) {
      kept += weight[last++];
    }
    double at = random.nextDouble() * kept;
    for (int i = 0; i < last; i++) {
      at -= weight[i];
      if (at < 0) {
        return order[i];
      }
    }
    return order[0]; // rounding only
  }
}
