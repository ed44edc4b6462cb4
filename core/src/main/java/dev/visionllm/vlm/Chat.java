package dev.visionllm.vlm;

import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.text.Conversation;
import java.util.ArrayList;
import java.util.List;

/** A conversation: every question is asked with all turns and pictures before it. */
public final class Chat {
  private final VisionLlm model;
  private final List<Conversation.Turn> turns = new ArrayList<>();
  private final List<Raster> pictures = new ArrayList<>();
  private final List<VisualPrompt> regions = new ArrayList<>();

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
   * Starts an answer piece by piece; hand the stream to {@link #close} to make the turn part of the
   * conversation.
   */
  public AnswerStream open(Prompt prompt, VisionLlm.Options options) {
    if (!regions.isEmpty()) {
      throw new IllegalArgumentException(
          "an earlier turn marked a region, which later turns cannot carry on: start a new chat");
    }
    return model.stream(turns, pictures, prompt, options);
  }

  /** Ends a turn: its question, pictures and answer are remembered. */
  public Answer close(Prompt prompt, AnswerStream stream) {
    Answer answer = stream.answer();
    turns.add(new Conversation.Turn(Preprocess.question(prompt), answer.text()));
    pictures.addAll(prompt.images());
    regions.addAll(prompt.regions());
    return answer;
  }
}
