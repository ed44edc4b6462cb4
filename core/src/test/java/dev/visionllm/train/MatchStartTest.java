package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.model.RandomWeights;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class MatchStartTest {
  private static final int D = 128; // heads of 32 channels, as nano has
  private static final Llama.Config CONFIG =
      new Llama.Config(100, D, 96, 2, 4, 4, 1e-5, 10_000, 512, false);
  private static final String ATTENTION = "llm.model.layers.1.self_attn.";

  @BeforeAll
  static void load() {
    Native.load();
  }

  private static float[] drawn(String name) {
    try (Tensor t = new MatchStart(RandomWeights.of(1), CONFIG, 5).get(ATTENTION + name, D, D)) {
      return Tensors.floats(t);
    }
  }

  @Test
  void halfOfTheHeadsMatchLikeWithLike() {
    float[] q = drawn("q_proj.weight");
    float[] k = drawn("k_proj.weight");
    int half = D * D / 2;
    assertThat(Arrays.copyOfRange(q, half, 2 * half))
        .isEqualTo(Arrays.copyOfRange(k, half, 2 * half));
    assertThat(Arrays.copyOf(q, half)).isNotEqualTo(Arrays.copyOf(k, half));
  }

  @Test
  void otherHeadsAndTensorsComeFromTheSourceBehind() {
    try (var scope = TensorScope.open()) {
      RandomWeights rest = RandomWeights.of(1);
      float[] plain = Tensors.floats(rest.get(ATTENTION + "q_proj.weight", D, D));
      int half = D * D / 2;
      assertThat(Arrays.copyOf(drawn("q_proj.weight"), half)).isEqualTo(Arrays.copyOf(plain, half));
      assertThat(drawn("v_proj.weight"))
          .isEqualTo(Tensors.floats(rest.get(ATTENTION + "v_proj.weight", D, D)));
    }
  }

  /** By queries and keys with their rotary positions, all matching heads together. */
  @Test
  void tokensFindTheirLikeAmongOthers() {
    try (var scope = TensorScope.open()) {
      int t = 120;
      Tensor x = RandomWeights.tensor(3, t, D); // the token behind them repeats one of them
      float[] q = Tensors.floats(x.matmul(Tensors.of(drawn("q_proj.weight"), D, D).t()));
      float[] k = Tensors.floats(x.matmul(Tensors.of(drawn("k_proj.weight"), D, D).t()));
      int found = 0;
      for (int like = 0; like < t; like++) {
        int best = 0;
        for (int i = 0; i < t; i++) {
          best = score(q, like, k, i, t) > score(q, like, k, best, t) ? i : best;
        }
        found += best == like ? 1 : 0;
      }
      System.out.printf("%d of %d tokens look most at their like%n", found, t);
      assertThat(found).isGreaterThan(t / 2);
    }
  }

  private static double score(float[] q, int like, float[] k, int i, int t) {
    int size = D / CONFIG.heads();
    double score = 0;
    for (int head = CONFIG.heads() / 2; head < CONFIG.heads(); head++) {
      for (int p = 0; p < size / 2; p++) {
        double a = (t - i) * Math.pow(CONFIG.ropeTheta(), -2.0 * p / size);
        int from = like * D + head * size + p;
        int to = i * D + head * size + p;
        float q0 = q[from];
        float q1 = q[from + size / 2];
        float k0 = k[to];
        float k1 = k[to + size / 2];
        score += (q0 * k0 + q1 * k1) * Math.cos(a) + (q0 * k1 - q1 * k0) * Math.sin(a);
      }
    }
    return score;
  }
}
