package dev.visionllm.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.model.RandomWeights;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class TextMasksTest {
  @Test
  void everyImageHasItsOwnMasks() {
    try (var scope = TensorScope.open()) {
      Tensor text = RandomWeights.tensor(1, 2, 3, 8);
      boolean[] absent = {false, true, true, false, false, true};
      TextMasks m = TextMasks.of(text, Tensors.of(absent, 2, 3));
      float no = Float.NEGATIVE_INFINITY;
      assertThat(Tensors.floats(m.keys())).containsExactly(0, no, no, 0, 0, no);
      assertThat(Tensors.floats(m.self()))
          .containsExactly(
              0, no, no, no, 0, no, no, no, 0, // padding sees itself only
              0, 0, no, 0, 0, no, no, no, 0);
    }
  }

  @Test
  void withoutPaddingOnlyPlacesRemain() {
    try (var scope = TensorScope.open()) {
      Tensor text = RandomWeights.tensor(1, 2, 3, 8);
      TextMasks none = TextMasks.of(text, null);
      assertThat(none.keys()).isNull();
      assertThat(none.self()).isNull();
      TextMasks all = TextMasks.of(text, Tensors.of(new boolean[6], 2, 3));
      assertThat(Tensors.floats(all.position().select(0, 1)))
          .isEqualTo(Tensors.floats(none.position().select(0, 0)));
    }
  }
}
