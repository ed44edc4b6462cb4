package dev.visionllm.eval;

import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Questions about the last of several pictures that the others teach how to answer (the paper's
 * MMIC). The classes are all answers of the file, be they names, numbers, yes and no, or lists such
 * as "dog, cat"; what is said is right if it mentions the same of their words. Chance is that of
 * someone who knows which classes are answers to the dialogue's task, and draws one of them.
 */
record InContextSuite(Questions questions) implements Suites.Evaluation {
  private static final String FILE = "mmic.jsonl";
  private static final int MAX_TOKENS = 32;

  InContextSuite(DataFolder data) throws IOException {
    this(new Questions(read(data), MAX_TOKENS));
  }

  private static List<Question> read(DataFolder data) throws IOException {
    var out = new ArrayList<Question>();
    for (Dialogue d : data.first(LlavaDataset.read(data.require(FILE)))) {
      var q = new Question(d, d.images().stream().map(data::picture).toList(), null);
      if (!q.single() || d.answer() == null) {
        throw new IllegalArgumentException(
            "%s: dialogue %s must be one question with an \"answer\"".formatted(FILE, d.id()));
      }
      out.add(q);
    }
    return out;
  }

  @Override
  public String unit() {
    return "dialogues";
  }

  @Override
  public int items() {
    return questions.size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    var words =
        questions.all().stream().flatMap(q -> Stream.of(q.truth().split(", "))).distinct().toList();
    var names = new Names(words);
    var byTask = new HashMap<String, Set<String>>();
    for (var q : questions.all()) {
      byTask
          .computeIfAbsent(q.dialogue().task(), t -> new HashSet<>())
          .add(mentioned(names, q.truth()));
    }
    var classes = byTask.values().stream().flatMap(Set::stream).distinct().toList();
    double drawing = 0;
    double guessing = 0; // among the classes that a dialogue names, if it does
    for (var q : questions.all()) {
      int named = names.in(q.text()).size();
      drawing += 1.0 / byTask.get(q.dialogue().task()).size() / questions.size();
      guessing += 1.0 / (named == 0 ? classes.size() : named) / questions.size();
    }
    var items =
        questions.ask(subject::write, settings.batch(), progress).stream()
            .map(
                s ->
                    new Recognition.Item(
                        mentioned(names, s.answer()), mentioned(names, s.question().truth())))
            .toList();
    var report = Recognition.score(items, Stream.concat(words.stream(), classes.stream()).toList());
    var rows = new LinkedHashMap<String, Double>();
    rows.put("accuracy", report.accuracy());
    rows.put("mean accuracy of classes", report.meanPerClass());
    rows.put("chance", drawing);
    rows.put("chance among the classes that the dialogue names", guessing);
    rows.put("classes", (double) classes.size());
    rows.put("dialogues", (double) questions.size());
    return new Suites.Rows(rows);
  }

  private static String mentioned(Names names, String text) {
    return String.join(", ", new TreeSet<>(names.in(text)));
  }
}
