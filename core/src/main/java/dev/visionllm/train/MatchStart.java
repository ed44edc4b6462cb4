package dev.visionllm.train;

import dev.visionllm.model.llama.Llama;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * Draws a language model half of whose heads start by looking at tokens like their own: a word of a
 * question finds the patches that the bridge turned into that word, and its own earlier mentions.
 * Such heads have equal queries and keys, in channels that rotary positions hardly turn within a
 * prompt. Training may change all of it. Related to mimetic initialisation (Trockman and Kolter
 * 2023); ours, not the paper's, which starts from Vicuna. Other names are drawn by the source
 * behind.
 */
final class MatchStart implements Params.Source {
  private static final Pattern PROJECTION =
      Pattern.compile("llm\\.model\\.layers\\.(\\d+)\\.self_attn\\.(q|k)_proj\\.weight");
  private static final double FAR = 200; // tokens over which like tokens should meet
  private static final double SLOW = 1.5; // gain of channels that turn less than that
  private static final double FAST = 0.3; // of the others

  private final Params.Source rest;
  private final Llama.Config c;
  private final long seed;

  MatchStart(Params.Source rest, Llama.Config c, long seed) {
    this.rest = rest;
    this.c = c;
    this.seed = seed;
  }

  @Override
  public boolean has(String name) {
    return rest.has(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    Matcher m = PROJECTION.matcher(name);
    if (!m.matches() || c.kvHeads() != c.heads()) {
      return rest.get(name, shape);
    }
    int d = c.hidden();
    int size = d / c.heads();
    float[] w;
    try (Tensor own = rest.get(name, shape)) {
      w = Tensors.floats(own);
    }
    SplittableRandom random = new SplittableRandom(seed + Integer.parseInt(m.group(1)));
    double limit = Math.sqrt(3.0 / d); // queries of normalised states have deviation 1
    for (int row = d / 2; row < d; row++) {
      int pair = row % size % (size / 2);
      double angle = FAR * Math.pow(c.ropeTheta(), -2.0 * pair / size);
      double gain = limit * (angle < 1 ? SLOW : FAST);
      for (int column = 0; column < d; column++) {
        w[row * d + column] = (float) (gain * (2 * random.nextDouble() - 1));
      }
    }
    return Tensors.of(w, shape);
  }
}
