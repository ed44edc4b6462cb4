package dev.visionllm.eval;

/** A suite has nothing to measure; the message names what is not there. */
public final class MissingData extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  MissingData(String message) {
    super(message);
  }
}
