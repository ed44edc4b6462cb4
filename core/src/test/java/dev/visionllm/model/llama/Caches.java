package dev.visionllm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/** Compares what two caches hold. */
public final class Caches {
  private Caches() {}

  /** Largest absolute difference of the keys and values of all layers. */
  public static double difference(KvCache a, KvCache b, int layers) {
    assertThat(a.length()).isEqualTo(b.length());
    double most = 0;
    try (var scope = TensorScope.open()) {
      for (int i = 0; i < layers; i++) {
        KvCache.Pair x = a.layer(i);
        KvCache.Pair y = b.layer(i);
        most = Math.max(most, most(x.keys(), y.keys()));
        most = Math.max(most, most(x.values(), y.values()));
      }
    }
    return most;
  }

  private static double most(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item_float();
  }
}
