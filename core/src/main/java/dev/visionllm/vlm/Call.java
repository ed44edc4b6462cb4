package dev.visionllm.vlm;

import dev.visionllm.link.Route;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * One tool call of an answer.
 *
 * @param token the routing token, such as [DET]
 * @param label the words that name its target
 * @param states last hidden states at its super-link queries, (q, d)
 * @param at its place in the row
 */
record Call(String token, String label, Tensor states, int at) {
  /**
   * The calls of a row in the order of its text; tensors belong to the caller's scope.
   *
   * @param labels one per call, in that order
   */
  static List<Call> of(List<Route> routes, List<String> labels) {
    List<Call> calls = new ArrayList<>();
    for (Route r : routes) {
      for (int i = 0; i < r.slots().size(); i++) {
        String token = r.tool().routing().get(r.slots().get(i).token());
        calls.add(new Call(token, "", r.queries().select(0, i), r.slots().get(i).at()));
      }
    }
    if (calls.size() != labels.size()) {
      throw new IllegalArgumentException(
          "the answer calls tools " + calls.size() + " times but names " + labels);
    }
    calls.sort(Comparator.comparingInt(Call::at));
    List<Call> named = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      Call c = calls.get(i);
      named.add(new Call(c.token(), labels.get(i), c.states(), c.at()));
    }
    return named;
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
