package dev.visionllm.model.region;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class RegionEncoderTest {
  private static final RegionEncoder.Config TINY = new RegionEncoder.Config(16, 8, 12, 8, 40);

  /** Two masks of 16 x 16 pixels: a block of 4 x 5, and nothing. */
  private static Tensor masks() {
    float[] m = new float[2 * 256];
    for (int y = 3; y < 8; y++) {
      Arrays.fill(m, y * 16 + 6, y * 16 + 10, 1);
    }
    return Tensors.of(m, 2, 1, 16, 16);
  }

  @Test
  void anEmptyMaskGivesTheBiasWhereverItStands() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      RegionEncoder encoder = new RegionEncoder(root, TINY);
      Tensor images = RandomWeights.tensor(1, 2, 3, 16, 16);
      List<Tensor> levels = List.of(RandomWeights.tensor(2, 2, 4, 8));
      Tensor forth = encoder.forward(images, masks(), levels, new Random(1));
      Tensor bias = root.taken().get("up_dim.bias");
      Golden.check("region", "empty mask", bias, forth.select(0, 1), 0);
      Tensor back =
          encoder.forward(
              images.flip(0), masks().flip(0), List.of(levels.get(0).flip(0)), new Random(1));
      Golden.check("region", "order of masks", forth.flip(0), back, 1e-6);
    }
  }

  @Test
  void weightsEqualTorchsGridSample() {
    try (var scope = TensorScope.open()) {
      double[] xy = new Random(3).doubles(60, -0.1, 1.1).toArray();
      float[] grid = new float[60];
      for (int i = 0; i < 60; i++) {
        grid[i] = (float) (2 * xy[i] - 1);
      }
      Tensor map = RandomWeights.tensor(4, 1, 3, 5, 5);
      Tensor sampled =
          torch.grid_sampler(map, Tensors.of(grid, 1, 30, 1, 2), 0, 0, false); // (1, 3, 30, 1)
      Tensor w = Tensors.of(Points.weights(new double[][] {xy}, 5), 1, 25, 1);
      Golden.check(
          "region",
          "grid_sample",
          F.mean(sampled, 2).squeeze(),
          torch.matmul(map.flatten(2, 3), w).squeeze(),
          1e-6);
    }
  }

  @Test
  void largeMasksAreSampledWithoutReplacement() {
    boolean[] full = new boolean[256];
    Arrays.fill(full, true);
    double[] a = Points.of(full, 16, 40, new Random(1));
    assertThat(a).isEqualTo(Points.of(full, 16, 40, new Random(1)));
    assertThat(a).isNotEqualTo(Points.of(full, 16, 40, new Random(2)));
    Set<List<Double>> different = new HashSet<>();
    for (int i = 0; i < a.length; i += 2) {
      different.add(List.of(a[i], a[i + 1]));
    }
    assertThat(different).hasSize(40);
    assertThat(Points.of(full, 16, 256, new Random(1))).hasSize(512).contains(15 / 16.0);
  }

  @Test
  void gradientsReachEveryParameterAndTheFeatures() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      RegionEncoder encoder = new RegionEncoder(root, TINY);
      root.taken().values().forEach(t -> t.requires_grad_(true));
      Tensor level = RandomWeights.tensor(2, 2, 4, 8);
      level.requires_grad_(true);
      Tensor images = RandomWeights.tensor(1, 2, 3, 16, 16);
      Tensor out = encoder.forward(images, masks(), List.of(level), new Random(1));
      torch.sum(out.square()).backward();
      root.taken()
          .forEach(
              (name, t) -> {
                assertThat(t.grad().defined()).as(name).isTrue();
                assertThat(Tensors.floats(t.grad())).as(name).doesNotContain(Float.NaN);
              });
      assertThat(Tensors.floats(level.grad())).doesNotContain(Float.NaN);
    }
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> new RegionEncoder.Config(16, 8, 12, 7, 40))
        .hasMessage("region encoder: hidden 16 should be a multiple of 4 and patch 7 even");
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      RegionEncoder encoder = new RegionEncoder(root, TINY);
      Tensor images = RandomWeights.tensor(1, 1, 3, 16, 16);
      List<Tensor> levels = List.of(RandomWeights.tensor(2, 2, 4, 8));
      assertThatThrownBy(() -> encoder.forward(images, masks(), levels, new Random(1)))
          .hasMessage("region encoder: images are [1, 3, 16, 16], should be [2, 3, 16, 16]");
    }
  }
}
