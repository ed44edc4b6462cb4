package dev.visionllm.eval;

import java.io.IOException;
import java.util.Collection;
import java.util.List;

/** The class of a marked region. */
record RecognitionSuite(Questions questions, Collection<String> classes)
    implements Suites.Evaluation {
  static final List<String> TASKS = List.of("recognition");

  private static final int MAX_TOKENS = 32;

  RecognitionSuite(DataFolder data) throws IOException {
    this(Questions.of(data, TASKS, MAX_TOKENS), data.scenes().classes().values());
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
    return Recognition.score(
        questions.ask(subject::write, settings.batch(), progress).stream()
            .map(s -> new Recognition.Item(s.answer(), s.question().truth()))
            .toList(),
        classes);
  }
}
