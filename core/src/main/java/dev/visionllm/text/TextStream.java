package dev.visionllm.text;

/**
 * Decodes one id at a time. The strings that it returns, joined, equal the decoding of all ids at
 * once; bytes of an unfinished character are held back until it is complete.
 */
public interface TextStream {
  /** The text that this id completes, often empty for ids of single bytes. */
  String add(int id);

  /** What was held back: an unfinished character becomes U+FFFD. */
  String end();
}
