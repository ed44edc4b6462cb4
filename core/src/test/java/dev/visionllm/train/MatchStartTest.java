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

  @Test
  void aTokenFindsItsLikeAmongOthersFarAway() {
    try (var scope = TensorScope.open()) {
      int t = 120;
      Tensor x = RandomWeights.tensor(3, t, D);
      Tensor like = x.narrow(0, 10, 1); // the last token repeats the eleventh
      Tensor row = like.matmul(Tensors.of(drawn("q_proj.weight"), D, D).t());
      Tensor keys = x.matmul(Tensors.of(drawn("k_proj.weight"), D, D).t());
      int size = D / CONFIG.heads();
      double[] score = new double[t - 1]; // of the matching heads together
      for (int head = 2; head < CONFIG.heads(); head++) {
        float[] q = Tensors.floats(row.narrow(1, head * size, size));
        float[] k = Tensors.floats(keys.narrow(1, head * size, size));
        for (int i = 0; i < t - 1; i++) {
          for (int p = 0; p < size / 2; p++) { // rotary positions, t - 1 against i
            double a = (t - 1 - i) * Math.pow(CONFIG.ropeTheta(), -2.0 * p / size);
            float q0 = q[p];
            float q1 = q[p + size / 2];
            float k0 = k[i * size + p];
            float k1 = k[i * size + p + size / 2];
            score[i] += (q0 * k0 + q1 * k1) * Math.cos(a) + (q0 * k1 - q1 * k0) * Math.sin(a);
          }
        }
      }
      double most = Arrays.stream(score).max().orElseThrow();
      assertThat(score[10]).isEqualTo(most);
    }
  }
}
