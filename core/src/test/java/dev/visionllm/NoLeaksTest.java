package dev.visionllm;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NoLeaksTest {
  private final List<Tensor> kept = new ArrayList<>();

  @AfterEach
  void free() {
    kept.forEach(Tensor::close);
  }

  @Test
  void scopedTensorsAreFlat() {
    assertThatCode(
            () ->
                NoLeaks.assertFlat(
                    () -> {
                      Tensor a = Tensors.of(new float[] {1, 2}, 2);
                      TensorScope.of(() -> a.add(a).mul(a));
                    }))
        .doesNotThrowAnyException();
  }

  @Test
  void aKeptTensorIsCaught() {
    assertThatThrownBy(
            () ->
                NoLeaks.assertFlat(
                    () -> kept.add(TensorScope.keep(Tensors.of(new float[] {1, 2}, 2)))))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("native pointers");
  }

  @Test
  void aKeptTensorThatIsClosedIsFlat() {
    assertThatCode(
            () ->
                NoLeaks.assertFlat(
                    () -> TensorScope.keep(Tensors.of(new float[] {1, 2}, 2)).close()))
        .doesNotThrowAnyException();
  }
}
