package dev.visionllm.eval;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;

/** Which classes captions mention. */
record CaptionSuite(Questions questions, SceneSet set) implements Suites.Evaluation {
  static final List<String> TASKS = List.of("caption");

  private static final int MAX_TOKENS = 128;

  CaptionSuite(DataFolder data) throws IOException {
    this(Questions.of(data, TASKS, MAX_TOKENS), data.scenes());
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
    return CaptionObjects.score(
        questions.ask(subject::write, settings.batch(), progress).stream()
            .map(
                s ->
                    new CaptionObjects.Item(
                        s.answer(), new HashSet<>(set.present(s.question().picture()))))
            .toList(),
        set.classes().values());
  }
}
