package dev.visionllm.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Conv2dTest {
  @BeforeAll
  static void load() {
    Native.load();
  }

  /** bf16 has 8 bits; a channel of garbage would be apart by as much as it is long. */
  @ParameterizedTest
  @CsvSource({"3,8,4", "320,4,3", "128,3,3", "32,40,3", "1,48,1", "16,20,2", "3,96,4", "4,320,3"})
  void halfPrecisionStaysNearInEveryChannel(int in, int out, int kernel) {
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard()) {
      torch.manual_seed(1);
      Tensor weight = torch.randn(out, in, kernel, kernel);
      Tensor bias = torch.randn(out);
      Tensor x = torch.randn(1, in, 16, 24);
      Tensor exact = conv(weight, bias, in, out, kernel).forward(x);
      Tensor half = conv(half(weight), half(bias), in, out, kernel).forward(half(x));
      assertThat(half.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      Tensor apart = half.to(ScalarType.Float).sub(exact).square().mean(0, 2, 3).sqrt();
      double worst = apart.div(exact.square().mean(0, 2, 3).sqrt()).max().item_double();
      System.out.printf("conv %d -> %d, bf16: max relative diff %.3g%n", in, out, worst);
      assertThat(worst).isLessThan(0.02);
    }
  }

  private static Tensor half(Tensor t) {
    return t.to(ScalarType.BFloat16);
  }

  private static Conv2d conv(Tensor weight, Tensor bias, int in, int out, int kernel) {
    return new Conv2d(
        new Params((name, shape) -> name.equals("weight") ? weight : bias), in, out, kernel, 1, 0);
  }
}
