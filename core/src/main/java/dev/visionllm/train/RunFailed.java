package dev.visionllm.train;

/** A training run cannot go on for a reason outside the program; the message says what to do. */
public final class RunFailed extends RuntimeException {
  private static final long serialVersionUID = 1;

  RunFailed(String message, Throwable cause) {
    super(message, cause);
  }
}
