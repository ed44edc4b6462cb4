package dev.visionllm.model.clip;

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

class ClipVisionTest {
  private static final ClipVision.Config TINY = new ClipVision.Config(28, 14, 16, 32, 2, 2, 1e-5);

  @Test
  void aBatchEqualsSingleRuns() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      ClipVision clip = new ClipVision(root, TINY);
      Tensor two = RandomWeights.tensor(2, 2, 3, 28, 28);
      Tensor batched = clip.forward(two).get(2);
      for (int i = 0; i < 2; i++) {
        Tensor single = clip.forward(two.narrow(0, i, 1)).get(2);
        Golden.check("clip", "row " + i, single, batched.narrow(0, i, 1), 1e-6);
      }
    }
  }

  @Test
  void bf16IsCloseToFp32() {
    try (var scope = TensorScope.open();
        Params full = new Params(RandomWeights.of(1));
        Params half = new Params(RandomWeights.of(1, ScalarType.BFloat16))) {
      Tensor pixels = RandomWeights.tensor(2, 1, 3, 28, 28);
      List<Tensor> expected = new ClipVision(full, TINY).forward(pixels);
      List<Tensor> actual = new ClipVision(half, TINY).forward(pixels);
      assertThat(actual.get(2).scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      Golden.check("clip", "bf16", expected.get(2), actual.get(2), 0.1);
    }
  }

  @Test
  void gradientsReachEveryParameter() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1).without("post_layernorm.*"))) {
      ClipVision clip = new ClipVision(root, TINY);
      root.taken().values().forEach(t -> t.requires_grad_(true));
      torch.sum(clip.forward(RandomWeights.tensor(2, 1, 3, 28, 28)).get(2).square()).backward();
      root.taken()
          .forEach(
              (name, t) -> {
                assertThat(t.grad().defined()).as(name).isTrue();
                float[] g = Tensors.floats(t.grad());
                assertThat(g).as(name).doesNotContain(Float.NaN);
              });
    }
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> new ClipVision.Config(30, 14, 16, 32, 2, 2, 1e-5))
        .hasMessage("image encoder: size 30 is not a multiple of patch 14");
    assertThatThrownBy(() -> new ClipVision.Config(28, 14, 16, 32, 2, 3, 1e-5))
        .hasMessage("image encoder: hidden 16 is not a multiple of heads 3");
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1).without("post_layernorm.*"))) {
      ClipVision clip = new ClipVision(root, TINY);
      assertThatThrownBy(() -> clip.forward(RandomWeights.tensor(2, 1, 3, 28, 42)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("image encoder: pixels are [1, 3, 28, 42], should be (b, 3, 28, 28)");
      assertThatThrownBy(() -> clip.pooled(RandomWeights.tensor(2, 1, 5, 16)))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
