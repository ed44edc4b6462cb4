package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.model.RandomWeights;
import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LocalStartTest {
  private static final ClipVision.Config CONFIG =
      new ClipVision.Config(64, 8, 192, 256, 6, 6, 1e-5); // a grid of 8 x 8
  private static final String LAYERS = "vis_encoder.vision_model.encoder.layers.";

  @BeforeAll
  static void load() {
    Native.load();
  }

  private static LocalStart source() {
    return new LocalStart(RandomWeights.of(1), CONFIG, 7);
  }

  /** Where a head of a layer looks from a patch, by place alone: {dx, dy}. */
  private static String looks(LocalStart source, int layer, int head) {
    int d = CONFIG.hidden();
    int size = d / CONFIG.heads();
    int g = CONFIG.grid();
    try (var scope = TensorScope.open()) {
      String attention = LAYERS + layer + ".self_attn.";
      Tensor place =
          source
              .get("vis_encoder.vision_model.embeddings.position_embedding.weight", g * g + 1, d)
              .narrow(0, 1, g * g);
      Tensor q = place.matmul(source.get(attention + "q_proj.weight", d, d).t());
      Tensor k = place.matmul(source.get(attention + "k_proj.weight", d, d).t());
      Tensor scores =
          q.narrow(1, head * size, size).matmul(k.narrow(1, head * size, size).t()); // (g^2, g^2)
      float[] s = Tensors.floats(scores);
      Set<String> offsets = new TreeSet<>();
      for (int cell : new int[] {3 * g + 3, 4 * g + 3, 3 * g + 4}) { // far from the border
        int best = 0;
        for (int i = 0; i < g * g; i++) {
          best = s[cell * g * g + i] > s[cell * g * g + best] ? i : best;
        }
        offsets.add((best % g - cell % g) + "," + (best / g - cell / g));
      }
      assertThat(offsets).as("layer %d, head %d", layer, head).hasSize(1);
      return offsets.iterator().next();
    }
  }

  @Test
  void headsOfLowerLayersLookAtNeighbours() {
    LocalStart source = source();
    Set<String> seen = new TreeSet<>();
    for (int head = 0; head < CONFIG.heads(); head++) {
      seen.add(looks(source, 0, head));
      seen.add(looks(source, 1, head));
    }
    assertThat(seen)
        .containsExactlyInAnyOrder("-1,0", "1,0", "0,-1", "0,1", "-1,-1", "1,1", "-1,1", "1,-1");
    assertThat(looks(source, 2, 0)).contains("2"); // the third layer looks two patches far
  }

  @Test
  void layersLeaveThePlaceAlone() {
    int d = CONFIG.hidden();
    try (var scope = TensorScope.open()) {
      Tensor out = source().get(LAYERS + "0.self_attn.out_proj.weight", d, d);
      float[] rows = Tensors.floats(out.narrow(0, d - LocalStart.PLACE, LocalStart.PLACE));
      assertThat(rows).containsOnly(0);
      assertThat(Tensors.floats(out.narrow(0, 0, 1))).doesNotContain(0);
    }
  }

  @Test
  void otherTensorsComeFromTheSourceBehind() {
    try (var scope = TensorScope.open()) {
      float[] own = Tensors.floats(source().get("llm.lm_head.weight", 3, 4));
      float[] behind = Tensors.floats(RandomWeights.of(1).get("llm.lm_head.weight", 3, 4));
      assertThat(own).isEqualTo(behind);
    }
  }

  @Test
  void headsMustHoldAPlace() {
    ClipVision.Config small = new ClipVision.Config(64, 8, 64, 128, 2, 4, 1e-5);
    assertThatThrownBy(() -> new LocalStart(RandomWeights.of(1), small, 7))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 32 channels");
  }
}
