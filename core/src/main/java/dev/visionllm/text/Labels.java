package dev.visionllm.text;

import java.util.Arrays;

/**
 * Which ids of a conversation the language model learns to say: the assistant's words and the end.
 */
public final class Labels {
  /** The label of an id that is not supervised. */
  public static final int IGNORE = -100;

  private Labels() {}

  /**
   * Ids of a conversation and the label of each, before the shift by one.
   *
   * @param ids with {@link Tokenizer#IMAGE} where images are
   * @param labels the id itself or {@link #IGNORE}
   */
  public record Example(int[] ids, int[] labels) {
    /** Puts patch ids in the place of the images; they are never supervised. */
    public Example expandImages(int patch, int... counts) {
      int[] wide = Tokenizer.expandImages(ids, patch, counts);
      int[] marked = new int[ids.length];
      Arrays.setAll(marked, i -> ids[i] == Tokenizer.IMAGE ? Tokenizer.IMAGE : labels[i]);
      return new Example(wide, Tokenizer.expandImages(marked, IGNORE, counts));
    }
  }

  /**
   * Tokenises a conversation and labels it. An id is supervised if the chars that it stands for lie
   * in an answer, which is what the reference's token arithmetic yields for the tokenizers that it
   * was written for.
   *
   * @throws IllegalArgumentException if a token reaches across the border of an answer
   */
  public static Example of(Tokenizer tokenizer, Conversation.Text text) {
    Tokenizer.Encoding e = tokenizer.encode(text);
    int[] labels = new int[e.ids().length];
    Arrays.fill(labels, IGNORE);
    int at = 1; // after BOS
    for (Conversation.Span answer : text.answers()) {
      while (at < labels.length && e.starts()[at] < answer.start()) {
        if (e.ends()[at] > answer.start()) throw across(tokenizer, e, at, answer.start());
        at++;
      }
      while (at < labels.length && e.starts()[at] < answer.end()) {
        if (e.ends()[at] > answer.end()) throw across(tokenizer, e, at, answer.end());
        if (e.ids()[at] != Tokenizer.IMAGE) labels[at] = e.ids()[at];
        at++;
      }
    }
    return new Example(e.ids(), labels);
  }

  private static IllegalArgumentException across(
      Tokenizer tokenizer, Tokenizer.Encoding e, int at, int border) {
    return new IllegalArgumentException(
        "token %d ('%s', chars %d to %d) reaches across the border of an answer at char %d"
            .formatted(at, tokenizer.token(e.ids()[at]), e.starts()[at], e.ends()[at], border));
  }
}
