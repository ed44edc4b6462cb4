package dev.visionllm.train;

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
interface Objective<B> {
  /** What there is to draw from, one part a source of the recipe. */
  List<Mixture.Part> data();

  /** Reads samples and prepares them. Same arguments, same batch. */
  B load(List<Mixture.Item> items, RandomGenerator random);

  /** Names of all losses that there may be. */
  List<String> parts();

  /** Weighted scalar losses by name; their sum is minimised. */
  Map<String, Tensor> losses(B batch, RandomGenerator random);
}
