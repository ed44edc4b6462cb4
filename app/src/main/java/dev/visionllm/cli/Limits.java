package dev.visionllm.cli;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What this machine can do at most with this engine, measured: matrix products of a large square
 * for a second, their median since that is what a processor keeps up (one with tiles begins at up
 * to three times the rate); and the best of several sums over more memory than caches hold.
 *
 * @param fp32 GFLOP/s of matrix products in fp32
 * @param bf16 likewise in bf16
 * @param memory GB/s read
 */
record Limits(double fp32, double bf16, double memory) {
  private static final int SIDE = 3072;
  private static final long NUMBERS = 1L << 27; // of 4 bytes
  private static final long SECOND = 1_000_000_000; // nanoseconds
  private static final int RUNS = 5;

  static Limits measure() {
    return new Limits(matmul(ScalarType.Float), matmul(ScalarType.BFloat16), read());
  }

  private static double matmul(ScalarType dtype) {
    return product(dtype, SIDE, SIDE, SIDE);
  }

  /** Rate of products of matrices, rows x in with in x out, over a second; GFLOP/s. */
  static double product(ScalarType dtype, long rows, long in, long out) {
    return TensorScope.value(
        () -> {
          Tensor x = random(dtype, rows, in);
          Tensor w = random(dtype, in, out);
          List<Double> rates = new ArrayList<>();
          for (long begin = System.nanoTime(), now = begin; now - begin < SECOND; ) {
            long start = now;
            try (Tensor y = torch.matmul(x, w)) {
              now = System.nanoTime();
            }
            rates.add(2.0 * rows * in * out / (now - start));
          }
          return median(rates);
        });
  }

  private static Tensor random(ScalarType dtype, long rows, long columns) {
    return torch.rand(new long[] {rows, columns}, Tensors.options(ScalarType.Float)).to(dtype);
  }

  static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int n = sorted.length;
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
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
