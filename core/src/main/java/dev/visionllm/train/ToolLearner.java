package dev.visionllm.train;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * A decoder's training step behind the super-link.
 *
 * @param <T> what it learns from
 */
interface ToolLearner<T extends ToolTarget> {
  /**
   * A row of a batch that calls the decoder.
   *
   * @param target what the decoder should make of the calls
   * @param states last hidden states at the super-link queries of the row's calls, (n, q, l), by
   *     {@link dev.visionllm.link.Tool#name}
   */
  record Called<T>(T target, Map<String, Tensor> states) {
    /**
     * The states of a tool's calls.
     *
     * @throws IllegalArgumentException if the row does not call it as often as it should
     */
    Tensor states(String tool, int calls) {
      Tensor s = states.get(tool);
      long called = s == null ? 0 : s.size(0);
      if (called != calls) {
        throw new IllegalArgumentException(
            "a row calls tool %s %d times, its target needs %d calls"
                .formatted(tool, called, calls));
      }
      return s;
    }
  }

  /** States of several rows, padded with zeros to the most calls of one: (b, most, q, l). */
  static Tensor padded(List<Tensor> states) {
    long most = states.stream().mapToLong(s -> s.size(0)).max().orElseThrow();
    return F.stack(0, states.stream().map(s -> F.padRows(s, most)).toList());
  }

  /** Where padded states are not padding, (b, most) bool. @param calls of each row */
  static Tensor called(int[] calls, int most) {
    boolean[] called = new boolean[calls.length * most];
    for (int i = 0; i < calls.length; i++) {
      Arrays.fill(called, i * most, i * most + calls[i], true);
    }
    return Tensors.of(called, calls.length, most);
  }

  /** Name of its loss among the parts of a step's. */
  String part();

  /** What it learns from: it judges the rows that have such a target. */
  Class<T> target();

  /**
   * The loss of those rows of a batch that it learns from; none without such rows.
   *
   * @param targets of all rows, null where a row has none
   * @param states of a row's calls, by {@link dev.visionllm.link.Tool#name}
   */
  default Optional<Tensor> judge(
      List<ToolTarget> targets, IntFunction<Map<String, Tensor>> states, RandomGenerator random) {
    List<Called<T>> called = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      if (target().isInstance(targets.get(i))) {
        called.add(new Called<>(target().cast(targets.get(i)), states.apply(i)));
      }
    }
    return called.isEmpty() ? Optional.empty() : Optional.of(loss(called, random));
  }

  /** The loss of the rows of a batch that call it. */
  Tensor loss(List<Called<T>> rows, RandomGenerator random);
}
