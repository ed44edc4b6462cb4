package dev.visionllm.model.internvit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class InternVitTest {
  private static final InternVit.Config TINY =
      new InternVit.Config(28, 14, 18, 32, 2, 3, 1e-6, false, true);

  @Test
  void aBatchEqualsSingleRuns() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      InternVit encoder = new InternVit(root, TINY);
      Tensor two = RandomWeights.tensor(2, 2, 3, 28, 28);
      Tensor batched = encoder.forward(two).get(2);
      for (int i = 0; i < 2; i++) {
        Tensor single = encoder.forward(two.narrow(0, i, 1)).get(2);
        Golden.check("internvit", "row " + i, single, batched.narrow(0, i, 1), 1e-6);
      }
    }
  }

  @Test
  void branchesWithoutScaleChangeNothing() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      InternVit encoder = new InternVit(root, TINY);
      Tensor pixels = RandomWeights.tensor(2, 1, 3, 28, 28);
      for (String branch : List.of("ls1", "ls2")) {
        root.taken().get("encoder.layers.1." + branch).zero_();
      }
      List<Tensor> levels = encoder.forward(pixels);
      Golden.check("internvit", "layer with ls 0", levels.get(1), levels.get(2), 0);
    }
  }

  /** What the norms of queries and keys do: the projection's scale has no effect on attention. */
  @Test
  void normedQueriesAndKeysHaveNoScale() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1));
        Params plain = new Params(RandomWeights.of(1))) {
      Tensor pixels = RandomWeights.tensor(2, 1, 3, 28, 28);
      InternVit normed = new InternVit(root, TINY);
      InternVit raw =
          new InternVit(plain, new InternVit.Config(28, 14, 18, 32, 2, 3, 1e-6, false, false));
      Tensor before = normed.forward(pixels).get(2);
      Tensor rawBefore = raw.forward(pixels).get(2);
      for (Params p : List.of(root, plain)) {
        Tensor weight = p.taken().get("encoder.layers.0.attn.qkv.weight");
        weight.narrow(0, 0, 2L * TINY.hidden()).mul_(Tensors.of(new float[] {3}, 1));
      }
      Golden.check("internvit", "scaled q and k", before, normed.forward(pixels).get(2), 1e-5);
      double moved = raw.forward(pixels).get(2).sub(rawBefore).abs().max().item_double();
      assertThat(moved).as("without norms the scale shows").isGreaterThan(1e-3);
    }
  }

  @Test
  void aBiasIsTakenWhereTheConfigSaysSo() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      InternVit.Config c = new InternVit.Config(28, 14, 18, 32, 1, 3, 1e-6, true, false);
      InternVit encoder = c.build(root);
      assertThat(root.taken()).containsKey("encoder.layers.0.attn.qkv.bias");
      assertThat(root.taken()).doesNotContainKey("encoder.layers.0.attn.q_norm.weight");
      Tensor last = encoder.forward(RandomWeights.tensor(2, 1, 3, 28, 28)).get(1);
      assertThat(last.shape()).containsExactly(1, c.tokens(), c.hidden());
    }
  }

  @Test
  void bf16IsCloseToFp32() {
    try (var scope = TensorScope.open();
        Params full = new Params(RandomWeights.of(1));
        Params half = new Params(RandomWeights.of(1, ScalarType.BFloat16))) {
      Tensor pixels = RandomWeights.tensor(2, 1, 3, 28, 28);
      List<Tensor> expected = new InternVit(full, TINY).forward(pixels);
      List<Tensor> actual = new InternVit(half, TINY).forward(pixels);
      assertThat(actual.get(2).scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      double off = actual.get(2).to(ScalarType.Float).sub(expected.get(2)).norm().item_double();
      assertThat(off / expected.get(2).norm().item_double()).isLessThan(0.02);
    }
  }

  @Test
  void gradientsReachEveryParameter() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      InternVit encoder = new InternVit(root, TINY);
      root.taken().values().forEach(t -> t.requires_grad_(true));
      torch.sum(encoder.forward(RandomWeights.tensor(2, 1, 3, 28, 28)).get(2).square()).backward();
      root.taken()
          .forEach(
              (name, t) -> {
                assertThat(t.grad().defined()).as(name).isTrue();
                assertThat(Tensors.floats(t.grad())).as(name).doesNotContain(Float.NaN);
              });
    }
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> new InternVit.Config(30, 14, 18, 32, 2, 3, 1e-6, false, true))
        .hasMessage("image encoder: size 30 is not a multiple of patch 14");
    assertThatThrownBy(() -> new InternVit.Config(28, 14, 18, 32, 2, 4, 1e-6, false, true))
        .hasMessage("image encoder: hidden 18 is not a multiple of heads 4");
    assertThatThrownBy(() -> new InternVit.Config(28, 14, 18, 32, 2, 0, 1e-6, false, true))
        .hasMessageContaining("must be positive");
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      InternVit encoder = new InternVit(root, TINY);
      assertThatThrownBy(() -> encoder.forward(RandomWeights.tensor(2, 1, 3, 28, 42)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("image encoder: pixels are [1, 3, 28, 42], should be (b, 3, 28, 28)");
    }
  }
}
