package dev.visionllm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplingTest {
  private final float[] logits = {
    (float) Math.log(0.1), (float) Math.log(0.5), (float) Math.log(0.15), (float) Math.log(0.25)
  };
  private final int[] none = {};

  private double[] shares(Sampling s, int n) {
    double[] counts = new double[logits.length];
    Sampler sampler = s.sampler();
    IntStream.range(0, n).forEach(i -> counts[sampler.next(logits, none)] += 1.0 / n);
    return counts;
  }

  @Test
  void greedyTakesTheFirstOfTheLikeliest() {
    assertThat(Sampling.GREEDY.sampler().next(new float[] {1, 3, 3}, none)).isEqualTo(1);
  }

  @Test
  void sharesFollowTheProbabilities() {
    double[] s = shares(new Sampling(1, 1, 0, 1, 7), 20_000);
    assertThat(s[0]).isCloseTo(0.1, within(0.02));
    assertThat(s[1]).isCloseTo(0.5, within(0.02));
    assertThat(s[3]).isCloseTo(0.25, within(0.02));
  }

  @Test
  void temperatureSharpens() {
    // squares of the probabilities, rescaled: 0.25 / 0.345
    assertThat(shares(new Sampling(0.5, 1, 0, 1, 7), 20_000)[1]).isCloseTo(0.725, within(0.02));
  }

  @Test
  void topKAndTopPCutTheTail() {
    assertThat(shares(new Sampling(1, 1, 2, 1, 7), 2_000)).contains(0.0, 0.0);
    double[] p = shares(new Sampling(1, 0.7, 0, 1, 7), 2_000);
    assertThat(p[0] + p[2]).isZero();
    assertThat(p[3]).isPositive();
    assertThat(shares(new Sampling(1, 0.01, 0, 1, 7), 200)[1]).isCloseTo(1, within(1e-9));
  }

  @Test
  void aSeedRepeatsItsChoices() {
    Sampling s = new Sampling(1, 0.9, 0, 1, 42);
    Sampler a = s.sampler();
    Sampler b = s.sampler();
    for (int i = 0; i < 100; i++) {
      assertThat(a.next(logits, none)).isEqualTo(b.next(logits, none));
    }
  }

  @Test
  void thePenaltyActsOncePerTokenOnEitherSign() {
    Sampling s = new Sampling(0, 1, 0, 2, 0);
    assertThat(s.penalised(new float[] {4, -4, 1}, new int[] {0, 0, 1, -200}))
        .containsExactly(2, -8, 1);
  }

  @Test
  void helpersAgreeWithTheirDefinition() {
    float[] log = Sampling.logSoftmax(new float[] {1000, 1001, Float.NEGATIVE_INFINITY});
    assertThat(log[1]).isCloseTo((float) -Math.log(1 + Math.exp(-1)), within(1e-6f));
    assertThat(log[2]).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(Sampling.top(logits, 3)).containsExactly(1, 3, 2);
    assertThat(Sampling.top(new float[] {1, 1, 1}, 2)).containsExactly(0, 1);
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> new Sampling(-1, 1, 0, 1, 0))
        .hasMessage("temperature is -1.0, should be from 0 (greedy) to 100");
    assertThatThrownBy(() -> new Sampling(1, 0, 0, 1, 0)).hasMessageStartingWith("top-p");
    assertThatThrownBy(() -> new Sampling(1, 1, -1, 1, 0)).hasMessageStartingWith("top-k");
    assertThatThrownBy(() -> new Sampling(1, 1, 0, 0, 0)).hasMessageStartingWith("repetition");
    float[] forbidden = new float[3];
    Arrays.fill(forbidden, Float.NEGATIVE_INFINITY);
    assertThatThrownBy(() -> Sampling.GREEDY.sampler().next(forbidden, none))
        .hasMessageContaining("every token is forbidden");
    assertThatThrownBy(() -> Sampling.GREEDY.sampler().next(new float[] {1, Float.NaN}, none))
        .hasMessageContaining("NaN");
  }
}
