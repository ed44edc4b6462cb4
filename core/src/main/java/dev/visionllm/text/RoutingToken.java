package dev.visionllm.text;

/** The tokens by which the language model calls a decoder (paper, section 3.2). */
public enum RoutingToken {
  DET,
  GRD,
  SEG,
  POSE,
  GEN,
  EDIT;

  /** The token as it is written in text, for example {@code [DET]}. */
  public String text() {
    return "[" + name() + "]";
  }
}
