package dev.visionllm.vlm;

import dev.visionllm.link.Route;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * One tool call of an answer.
 *
 * @param token the routing token, such as [DET]
 * @param label the words that name its target
 * @param states last hidden states at its super-link queries, (q, d)
 */
record Call(String token, String label, Tensor states) {
  /**
   * The calls of a row in the order of its text; tensors belong to the caller's scope.
   *
   * @param labels one per call, in that order
   */
  static List<Call> of(List<Route> routes, List<String> labels) {
    record At(Route route, int index) {
      int place() {
        return route.slots().get(index).at();
      }
    }
    List<At> places =
        routes.stream()
            .flatMap(r -> IntStream.range(0, r.slots().size()).mapToObj(i -> new At(r, i)))
            .sorted(Comparator.comparingInt(At::place))
            .toList();
    if (places.size() != labels.size()) {
      throw new IllegalArgumentException(
          "the answer calls tools " + places.size() + " times but names " + labels);
    }
    List<Call> calls = new ArrayList<>();
    for (At at : places) {
      Route r = at.route();
      String token = r.tool().routing().get(r.slots().get(at.index()).token());
      String label = labels.get(calls.size());
      calls.add(new Call(token, label, r.queries().select(0, at.index())));
    }
    return calls;
  }

  boolean isPose() {
    return token.equals("[POSE]");
  }

  boolean isObject() {
    return token.equals("[DET]") || isExpression() || token.equals("[SEG]");
  }

  /** Whether it means one object, the best. */
  boolean isExpression() {
    return token.equals("[GRD]");
  }
}
