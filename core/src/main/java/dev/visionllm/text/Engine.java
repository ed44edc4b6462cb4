package dev.visionllm.text;

import java.util.List;
import java.util.OptionalInt;

/** What turns text into ids: {@link BytePairs} here, {@link FastTokenizer} for all other files. */
sealed interface Engine extends AutoCloseable permits BytePairs, FastTokenizer {
  /**
   * Ids of text with, for each, the span of chars of text that it stands for; no token is added at
   * either end, special tokens written in the text are recognised.
   */
  Encoded encode(String text);

  /** The token's own spelling, or null where the id is not in the vocabulary. */
  String token(int id);

  OptionalInt id(String token);

  /** One more than the highest id. */
  int size();

  TextStream stream();

  /** The same with more special tokens; those that exist keep their ids, others go to the end. */
  Engine extended(List<String> tokens);

  @Override
  void close();

  /** Spans are [start, end) in chars; a prefix that the tokenizer adds has an empty span. */
  record Encoded(int[] ids, int[] starts, int[] ends) {}
}
