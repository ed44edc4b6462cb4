package dev.visionllm.train;

import dev.visionllm.nn.Chain;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * What a run minimises. Loading is plain Java and runs ahead on other threads; losses are computed
 * on the training thread inside the step's scope.
 *
 * @param <B> a loaded batch
 */
interface Objective<B> extends AutoCloseable {
  /** What there is to draw from, one part a source of the recipe. */
  List<Mixture.Part> data();

  /** Reads samples and prepares them. Same arguments, same batch. */
  B load(List<Mixture.Item> items, RandomGenerator random);

  /** Names of all losses that there may be. */
  List<String> parts();

  /** The losses of a batch. */
  Losses losses(B batch, RandomGenerator random);

  /** Closes its data. */
  @Override
  default void close() {}

  /**
   * What is minimised.
   *
   * @param parts weighted scalar losses by name; their sum goes backward
   * @param chain the language model's blocks, through which the way back goes on; or null
   */
  record Losses(Map<String, Tensor> parts, Chain chain) {
    Losses(Map<String, Tensor> parts) {
      this(parts, null);
    }
  }
}
