package dev.visionllm.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.model.RandomWeights;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class WindowsTest {
  @Test
  void joiningUndoesSplitting() {
    try (var scope = TensorScope.open()) {
      Tensor x = RandomWeights.tensor(1, 2, 5, 7, 3);
      for (int shift : new int[] {0, 1}) {
        Tensor cut = Windows.split(x, 3, shift);
        assertThat(cut.shape()).containsExactly(2, 6, 9, 3);
        assertThat(Tensors.floats(Windows.join(cut, 5, 7, 3, shift))).isEqualTo(Tensors.floats(x));
      }
    }
  }

  /** A shifted window's tokens see each other if they were neighbours before the shift. */
  @Test
  void shiftMaskKeepsOppositeBordersApart() {
    try (var scope = TensorScope.open()) {
      int size = 6;
      int window = 3;
      float[] places = new float[2 * size * size];
      for (int i = 0; i < size * size; i++) {
        places[2 * i] = i / size;
        places[2 * i + 1] = i % size;
      }
      float[] cut =
          Tensors.floats(Windows.split(Tensors.of(places, 1, size, size, 2), window, window / 2));
      float[] mask = Tensors.floats(Windows.shiftMask(size, size, window));
      int t = window * window;
      int hidden = 0;
      for (int s = 0; s < 4; s++) {
        for (int i = 0; i < t; i++) {
          for (int j = 0; j < t; j++) {
            int a = 2 * (s * t + i);
            int b = 2 * (s * t + j);
            boolean near =
                Math.abs(cut[a] - cut[b]) < window && Math.abs(cut[a + 1] - cut[b + 1]) < window;
            assertThat(mask[(s * t + i) * t + j] == 0).isEqualTo(near);
            hidden += near ? 0 : 1;
          }
        }
      }
      assertThat(hidden).isPositive();
    }
  }

  @Test
  void pairsAreMergedColumnFirst() {
    try (var scope = TensorScope.open()) {
      float[] x = {1, 2, 3, 4, 5, 6};
      assertThat(Tensors.floats(Windows.mergePairs(Tensors.of(x, 1, 2, 3, 1))))
          .containsExactly(1, 4, 2, 5, 3, 6, 0, 0);
    }
  }
}
