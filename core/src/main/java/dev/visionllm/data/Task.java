package dev.visionllm.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a conversation trains or tests; each but {@link #DIALOGUE} has templates. */
public enum Task {
  CAPTION("", "objects", "", "empty"),
  GROUNDED_CAPTION("", "tools", "", "empty"),
  EXISTENCE("a|class|plural", "", "yes", "no"),
  COUNTING("plural", "tools", ""),
  COLOUR("class", "answer", ""),
  POSITION("class", "answer", ""),
  RELATION("class relation other", "", "yes", "no"),
  RECOGNITION("region", "answer a", ""),
  /** What is in a region, in a few words. */
  REGION_CAPTION("region", "caption", ""),
  /** What is in a region and where. */
  REGION_DETAIL("region", "caption", ""),
  /** What is in each of several regions. */
  REGION_CAPTIONS("regions", "captions", ""),
  DETECTION("classes", "tools", ""),
  DETECTION_FREE("", "tools", "", "empty"),
  NEGATIVE("class|a|plural", "", ""),
  /** The one object that an expression describes. */
  GROUNDING("expression", "tools", ""),
  /** The pixels of named classes. */
  SEGMENTATION("classes", "tools", ""),
  /** The objects that regions mark. */
  INTERACTIVE("regions", "tools", ""),
  /** The object that stands out. */
  SALIENCY("", "tools", ""),
  POSE("classes keypoints?", "tools", ""),
  GENERATION("caption", "tools", ""),
  EDITING("instruction", "tools", ""),
  /** Several turns of the others; it has no templates of its own. */
  DIALOGUE("", "");

  /** The placeholder that stands for the tool calls of an answer. */
  public static final String TOOLS = "tools";

  private final List<Asked> asks = new ArrayList<>();
  private final Set<String> answers = new LinkedHashSet<>();
  private final List<String> cases;

  /** Placeholders of which a question holds one, or at most one. */
  record Asked(Set<String> names, boolean optional) {}

  /**
   * @param asks what a question holds, each once: a name, a choice of names such as "a|class", or a
   *     name that may be left out, such as "keypoints?"
   * @param answers further names that only answers may hold
   */
  Task(String asks, String answers, String... cases) {
    for (String ask : words(asks)) {
      boolean optional = ask.endsWith("?");
      this.asks.add(new Asked(Set.of(ask.replace("?", "").split("\\|")), optional));
    }
    this.answers.addAll(words(answers));
    for (Asked a : this.asks) {
      // a <region> in an answer would stand for a region that nobody gave
      a.names().stream().filter(n -> !n.startsWith("region")).forEach(this.answers::add);
    }
    this.cases = List.of(cases);
  }

  private static List<String> words(String text) {
    return Arrays.stream(text.split(" ")).filter(w -> !w.isEmpty()).toList();
  }

  /** The task's name in files: "caption", "detection_free", ... */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What every question holds. */
  List<Asked> asks() {
    return asks;
  }

  /** Names that may stand in braces in answers. */
  Set<String> answers() {
    return answers;
  }

  /** Kinds of answers that every block of templates must have; "" is the ordinary one. */
  List<String> cases() {
    return cases;
  }
}
