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
  /** Reads pictures by number and prepares them. Same arguments, same batch. */
  B load(List<Integer> pictures, RandomGenerator random);

  /** Names of all losses that there may be. */
  List<String> parts();

  /** Weighted scalar losses by name; their sum is minimised. */
  Map<String, Tensor> losses(B batch, RandomGenerator random);
}
