package dev.visionllm.eval;

import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.result.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The questions of a suite and how they are asked.
 *
 * @param maxTokens most tokens of an answer
 */
record Questions(List<Question> all, int maxTokens) {
  private static final int WINDOW = 16; // batches that are sorted by length together

  /** A question and what the model said. */
  record Said(Question question, Answer whole) {
    String answer() {
      return whole.text();
    }
  }

  /** How a batch is answered; see {@link Suites.Subject}. */
  interface Answering {
    List<Answer> answer(List<Prompt> prompts, int maxTokens);
  }

  /** The single questions of some tasks about the annotated pictures of a folder. */
  static Questions of(DataFolder data, List<String> tasks, int maxTokens) throws IOException {
    var out = new ArrayList<Question>();
    for (var picture : data.scenes().pictures()) {
      for (var d : picture.dialogues()) {
        var question = new Question(d, List.of(picture.file()), picture);
        if (tasks.contains(d.task()) && question.single()) {
          out.add(question);
        }
      }
    }
    return new Questions(out, maxTokens);
  }

  int size() {
    return all.size();
  }

  /**
   * Asks all of them, similar lengths together, since a batch is as slow as its longest row.
   *
   * @return in the order of the questions
   */
  List<Said> ask(Answering subject, int batchSize, Suites.Progress progress) throws IOException {
    var said = new Said[all.size()];
    int done = 0;
    for (int from = 0; from < all.size(); from += WINDOW * batchSize) {
      int to = Math.min(all.size(), from + WINDOW * batchSize);
      var order =
          IntStream.range(from, to)
              .boxed()
              .sorted(Comparator.comparingInt(i -> all.get(i).text().length()))
              .toList();
      var pictures = new HashMap<Path, Raster>(); // of this window
      for (int at = 0; at < order.size(); at += batchSize) {
        var batch = order.subList(at, Math.min(order.size(), at + batchSize));
        var prompts = new ArrayList<Prompt>();
        for (int i : batch) {
          prompts.add(all.get(i).prompt(pictures));
        }
        var answers = subject.answer(prompts, maxTokens);
        for (int k = 0; k < batch.size(); k++) {
          said[batch.get(k)] = new Said(all.get(batch.get(k)), answers.get(k));
        }
        done += batch.size();
        progress.at(done);
      }
    }
    return List.of(said);
  }
}
