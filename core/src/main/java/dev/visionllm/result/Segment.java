package dev.visionllm.result;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Polygons;
import dev.visionllm.geometry.Rle;
import java.util.Objects;

/**
 * An object found in a picture, with its pixels.
 *
 * @param score of the object, 0..1
 * @param box pixels of the user's picture; the detector's, not the mask's bounds
 * @param rle the mask, of the size of the user's picture; may be empty
 * @param certainty mean probability of the mask's pixels, 0..1; 0 of an empty mask
 */
public record Segment(String label, double score, Box box, Rle rle, double certainty)
    implements Finding {
  /** Refuses scores outside of 0..1. */
  public Segment {
    Objects.requireNonNull(label, "label");
    Objects.requireNonNull(box, "box");
    Objects.requireNonNull(rle, "rle");
    if (!(score >= 0 && score <= 1 && certainty >= 0 && certainty <= 1)) {
      throw new IllegalArgumentException(
          "segment of '"
              + label
              + "' has the score "
              + score
              + " and the certainty "
              + certainty
              + ": they must be in 0..1");
    }
  }

  /** The pixels. */
  public Mask mask() {
    return rle.toMask();
  }

  /** The mask's outlines. */
  public Polygons outlines() {
    return Polygons.of(mask());
  }

  /** The same without the mask. */
  public Detection detection() {
    return new Detection(label, score, box);
  }
}
