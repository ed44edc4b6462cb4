package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.NoLeaks;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OptimiserTest {
  private PointerScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void twoStepsByHand() {
    Tensor w = weight(1.0f, -2.0f);
    try (AdamW adam = adam(0.1, 0.5, w)) {
      gradient(w, 2, -0.5f);
      adam.step(1);
      // decay 1 - 0.1 * 0.5, then 0.1 * g / |g|: the first step of Adam has the size of the rate
      assertThat(Tensors.floats(w)).containsExactly(new float[] {0.85f, -1.8f}, within(1e-6f));
      adam.zeroGrad();
      assertThat(w.grad().defined()).isFalse();
      gradient(w, 0, -0.5f);
      adam.step(0.5);
      double m = 0.9 * 0.2 / (1 - 0.81);
      double v = 0.999 * 0.004 / (1 - 0.999 * 0.999);
      double first = 0.85 * 0.975 - 0.05 * m / Math.sqrt(v);
      assertThat(Tensors.floats(w))
          .containsExactly(new float[] {(float) first, -1.8f * 0.975f + 0.05f}, within(1e-6f));
    }
  }

  @Test
  void tenStepsAsLibtorchs() {
    Tensor ours = torch.randn(5, 3).set_requires_grad(true);
    Tensor theirs = ours.detach().clone().set_requires_grad(true);
    AdamWOptions options = new AdamWOptions(0.01);
    options.weight_decay().put(0.05);
    var reference = new org.bytedeco.pytorch.AdamW(new TensorVector(theirs), options);
    Tensor x = torch.randn(7, 5);
    try (AdamW adam = adam(0.01, 0.05, ours)) {
      for (int step = 0; step < 10; step++) {
        adam.zeroGrad();
        reference.zero_grad();
        torch.matmul(x, ours).square().mean().backward();
        torch.matmul(x, theirs).square().mean().backward();
        adam.step(1);
        reference.step();
      }
    }
    assertThat(Tensors.floats(ours)).containsExactly(Tensors.floats(theirs), within(1e-6f));
  }

  @Test
  void aResumedRunIsTheSameToTheLastBit() {
    Tensor straight = torch.randn(4, 4).set_requires_grad(true);
    Tensor broken = straight.detach().clone().set_requires_grad(true);
    Tensor idle = weight(1, 1);
    Tensor x = torch.randn(6, 4);
    try (AdamW all = adam(0.01, 0.05, straight)) {
      for (int step = 0; step < 6; step++) {
        turn(all, straight, x);
      }
    }
    Map<String, Tensor> saved = new HashMap<>();
    try (AdamW before = new AdamW(List.of(new AdamW.Group(0.01, 0.05, map(broken, idle))))) {
      for (int step = 0; step < 3; step++) {
        turn(before, broken, x);
      }
      before.state().forEach((name, t) -> saved.put(name, t.clone()));
    }
    assertThat(saved.keySet()).containsExactlyInAnyOrder("0.step", "0.exp_avg", "0.exp_avg_sq");
    try (AdamW after = new AdamW(List.of(new AdamW.Group(0.01, 0.05, map(broken, idle))))) {
      after.load(saved);
      for (int step = 3; step < 6; step++) {
        turn(after, broken, x);
      }
    }
    assertThat(Tensors.floats(broken)).isEqualTo(Tensors.floats(straight));
    assertThat(Tensors.floats(idle)).containsExactly(1, 1);
  }

  @Test
  void refusesAStateOfAnotherRun() {
    try (AdamW adam = adam(0.1, 0, weight(1, 2))) {
      assertThatThrownBy(() -> adam.load(Map.of("other.step", Tensors.of(new long[1], 1))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("other.step");
      assertThatThrownBy(() -> adam.load(Map.of("0.step", Tensors.of(new long[1], 1))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("0.exp_avg is missing");
    }
  }

  @Test
  void sharedTensorsMoveOnceAndGroupsKeepTheirRates() {
    Tensor shared = weight(1, 1);
    Tensor slow = weight(1, 1);
    Map<String, Tensor> names = new TreeMap<>(Map.of("a", shared, "b", shared));
    try (AdamW adam =
        new AdamW(
            List.of(new AdamW.Group(0.1, 0, names), new AdamW.Group(0.01, 0, Map.of("c", slow))))) {
      assertThat(adam.parameters()).hasSize(2);
      gradient(shared, 1, 1);
      gradient(slow, 1, 1);
      adam.step(1);
    }
    assertThat(Tensors.floats(shared)).containsOnly(new float[] {0.9f}, within(1e-6f));
    assertThat(Tensors.floats(slow)).containsOnly(new float[] {0.99f}, within(1e-6f));
    assertThatThrownBy(
            () ->
                new AdamW(
                    List.of(
                        new AdamW.Group(1, 0, Map.of("a", slow)),
                        new AdamW.Group(1, 0, Map.of("b", slow)))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("two groups");
  }

  @Test
  void clipsTheGlobalNorm() {
    Tensor a = weight(0, 0);
    Tensor b = weight(0, 0);
    Tensor none = weight(0, 0);
    gradient(a, 3, 0);
    gradient(b, 0, 4);
    List<Tensor> all = List.of(a, b, none, a);
    assertThat(GradClip.clip(all, 10)).isCloseTo(5, within(1e-6));
    assertThat(Tensors.floats(a.grad())).containsExactly(3, 0);
    assertThat(GradClip.clip(all, 1)).isCloseTo(5, within(1e-6));
    assertThat(Tensors.floats(a.grad())).containsExactly(new float[] {0.6f, 0}, within(1e-5f));
    assertThat(Tensors.floats(b.grad())).containsExactly(new float[] {0, 0.8f}, within(1e-5f));
    assertThat(GradClip.clip(List.of(none), 1)).isZero();
  }

  @Test
  void learningRatesAsHuggingFaces() {
    LearningRate cosine = LearningRate.cosine(1, 4);
    double[] expected = {0, 1, 0.75, 0.25, 0, 0};
    for (int step = 0; step < expected.length; step++) {
      assertThat(cosine.factor(step)).isCloseTo(expected[step], within(1e-12));
    }
    LearningRate constant = LearningRate.constant(4, 10);
    assertThat(constant.factor(1)).isEqualTo(0.25);
    assertThat(constant.factor(9)).isEqualTo(1);
    LearningRate floored = new LearningRate(LearningRate.Shape.COSINE, 0, 10, 0.1);
    assertThat(floored.factor(0)).isEqualTo(1);
    assertThat(floored.factor(10)).isCloseTo(0.1, within(1e-12));
    assertThatThrownBy(() -> LearningRate.cosine(11, 10))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("warm-up 11");
  }

  @Test
  void aStepLeavesNothingBehind() {
    Tensor w = torch.randn(8, 8).set_requires_grad(true);
    Tensor x = torch.randn(8, 8);
    try (AdamW adam = adam(0.01, 0.1, w)) {
      NoLeaks.assertFlat(() -> turn(adam, w, x));
    }
  }

  private static void turn(AdamW adam, Tensor w, Tensor x) {
    adam.zeroGrad();
    torch.matmul(x, w).square().mean().backward();
    GradClip.clip(adam.parameters(), 0.5);
    adam.step(1);
  }

  private static AdamW adam(double rate, double decay, Tensor... parameters) {
    return new AdamW(List.of(new AdamW.Group(rate, decay, map(parameters))));
  }

  private static Map<String, Tensor> map(Tensor... parameters) {
    Map<String, Tensor> named = new TreeMap<>();
    for (int i = 0; i < parameters.length; i++) {
      named.put(Integer.toString(i), parameters[i]);
    }
    return named;
  }

  private static Tensor weight(float... values) {
    Tensor t = Tensors.of(values, values.length);
    t.set_requires_grad(true);
    return t;
  }

  private static void gradient(Tensor w, float... values) {
    w.mul(Tensors.of(values, values.length)).sum().backward();
  }
}
