package dev.visionllm.data;

import dev.visionllm.data.Expressions.Expression;
import dev.visionllm.text.RoutingToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Questions about a scene whose answers call the object decoder. Bare answers are what the calls
 * mean, in their order: classes, or the ids of annotations where a call means one object; of
 * counting the number, which the answer's text leaves to the boxes found.
 */
final class ToolTasks {
  private static final int MOST_NAMES = 20;
  private static final int FEW_NAMES = 5;

  /** What the object that stands out is called, as in the reference's datasets/sod_llava. */
  private static final String SALIENT = "foreground";

  private final Talk talk;

  ToolTasks(Talk talk) {
    this.talk = talk;
  }

  /** A few classes, then many. */
  void detection() {
    named(Task.DETECTION, RoutingToken.DET, 1 + talk.random().nextInt(FEW_NAMES));
    int many = FEW_NAMES + 1 + talk.random().nextInt(MOST_NAMES - FEW_NAMES);
    named(Task.DETECTION, RoutingToken.DET, many);
  }

  void segmentation() {
    named(Task.SEGMENTATION, RoutingToken.SEG, 1 + talk.random().nextInt(FEW_NAMES));
  }

  /** Asks for named classes: those shown, not always all of them, filled up with absent ones. */
  private void named(Task task, RoutingToken token, int wanted) {
    List<String> mine = new ArrayList<>(talk.shown());
    List<String> absent = talk.absent();
    Draw.shuffle(mine, talk.random());
    if (talk.random().nextInt(5) == 0 && !mine.isEmpty() && !absent.isEmpty()) mine.remove(0);
    List<String> asked = new ArrayList<>(mine.subList(0, Math.min(mine.size(), wanted)));
    int most = Math.min(wanted, asked.size() + absent.size());
    while (asked.size() < most) {
      String name = talk.absentClass();
      if (!asked.contains(name)) asked.add(name);
      else
        asked.add(
            Draw.any(absent.stream().filter(n -> !asked.contains(n)).toList(), talk.random()));
    }
    if (asked.isEmpty()) return;
    Draw.shuffle(asked, talk.random());
    String classes = talk.random().nextBoolean() ? Phrases.listed(asked) : String.join(", ", asked);
    Map<String, String> values = Map.of("classes", classes, Task.TOOLS, calls(asked, token));
    talk.say(task, "", values, List.of(), String.join(", ", asked), asked.size());
  }

  void detectionFree() {
    shown(Task.DETECTION_FREE, calls(talk.shown(), RoutingToken.DET));
  }

  void groundedCaption() {
    shown(Task.GROUNDED_CAPTION, talk.objects(RoutingToken.DET.text()));
  }

  private void shown(Task task, String calls) {
    talk.say(
        task,
        talk.shown().isEmpty() ? "empty" : "",
        Map.of(Task.TOOLS, calls),
        String.join(", ", talk.shown()));
  }

  /** Two questions, the first about a class that is there several times, now and then none. */
  void counting() {
    List<String> shown = talk.shown();
    List<String> absent = talk.absent();
    for (int i = 0; i < 2; i++) {
      boolean none = shown.isEmpty() || !absent.isEmpty() && talk.random().nextDouble() < 0.12;
      if (none && absent.isEmpty() || shown.isEmpty() && i > 0) continue;
      List<String> repeated = shown.stream().filter(n -> talk.count(n) > 1).toList();
      String name =
          none
              ? talk.absentClass()
              : Draw.any(i == 0 && !repeated.isEmpty() ? repeated : shown, talk.random());
      Map<String, String> values = talk.values(name);
      values.put(Task.TOOLS, name + RoutingToken.DET.text());
      talk.say(Task.COUNTING, "", values, Integer.toString(talk.count(name)));
    }
  }

  /** Two expressions of different objects. */
  void grounding() {
    List<Expression> all = new ArrayList<>(talk.expressions());
    Draw.shuffle(all, talk.random());
    int first = -1;
    for (Expression e : all) {
      if (e.thing() == first) continue;
      Map<String, String> values =
          Map.of("expression", e.text(), Task.TOOLS, e.text() + RoutingToken.GRD.text());
      String answer = Long.toString(talk.scene().annotation(e.thing()));
      talk.say(Task.GROUNDING, "", values, answer);
      if (first >= 0) return;
      first = e.thing();
    }
  }

  void saliency() {
    OptionalInt salient = Saliency.of(talk.scene());
    if (salient.isEmpty()) return;
    talk.say(
        Task.SALIENCY,
        "",
        Map.of(Task.TOOLS, SALIENT + RoutingToken.DET.text()),
        Long.toString(talk.scene().annotation(salient.getAsInt())));
  }

  /** "dog[DET], cat[DET]". */
  static String calls(List<String> names, RoutingToken token) {
    return String.join(", ", names.stream().map(n -> n + token.text()).toList());
  }
}
