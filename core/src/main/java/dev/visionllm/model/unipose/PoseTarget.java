package dev.visionllm.model.unipose;

import dev.visionllm.model.gdino.Target;

/**
 * The objects of one training picture with their keypoints: what UniPose should have found. Shapes:
 * n objects, k keypoints in the order of the prompt.
 *
 * @param objects classes and boxes of the n objects
 * @param points x, y of each keypoint in turn, in shares of the picture: (n, 2 k)
 * @param visible 1 where a keypoint is judged, 0 where it is not: (n, k)
 * @param areas of the objects in squared shares of the picture's sides: (n)
 * @param sigmas falloff of each keypoint in object keypoint similarity: (k)
 */
public record PoseTarget(
    Target objects, float[][] points, float[][] visible, float[] areas, float[] sigmas) {
  /** Checks that the numbers fit together. */
  public PoseTarget {
    int n = objects.size();
    boolean fine = points.length == n && visible.length == n && areas.length == n;
    for (int i = 0; fine && i < n; i++) {
      fine =
          points[i].length == 2 * sigmas.length
              && visible[i].length == sigmas.length
              && areas[i] > 0;
    }
    if (!fine) {
      throw new IllegalArgumentException(
          "a pose target of "
              + n
              + " objects and "
              + sigmas.length
              + " keypoints needs as many points, flags and positive areas");
    }
  }
}
