package dev.visionllm.vlm;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What an answer's text says about its tool calls. */
public final class AnswerText {
  private static final Pattern ROUTING = Pattern.compile("\\[(DET|GRD|SEG|POSE|GEN|EDIT)\\]");
  private static final Pattern LEAD = Pattern.compile("^[\\s,;.:]*(and\\s+)?(the\\s+|an?\\s+)?");

  /** A routing token in a text and the words that name its target. */
  public record Call(String token, String label) {}

  private AnswerText() {}

  /** The tool calls in order, as in {@code "red apple[DET], dog[DET]"}. */
  public static List<Call> calls(String answer) {
    List<Call> calls = new ArrayList<>();
    Matcher m = ROUTING.matcher(answer);
    int from = 0;
    while (m.find()) {
      String before = answer.substring(from, m.start());
      String label = LEAD.matcher(before).replaceFirst("");
      int clause = Math.max(label.lastIndexOf(". "), label.lastIndexOf(": "));
      calls.add(new Call(m.group(), (clause < 0 ? label : label.substring(clause + 2)).strip()));
      from = m.end();
    }
    return calls;
  }
}
