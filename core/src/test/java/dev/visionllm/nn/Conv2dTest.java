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
  @CsvSource({
    "3,8,4,16",
    "320,4,3,16",
    "128,3,3,16",
    "32,40,3,16",
    "1,48,1,16",
    "16,20,2,16",
    "3,96,4,16",
    "4,320,3,16",
    "512,288,3,8" // the last one has many weights for a small map
  })
  void halfPrecisionStaysNearInEveryChannel(int in, int out, int kernel, int height) {
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard()) {
      torch.manual_seed(1);
      Tensor weight = torch.randn(out, in, kernel, kernel);
      Tensor bias = torch.randn(out);
      Tensor x = torch.randn(2, in, height, 24);
      Tensor exact = conv(weight, bias, in, out, kernel).forward(x);
      Tensor half = conv(half(weight), half(bias), in, out, kernel).forward(half(x));
      assertThat(half.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      Tensor apart = half.to(ScalarType.Float).sub(exact).square().mean(0, 2, 3).sqrt();
      double worst = apart.div(exact.square().mean(0, 2, 3).sqrt()).max().item_double();
      System.out.printf("conv %d -> %d, bf16: max relative diff %.3g%n", in, out, worst);
      assertThat(worst).isLessThan(0.02);
    }
  }

  /**
   * Outputs and gradients in single precision against double precision, which oneDNN leaves alone.
   */
  @ParameterizedTest
  @CsvSource({"3,8,4", "20,16,3", "4,20,3", "32,4,3", "1,1,2", "64,20,1", "3,16,7"})
  void gradientsAreRightInEveryChannel(int in, int out, int kernel) {
    try (var scope = TensorScope.open()) {
      torch.manual_seed(2);
      Tensor weight = torch.randn(out, in, kernel, kernel);
      Tensor bias = torch.randn(out);
      Tensor x = torch.randn(2, in, 16, 16);
      Tensor[] single = step(weight, bias, x, in, out, kernel);
      ScalarType wide = ScalarType.Double;
      Tensor[] exact = step(weight.to(wide), bias.to(wide), x.to(wide), in, out, kernel);
      double worst = 0;
      for (int i = 0; i < exact.length; i++) {
        Tensor apart = single[i].to(wide).sub(exact[i]).abs().max();
        worst = Math.max(worst, apart.div(exact[i].abs().max()).item_double());
      }
      System.out.printf("conv %d -> %d, fp32: max relative diff %.3g%n", in, out, worst);
      assertThat(worst).isLessThan(1e-5);
    }
  }

  /** Output, and the gradients of input, weight and bias. */
  private static Tensor[] step(Tensor weight, Tensor bias, Tensor x, int in, int out, int kernel) {
    Tensor[] leaves = {x.detach(), weight.detach(), bias.detach()};
    for (Tensor leaf : leaves) {
      leaf.requires_grad_(true);
    }
    Tensor y = conv(leaves[1], leaves[2], in, out, kernel).forward(leaves[0]);
    y.square().sum().backward();
    return new Tensor[] {y.detach(), leaves[0].grad(), leaves[1].grad(), leaves[2].grad()};
  }

  private static Tensor half(Tensor t) {
    return t.to(ScalarType.BFloat16);
  }

  private static Conv2d conv(Tensor weight, Tensor bias, int in, int out, int kernel) {
    return new Conv2d(
        new Params((name, shape) -> name.equals("weight") ? weight : bias), in, out, kernel, 1, 0);
  }
}
