package dev.visionllm.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class TensorScopeTest {
  @Test
  void onlyTheResultOutlivesTheTurn() {
    try (var scope = TensorScope.open()) {
      Tensor[] inner = new Tensor[1];
      Tensor result =
          TensorScope.of(
              () -> {
                inner[0] = Tensors.of(new float[] {1, 2}, 2);
                return inner[0].add(inner[0]);
              });
      assertThat(Tensors.floats(result)).containsExactly(2, 4);
      assertThat(inner[0].isNull()).isTrue();
    }
  }

  @Test
  void aKeptTensorOutlivesAllScopesUntilClosed() {
    Tensor kept;
    try (var scope = TensorScope.open()) {
      kept = TensorScope.keep(Tensors.of(new float[] {3}, 1));
    }
    assertThat(Tensors.floats(kept)).containsExactly(3);
    kept.close();
    assertThat(kept.isNull()).isTrue();
  }

  @Test
  void keepingAndClosingLeavesNoPointerBehind() {
    Runnable turn =
        () -> {
          try (var scope = TensorScope.open()) {
            TensorScope.keep(torch.zeros(4)).close();
          }
        };
    turn.run();
    long before = Pointer.totalCount();
    turn.run();
    assertThat(Pointer.totalCount()).isEqualTo(before);
  }

  @Test
  void aChainFreesWhatLiesBetween() {
    try (var scope = TensorScope.open()) {
      List<Tensor> between = new ArrayList<>();
      Tensor x = Tensors.of(new float[] {1, 2}, 2);
      UnaryOperator<Tensor> twice =
          t -> {
            between.add(t);
            return t.add(t);
          };
      Tensor result = TensorScope.chain(x, List.of(twice, twice, twice));
      assertThat(Tensors.floats(result)).containsExactly(8, 16);
      assertThat(between).extracting(t -> t.isNull()).containsExactly(false, true, true);
      assertThat(TensorScope.chain(x, List.of())).isSameAs(x);
    }
  }

  @Test
  void aTurnNeedsAnEnclosingScope() {
    assertThatThrownBy(() -> TensorScope.of(() -> Tensors.of(new float[] {1}, 1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("enclosing scope");
  }
}
