package dev.visionllm.eval;

import java.util.Locale;
import java.util.Set;

/** What is measured together. */
public enum Suite {
  /** Boxes of named classes, with COCO's numbers. */
  DETECTION(0),
  /** Detections of classes that are not there. */
  EMPTY(0),
  /** Short answers: existence, counting, colour, position, relation, absent things. */
  VQA(64, "existence", "counting", "colour", "position", "relation", "negative"),
  /** The class of a marked region. */
  RECOGNITION(32, "recognition"),
  /** Which classes captions mention. */
  CAPTION(128, "caption"),
  /** Whether answers call the detector for the right classes. */
  ROUTING(256, "detection_free", "detection");

  private final int maxTokens;
  private final Set<String> tasks;

  Suite(int maxTokens, String... tasks) {
    this.maxTokens = maxTokens;
    this.tasks = Set.of(tasks);
  }

  /** Its name on command lines: "detection". */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Most tokens of an answer. */
  int maxTokens() {
    return maxTokens;
  }

  /** Tasks of the conversations that it asks; none where it looks at the annotations only. */
  Set<String> tasks() {
    return tasks;
  }
}
