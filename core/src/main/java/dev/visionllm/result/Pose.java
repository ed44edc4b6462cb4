package dev.visionllm.result;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.Keypoints;
import java.util.Objects;

/**
 * An object found in a picture with its keypoints.
 *
 * @param score 0..1
 * @param box pixels of the user's picture
 * @param set names of the keypoints, and how to draw them
 * @param keypoints as many as the set has, pixels of the user's picture
 */
public record Pose(String label, double score, Box box, KeypointSet set, Keypoints keypoints)
    implements Finding {
  /** Refuses scores outside of 0..1 and keypoints of another set. */
  public Pose {
    Objects.requireNonNull(label, "label");
    Objects.requireNonNull(box, "box");
    if (!(score >= 0 && score <= 1)) {
      throw new IllegalArgumentException(
          "pose of '" + label + "' has the score " + score + ": it must be in 0..1");
    }
    if (keypoints.points().size() != set.size()) {
      throw new IllegalArgumentException(
          "pose of '"
              + label
              + "' has "
              + keypoints.points().size()
              + " keypoints, its set "
              + set.name()
              + " has "
              + set.size());
    }
  }
}
