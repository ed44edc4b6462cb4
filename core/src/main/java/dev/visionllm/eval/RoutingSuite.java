package dev.visionllm.eval;

import dev.visionllm.text.RoutingToken;
import dev.visionllm.vlm.AnswerText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What answers call against what the written replies call, by task. Tasks whose replies call
 * nothing count together as pure questions, of which each picture has one asked.
 *
 * @param calling tasks of which some reply calls a tool
 */
record RoutingSuite(Questions questions, Set<String> calling) implements Suites.Evaluation {
  private static final int MAX_TOKENS = 256;
  private static final String PURE = "pure questions";

  /** Tokens whose words name no target: any words before them will do. */
  private static final Set<String> WORDLESS =
      Set.of(RoutingToken.GEN.text(), RoutingToken.EDIT.text());

  RoutingSuite(DataFolder data) throws IOException {
    this(data.talk());
  }

  private RoutingSuite(SceneSet set) {
    this(set, calling(set));
  }

  private RoutingSuite(SceneSet set, Set<String> calling) {
    this(new Questions(chosen(set, calling), MAX_TOKENS), calling);
  }

  private static Set<String> calling(SceneSet set) {
    var tasks = new HashSet<String>();
    for (var questions : groups(set)) {
      for (var q : questions) {
        if (!calls(q.reply()).isEmpty()) {
          tasks.add(q.dialogue().task());
        }
      }
    }
    return tasks;
  }

  private static List<Question> chosen(SceneSet set, Set<String> calling) {
    var out = new ArrayList<Question>();
    for (var questions : groups(set)) {
      var pure = new ArrayList<>(questions);
      pure.removeIf(q -> calling.contains(q.dialogue().task()));
      questions.stream().filter(q -> calling.contains(q.dialogue().task())).forEach(out::add);
      if (!pure.isEmpty()) {
        out.add(pure.get(out.size() % pure.size()));
      }
    }
    return out;
  }

  /** The single questions picture by picture; those about others each for themselves. */
  private static List<List<Question>> groups(SceneSet set) {
    var out = new ArrayList<List<Question>>();
    for (var p : set.pictures()) {
      out.add(
          p.dialogues().stream()
              .map(d -> new Question(d, List.of(p.file()), p))
              .filter(Question::single)
              .toList());
    }
    set.elsewhere().stream().filter(Question::single).forEach(q -> out.add(List.of(q)));
    return out;
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
    var byTask = new TreeMap<String, List<Routing.Item>>();
    var pure = new ArrayList<Routing.Item>();
    var all = new ArrayList<Routing.Item>();
    for (var s : questions.ask(subject::write, settings.batch(), progress)) {
      var item = new Routing.Item(calls(s.answer()), calls(s.question().reply()));
      var task = s.question().dialogue().task();
      (calling.contains(task) ? byTask.computeIfAbsent(task, t -> new ArrayList<>()) : pure)
          .add(item);
      all.add(item);
    }
    var rows = new LinkedHashMap<String, Double>();
    byTask.forEach((task, items) -> put(rows, task.isEmpty() ? "no task" : task, items));
    var none = Routing.score(pure);
    rows.put(PURE + ": none called", none.tokens());
    rows.put(PURE, (double) none.answers());
    var total = Routing.score(all);
    rows.put("all: routing success", total.success());
    rows.put("all: right tokens", total.tokens());
    return new Suites.Rows(rows);
  }

  private static void put(Map<String, Double> rows, String task, List<Routing.Item> items) {
    Routing.score(items).rows().forEach((name, value) -> rows.put(task + ": " + name, value));
  }

  private static List<Routing.Call> calls(String text) {
    return AnswerText.calls(text).stream()
        .map(c -> new Routing.Call(c.token(), WORDLESS.contains(c.token()) ? "" : c.label()))
        .toList();
  }
}
