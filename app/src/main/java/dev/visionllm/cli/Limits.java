package dev.visionllm.cli;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What this machine can do at most with this engine, measured: matrix products of a large square,
 * and a sum over more memory than caches hold. Best of several runs.
 *
 * @param fp32 GFLOP/s of matrix products in fp32
 * @param bf16 likewise in bf16
 * @param memory GB/s read
 */
record Limits(double fp32, double bf16, double memory) {
  private static final int SIDE = 3072;
  private static final long NUMBERS = 1L << 27; // of 4 bytes
  private static final int RUNS = 5;

  static Limits measure() {
    return new Limits(matmul(ScalarType.Float), matmul(ScalarType.BFloat16), read());
  }

  private static double matmul(ScalarType dtype) {
    return TensorScope.value(
        () -> {
          Tensor a = torch.rand(new long[] {SIDE, SIDE}, Tensors.options(ScalarType.Float));
          Tensor x = a.to(dtype);
          double best = Double.POSITIVE_INFINITY;
          for (int i = 0; i < RUNS; i++) {
            long start = System.nanoTime();
            try (Tensor y = torch.matmul(x, x)) {
              best = Math.min(best, System.nanoTime() - start);
            }
          }
          return 2.0 * SIDE * SIDE * SIDE / best;
        });
  }

  private static double read() {
    return TensorScope.value(
        () -> {
          Tensor memory = block();
          return IntStream.range(0, RUNS).mapToDouble(i -> read(memory)).max().orElseThrow();
        });
  }

  /** More memory than caches hold, for {@link #read(Tensor)}; the caller's scope owns it. */
  static Tensor block() {
    Tensor x = torch.ones(new long[] {NUMBERS}, Tensors.options(ScalarType.Float));
    return x.mul_(new Scalar(2)); // every page is there
  }

  /** GB/s of reading it once. */
  static double read(Tensor memory) {
    return TensorScope.value(
        () -> {
          long start = System.nanoTime();
          memory.sum().item_float();
          return 4.0 * NUMBERS / (System.nanoTime() - start);
        });
  }

  /** Rate of a format, GFLOP/s. */
  double rate(ScalarType dtype) {
    return dtype == ScalarType.BFloat16 ? bf16 : fp32;
  }
}
