package dev.visionllm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class FTest {
  private static final float HIDDEN = -1e30f;

  /** The CPU's bf16 path, which writes all chunks to one buffer, against plain fp32 arithmetic. */
  @Test
  void attentionOfSeveralChunksIsPlainAttention() {
    try (var scope = TensorScope.open()) {
      torch.manual_seed(1);
      long t = 1500;
      Tensor q = bf16(2, 3, t, 16);
      Tensor k = bf16(2, 3, t, 16);
      Tensor v = bf16(2, 3, t, 16);
      Tensor behind = Tensors.of(new float[] {HIDDEN}, 1).expand(t, t).triu(1).view(1, 1, t, t);
      Tensor mask = behind.to(ScalarType.BFloat16);
      double free = differ(F.attention(q, k, v, null), plain(q, k, v, null));
      double causal = differ(F.causalAttention(q, k, v, mask), plain(q, k, v, behind));
      Tensor learnt = q.clone().set_requires_grad(true);
      double grad = differ(F.causalAttention(learnt, k, v, mask), plain(q, k, v, behind));
      System.out.printf(
          "bf16 attention: %.1e free, %.1e causal, %.1e with gradients%n", free, causal, grad);
      assertTrue(Math.max(free, Math.max(causal, grad)) < 1.2e-2);
    }
  }

  /** As a learnt position bias with everything else frozen. */
  @Test
  void attentionLetsGradientsReachItsMaskAlone() {
    try (var scope = TensorScope.open()) {
      Tensor x = bf16(1, 2, 5, 16);
      Tensor bias = bf16(1, 2, 5, 5).set_requires_grad(true);
      F.attention(x, x, x, bias).square().sum().backward();
      assertTrue(bias.grad().abs().max().item_float() > 0);
    }
  }

  @Test
  void swigluOverwritesOnlyWhereNoGradientNeedsIt() {
    try (var scope = TensorScope.open()) {
      Tensor gate = torch.randn(new long[] {4, 5}, Tensors.options(ScalarType.Float));
      Tensor up = torch.randn(new long[] {4, 5}, Tensors.options(ScalarType.Float));
      Tensor learnt = gate.clone().set_requires_grad(true);
      Tensor expected = torch.silu(gate).mul(up);
      assertEquals(0, differ(F.swiglu(learnt, up), expected));
      assertEquals(0, differ(learnt, gate));
      assertEquals(0, differ(F.swiglu(gate, up), expected));
    }
  }

  @Test
  void rowsWithoutOneDnnAreTheSameAndTheSwitchIsSetBack() {
    try (var scope = TensorScope.open()) {
      torch.manual_seed(2);
      Tensor x = bf16(1, 1, 256);
      Tensor w = bf16(300, 256);
      Tensor with = F.linear(x, w);
      Tensor without = Native.withoutOneDnn(() -> torch.linear(x, w));
      assertTrue(differ(with, without) <= 0.01 * with.abs().max().item_float());
      assertThrows(
          IllegalStateException.class,
          () ->
              Native.withoutOneDnn(
                  () -> {
                    throw new IllegalStateException("broken");
                  }));
      assertTrue(torch.globalContext().userEnabledMkldnn());
    }
  }

  private static Tensor bf16(long... shape) {
    return torch.randn(shape, Tensors.options(ScalarType.Float)).to(ScalarType.BFloat16);
  }

  private static Tensor plain(Tensor q, Tensor k, Tensor v, Tensor mask) {
    Tensor a = q.to(ScalarType.Float);
    Tensor b = k.to(ScalarType.Float);
    Tensor scores = F.scale(torch.matmul(a, b.transpose(2, 3)), 1 / Math.sqrt(q.size(3)));
    Tensor seen = mask == null ? scores : scores.add(mask);
    return torch.matmul(torch.softmax(seen, -1), v.to(ScalarType.Float));
  }

  private static double differ(Tensor a, Tensor b) {
    return a.detach().to(ScalarType.Float).sub(b.to(ScalarType.Float)).abs().max().item_float();
  }
}
