package dev.visionllm.vlm;

import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Picture;
import dev.visionllm.text.Conversation;
import java.util.ArrayList;
import java.util.List;

/**
 * A conversation: every question is asked with all turns and pictures before it. Tools look at the
 * picture that was shown or made last.
 */
public final class Chat {
  private final VisionLlm model;
  private final List<Conversation.Turn> turns = new ArrayList<>();
  private final List<Raster> pictures = new ArrayList<>();
  private final List<Preprocess.Mark> marks = new ArrayList<>();
  private Raster latest; // shown or made last, or null

  Chat(VisionLlm model) {
    this.model = model;
  }

  /** Asks and waits for the whole answer. */
  public Answer ask(Prompt prompt, VisionLlm.Options options) {
    try (AnswerStream stream = open(prompt, options)) {
      return close(prompt, stream);
    }
  }

  /**
   * A turn whose answer the caller gives (guided): the model reads it, and the tools that its
   * routing tokens call run.
   *
   * @param answer such as {@code "dog[DET], cat[DET]."}
   */
  public Answer guide(Prompt prompt, String answer, VisionLlm.Options options) {
    try (AnswerStream stream = open(prompt, answer, options)) {
      return close(prompt, stream);
    }
  }

  /**
   * Starts an answer piece by piece; hand the stream to {@link #close} to make the turn part of the
   * conversation.
   */
  public AnswerStream open(Prompt prompt, VisionLlm.Options options) {
    return open(prompt, null, options);
  }

  /** As {@link #open}. @param answer if it is known, or null */
  AnswerStream open(Prompt prompt, String answer, VisionLlm.Options options) {
    Raster shown = VisionLlm.last(prompt.images());
    return model.stream(inputs(prompt), shown == null ? latest : shown, prompt, answer, options);
  }

  /** The whole conversation up to the answer of a prompt. */
  Inputs inputs(Prompt prompt) {
    return model.inputs(turns, with(pictures, prompt.images()), with(marks, marks(prompt)), prompt);
  }

  private List<Preprocess.Mark> marks(Prompt prompt) {
    return Preprocess.Mark.of(pictures.size(), prompt);
  }

  private static <T> List<T> with(List<T> old, List<T> more) {
    List<T> all = new ArrayList<>(old);
    all.addAll(more);
    return all;
  }

  /** Ends a turn: its question, pictures and answer are remembered. */
  public Answer close(Prompt prompt, AnswerStream stream) {
    Answer answer = stream.answer();
    turns.add(new Conversation.Turn(Preprocess.question(prompt), answer.text()));
    marks.addAll(marks(prompt)); // before the pictures, which they count
    pictures.addAll(prompt.images());
    latest = prompt.images().isEmpty() ? latest : VisionLlm.last(prompt.images());
    for (Picture made : answer.pictures()) {
      latest = Raster.of(made.image());
    }
    return answer;
  }
}
