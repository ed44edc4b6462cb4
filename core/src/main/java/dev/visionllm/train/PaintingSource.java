package dev.visionllm.train;

import dev.visionllm.text.SpecialTokens;

/** A source of rows whose answers call a picture decoder. */
interface PaintingSource extends SampleSource {
  /** What the decoder should make of a sample's call, without a row around it. */
  Painting painting(int index);

  /**
   * A text that a conversation may hold.
   *
   * @throws IllegalArgumentException if it has words that are special tokens there
   */
  static String plain(String text) {
    for (String token : SpecialTokens.DEFAULT_TOKENS) {
      if (text.contains(token)) {
        throw new IllegalArgumentException(
            "the text \"" + text + "\" holds " + token + ", which is no word in a conversation");
      }
    }
    return text;
  }
}
