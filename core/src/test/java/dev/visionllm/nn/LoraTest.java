package dev.visionllm.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.checkpoint.Init;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class LoraTest {
  private static final Lora.Config C = new Lora.Config(List.of("l"), 4, 8, false, 0.5);

  private static Params adapted(ScalarType dtype, Params.Source factors) {
    return new Params(RandomWeights.of(1, dtype)).adapted(C, factors);
  }

  private static Tensor x(ScalarType dtype) {
    return RandomWeights.tensor(3, 5, 12).to(dtype);
  }

  @Test
  void aFreshAdapterChangesNothing() {
    try (var scope = TensorScope.open();
        Params p = adapted(ScalarType.Float, new Init(1));
        Params base = new Params(RandomWeights.of(1))) {
      Tensor x = x(ScalarType.Float);
      Tensor plain = new Linear(base.at("l"), 12, 7).forward(x);
      Linear l = new Linear(p.at("l"), 12, 7);
      assertThat(l.adapted()).isTrue();
      Golden.check("lora", "fresh", plain, l.forward(x), 0);
      Golden.check("lora", "fresh, training", plain, l.forward(x, true), 0);
      float[] a = Tensors.floats(p.taken().get("l.lora_A.weight"));
      double limit = 1 / Math.sqrt(12); // He uniform with a = sqrt 5
      assertThat(a).hasSize(48);
      for (float v : a) {
        assertThat(v).isBetween((float) -limit, (float) limit);
      }
      assertThat(Tensors.floats(p.taken().get("l.lora_A.weight").abs().max())[0])
          .isCloseTo((float) limit, within(0.05f));
    }
  }

  @Test
  void onlyTargetsAreAdapted() {
    try (var scope = TensorScope.open();
        Params p = adapted(ScalarType.Float, new Init(1))) {
      assertThat(new Linear(p.at("other"), 2, 3).adapted()).isFalse();
      assertThat(Linear.noBias(p.at("l"), 2, 3).adapted()).isTrue();
      assertThat(p.taken())
          .containsOnlyKeys(
              "other.weight", "other.bias", "l.weight", "l.lora_A.weight", "l.lora_B.weight");
    }
  }

  @Test
  void addsTheScaledProduct() {
    try (var scope = TensorScope.open();
        Params p = adapted(ScalarType.Float, RandomWeights.of(2))) {
      Linear l = new Linear(p.at("l"), 12, 7);
      Tensor x = x(ScalarType.Float);
      Map<String, Tensor> t = p.taken();
      Tensor product = t.get("l.lora_B.weight").matmul(t.get("l.lora_A.weight"));
      Tensor w = t.get("l.weight").add(F.scale(product, 2));
      Golden.check(
          "lora", "x (W + 2 B A)", torch.linear(x, w, t.get("l.bias")), l.forward(x), 1e-5);
    }
  }

  /** Also where the layer is in a shorter format than its adapter. */
  @Test
  void mergedEqualsUnmergedAndCanBeUndone() {
    for (ScalarType dtype : List.of(ScalarType.Float, ScalarType.BFloat16)) {
      try (var scope = TensorScope.open();
          Params p = adapted(dtype, RandomWeights.of(2))) {
        Linear l = new Linear(p.at("l"), 12, 7);
        Tensor x = x(dtype);
        Tensor before = l.forward(x);
        Tensor w = l.weight().clone();
        float[] b = Tensors.floats(p.taken().get("l.lora_B.weight"));
        double eps = dtype == ScalarType.Float ? 1.2e-7 : 7.9e-3;
        try (MergedLora merged = new MergedLora(p.taken(), C)) {
          Golden.check("lora " + dtype, "merged", before, l.forward(x), 20 * eps);
          assertThat(Tensors.floats(p.taken().get("l.lora_B.weight"))).containsOnly(0);
          assertThat(Tensors.floats(l.weight())).isNotEqualTo(Tensors.floats(w));
        }
        assertThat(Tensors.floats(p.taken().get("l.lora_B.weight"))).isEqualTo(b);
        double most = Tensors.floats(w.abs().max())[0];
        Golden.check("lora " + dtype, "unmerged weight", w, l.weight(), 2 * eps * most);
      }
    }
  }

  @Test
  void aFrozenBaseGetsNoGradient() {
    try (var scope = TensorScope.open();
        Params p = adapted(ScalarType.BFloat16, RandomWeights.of(2))) {
      Linear l = new Linear(p.at("l"), 12, 7);
      p.taken().forEach((name, t) -> t.requires_grad_(name.contains(".lora_")));
      l.forward(x(ScalarType.BFloat16), true).sum().backward();
      p.taken()
          .forEach(
              (name, t) ->
                  assertThat(t.grad().defined()).as(name).isEqualTo(name.contains(".lora_")));
      assertThat(p.taken().get("l.lora_A.weight").grad().scalar_type().intern())
          .isEqualTo(ScalarType.Float);
    }
  }

  @Test
  void dropsInTrainingOnlyAndAsTheGeneratorSays() {
    try (var scope = TensorScope.open();
        Params p = adapted(ScalarType.Float, RandomWeights.of(2))) {
      Linear l = new Linear(p.at("l"), 12, 7);
      Tensor x = x(ScalarType.Float);
      assertThat(Tensors.floats(l.forward(x))).isEqualTo(Tensors.floats(l.forward(x)));
      torch.manual_seed(4);
      float[] once = Tensors.floats(l.forward(x, true));
      assertThat(Tensors.floats(l.forward(x, true))).isNotEqualTo(once);
      torch.manual_seed(4);
      assertThat(Tensors.floats(l.forward(x, true))).isEqualTo(once);
      double sum = 0;
      int runs = 4000;
      for (int i = 0; i < runs; i++) {
        sum += TensorScope.value(() -> Tensors.floats(l.forward(x, true))[0]);
      }
      assertThat(sum / runs).isCloseTo(Tensors.floats(l.forward(x))[0], within(0.05));
    }
  }

  @Test
  void refusesNumbersWithoutAMeaning() {
    assertThatThrownBy(() -> new Lora.Config(List.of(), 0, 1, false, 0))
        .hasMessageContaining("r is 0");
    assertThatThrownBy(() -> new Lora.Config(List.of(), 4, 1, false, 1))
        .hasMessageContaining("lora_dropout 1.0");
    assertThat(new Lora.Config(List.of(), 16, 8, true, 0).scale()).isEqualTo(2);
  }

  @Test
  void mergingLeaksNothing() {
    try (Params p = adapted(ScalarType.Float, RandomWeights.of(2))) {
      TensorScope.value(() -> new Linear(p.at("l"), 12, 7));
      NoLeaks.assertFlat(() -> new MergedLora(p.taken(), C).close());
    }
  }
}
