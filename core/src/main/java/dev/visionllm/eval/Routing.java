package dev.visionllm.eval;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;

/** Whether the model, left to itself, calls the right tools for the right things. */
public final class Routing {

  /**
   * One routing token in an answer.
   *
   * @param token as written, such as [DET]
   * @param label the words that it stands behind, such as the class
   */
  public record Call(String token, String label) {}

  /** The calls of an answer and those it should hold, in any order. */
  public record Item(List<Call> called, List<Call> wanted) {
    /** Keeps copies. */
    public Item {
      called = List.copyOf(called);
      wanted = List.copyOf(wanted);
    }
  }

  /**
   * Shares of answers in 0..1, NaN without answers.
   *
   * @param tokens whose set of routing tokens is right (empty where none is wanted)
   * @param classes whose set of labels is right
   * @param success right in both, each label behind its token
   * @param precision of all labels called, those wanted
   * @param recall of all labels wanted, those called
   */
  public record Report(
      double tokens, double classes, double success, double precision, double recall, int answers)
      implements Scores {
    @Override
    public Map<String, Double> rows() {
      var rows = new LinkedHashMap<String, Double>();
      rows.put("routing success", success);
      rows.put("right tokens", tokens);
      rows.put("right set of classes", classes);
      rows.put("class precision", precision);
      rows.put("class recall", recall);
      rows.put("answers", (double) answers);
      return rows;
    }

    @Override
    public String toString() {
      return table();
    }
  }

  private Routing() {}

  /** Scores answers. */
  public static Report score(Collection<Item> items) {
    int tokens = 0, classes = 0, both = 0, right = 0, called = 0, found = 0, wanted = 0;
    for (var item : items) {
      tokens += tokens(item.called).equals(tokens(item.wanted)) ? 1 : 0;
      BiPredicate<Call, Call> label = (a, b) -> Names.same(a.label, b.label);
      classes += covers(item.called, item.wanted, label) ? 1 : 0;
      both +=
          covers(item.called, item.wanted, label.and((a, b) -> a.token.equals(b.token))) ? 1 : 0;
      right += count(item.called, item.wanted, label);
      called += item.called.size();
      found += count(item.wanted, item.called, label);
      wanted += item.wanted.size();
    }
    double n = items.size();
    return new Report(
        tokens / n,
        classes / n,
        both / n,
        (double) right / called,
        (double) found / wanted,
        items.size());
  }

  private static Set<String> tokens(List<Call> calls) {
    var out = new HashSet<String>();
    calls.forEach(c -> out.add(c.token));
    return out;
  }

  private static boolean covers(List<Call> a, List<Call> b, BiPredicate<Call, Call> same) {
    return count(a, b, same) == a.size() && count(b, a, same) == b.size();
  }

  /** Calls of a that have a match in b. */
  private static int count(List<Call> a, List<Call> b, BiPredicate<Call, Call> same) {
    return (int) a.stream().filter(x -> b.stream().anyMatch(y -> same.test(x, y))).count();
  }
}
