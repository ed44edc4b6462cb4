package dev.visionllm.eval;

import dev.visionllm.eval.Questions.Said;
import dev.visionllm.result.Answer;
import dev.visionllm.vlm.AnswerText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Short answers: existence, counting, colour, position, relation, absent things. */
record VqaSuite(Questions questions) implements Suites.Evaluation {
  static final List<String> TASKS =
      List.of("existence", "counting", "colour", "position", "relation", "negative");

  private static final int MAX_TOKENS = 64;

  VqaSuite(DataFolder data) throws IOException {
    this(Questions.of(data, TASKS, MAX_TOKENS));
  }

  @Override
  public String unit() {
    return "questions";
  }

  @Override
  public int items() {
    return questions.size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    var all = questions.ask(subject::ask, settings.batch(), progress);
    var options = new HashMap<String, Set<String>>(); // truths of each task
    for (var s : all) {
      options
          .computeIfAbsent(s.question().dialogue().task(), t -> new LinkedHashSet<>())
          .add(s.question().truth());
    }
    var items = new ArrayList<Vqa.Item>();
    for (var s : all) {
      items.add(item(s, List.copyOf(options.get(s.question().dialogue().task()))));
    }
    return Vqa.score(items);
  }

  private static Vqa.Item item(Said s, List<String> options) {
    var task = s.question().dialogue().task();
    return switch (task) {
      case "existence" -> new Vqa.Existence(task, s.answer(), yes(s.question()));
      case "counting" -> new Vqa.Counting(task, counted(s.whole()), count(s.question()));
      case "negative" -> new Vqa.Absent(task, s.answer());
      case "relation" ->
          new Vqa.Choice(task, s.answer(), yes(s.question()) ? "yes" : "no", List.of("yes", "no"));
      // the rest of a sentence may hold another option, as in "green, the orange is green"
      default -> new Vqa.Choice(task, head(s.answer()), s.question().truth(), options);
    };
  }

  private static boolean yes(Question q) {
    return Vqa.yesNo(q.truth())
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "conversation %s of task %s has the answer \"%s\", should be yes or no"
                        .formatted(q.dialogue().id(), q.dialogue().task(), q.truth())));
  }

  private static int count(Question q) {
    if (!q.truth().matches("[0-9]{1,9}")) {
      throw new IllegalArgumentException(
          "conversation %s of task counting has the answer \"%s\", should be a number"
              .formatted(q.dialogue().id(), q.truth()));
    }
    return Integer.parseInt(q.truth());
  }

  /** The number of boxes where the answer calls the detector, and else the answer's words. */
  private static String counted(Answer answer) {
    var counts = AnswerText.counts(answer);
    return counts.isEmpty()
        ? answer.text()
        : Integer.toString(counts.values().stream().mapToInt(Integer::intValue).sum());
  }

  /** Up to the first comma or full stop. */
  private static String head(String answer) {
    return answer.split("[,.;]", 2)[0];
  }
}
