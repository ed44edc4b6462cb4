package dev.visionllm.result;

import dev.visionllm.geometry.Box;
import java.util.Objects;

/**
 * An object found in a picture.
 *
 * @param score 0..1
 * @param box pixels of the user's picture
 */
public record Detection(String label, double score, Box box) implements Finding {
  /** Refuses scores outside of 0..1. */
  public Detection {
    Objects.requireNonNull(label, "label");
    Objects.requireNonNull(box, "box");
    if (!(score >= 0 && score <= 1)) {
      throw new IllegalArgumentException(
          "detection of '" + label + "' has the score " + score + ": it must be in 0..1");
    }
  }
}
