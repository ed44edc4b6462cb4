package dev.visionllm.data;

/** Whether something can be said of an object; people may disagree on what is unclear. */
enum Truth {
  YES,
  NO,
  UNCLEAR;

  /** Both. */
  Truth and(Truth other) {
    if (this == NO || other == NO) return NO;
    return this == YES && other == YES ? YES : UNCLEAR;
  }

  static Truth of(boolean holds) {
    return holds ? YES : NO;
  }
}
