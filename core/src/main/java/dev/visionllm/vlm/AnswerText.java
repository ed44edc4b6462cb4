package dev.visionllm.vlm;

import dev.visionllm.result.Answer;
import dev.visionllm.text.RoutingToken;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What an answer's text says about its tool calls. */
public final class AnswerText {
  private static final Pattern ROUTING = Pattern.compile("\\[(DET|GRD|SEG|POSE|GEN|EDIT)\\]");

  /** Where a label cannot reach back over: the end of a sentence or a line. */
  private static final Pattern CLAUSE = Pattern.compile(".*([.:;!?]\\s|\\R)", Pattern.DOTALL);

  /** What may stand before the words that name a thing. */
  private static final Pattern LEAD =
      Pattern.compile(
          "^([\\s,;.:!?-]+"
              + "|(yes|no|sure|ok|okay),"
              + "|(and|or|also|a|an|the|some|there (is|are)|here (is|are)|(this|it|that) is"
              + "|(i|we) (can )?(see|find|found)|(the|this) (picture|image) (shows|contains))\\s)+",
          Pattern.CASE_INSENSITIVE);

  /** A routing token in a text and the words that name its target. */
  public record Call(String token, String label) {}

  private AnswerText() {}

  /** The tool calls in order, as in {@code "red apple[DET], dog[DET]"}. */
  public static List<Call> calls(String answer) {
    List<Call> calls = new ArrayList<>();
    Matcher m = ROUTING.matcher(answer);
    int from = 0;
    while (m.find()) {
      calls.add(new Call(m.group(), label(answer.substring(from, m.start()))));
      from = m.end();
    }
    return calls;
  }

  /**
   * How many objects were found for each name that an answer calls the detector for, in its order;
   * none is 0. This is how the model counts.
   */
  public static Map<String, Integer> counts(Answer answer) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (Call call : calls(answer.text())) {
      if (call.token().equals(RoutingToken.DET.text())) {
        int found =
            (int) answer.findings().stream().filter(f -> f.label().equals(call.label())).count();
        counts.put(call.label(), found);
      }
    }
    return counts;
  }

  /**
   * The words that name a routing token's target.
   *
   * @param before the text between the previous routing token and this one
   * @return the end of its last sentence, without articles, conjunctions and the like before it
   */
  public static String label(String before) {
    String clause = CLAUSE.matcher(before.stripTrailing()).replaceFirst("");
    return LEAD.matcher(clause).replaceFirst("").strip();
  }
}
