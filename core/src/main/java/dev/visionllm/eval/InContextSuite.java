package dev.visionllm.eval;

import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Questions about the last of several pictures that the others teach how to answer (the paper's
 * MMIC). An answer is right as {@link Recognition} has it; the classes are all answers of the file.
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
    var classes = questions.all().stream().map(Question::truth).distinct().toList();
    var said = questions.ask(subject::write, settings.batch(), progress);
    var report =
        Recognition.score(
            said.stream().map(s -> new Recognition.Item(s.answer(), s.question().truth())).toList(),
            classes);
    var names = new Names(classes);
    double guessing = 0; // among the classes that a dialogue names, if it does
    for (var q : questions.all()) {
      int named = names.in(q.text()).size();
      guessing += 1.0 / (named == 0 ? classes.size() : named) / questions.size();
    }
    var rows = new LinkedHashMap<String, Double>();
    rows.put("accuracy", report.accuracy());
    rows.put("mean accuracy of classes", report.meanPerClass());
    rows.put("chance", 1.0 / classes.size());
    rows.put("chance among the classes that the dialogue names", guessing);
    rows.put("classes", (double) classes.size());
    rows.put("dialogues", (double) questions.size());
    return new Suites.Rows(rows);
  }
}
