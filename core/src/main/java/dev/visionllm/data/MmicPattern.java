package dev.visionllm.data;

import java.util.Locale;

/**
 * What a sample of the in-context data asks (paper, table A11): I is a picture, M marks in it, T
 * text, brackets what is repeated.
 */
public enum MmicPattern {
  /** IMT to T: a question about what is marked. */
  MARKED,
  /** [IT]I to T: examples with their texts, then a picture without. */
  EXAMPLES,
  /** [IMT]IM to T: the same with marks in every picture. */
  MARKED_EXAMPLES,
  /** [IM]I to M: the objects of a class are marked in the examples, and wanted of the last. */
  MASKS;

  /** The task's name in files: "mmic_marked", ... */
  public String word() {
    return "mmic_" + name().toLowerCase(Locale.ROOT);
  }
}
