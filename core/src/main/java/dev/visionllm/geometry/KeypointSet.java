package dev.visionllm.geometry;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The keypoints that objects of a kind have: their names in a fixed order, how to draw them and how
 * exactly people place them.
 *
 * @param name of the set, lower case
 * @param points names, each once; they are also the words that a model is asked for
 * @param limbs what is drawn between two points; empty where nothing is
 * @param sigmas falloff of each point in object keypoint similarity; empty where none is published
 */
public record KeypointSet(String name, List<String> points, List<Limb> limbs, List<Double> sigmas) {

  /** A line between two points, by their places in the set. */
  public record Limb(int from, int to) {}

  /** Refuses sets that contradict themselves. */
  public KeypointSet {
    Objects.requireNonNull(name, "name");
    points = List.copyOf(points);
    limbs = List.copyOf(limbs);
    sigmas = List.copyOf(sigmas);
    if (points.isEmpty()) {
      throw new IllegalArgumentException("keypoint set '" + name + "' has no points");
    }
    Set<String> seen = new HashSet<>();
    for (String point : points) {
      if (point.isBlank() || !seen.add(point)) {
        throw new IllegalArgumentException(
            "keypoint set '" + name + "' has the point '" + point + "' twice or without a name");
      }
    }
    for (Limb limb : limbs) {
      if (limb.from == limb.to
          || Math.min(limb.from, limb.to) < 0
          || Math.max(limb.from, limb.to) >= points.size()) {
        throw new IllegalArgumentException(
            "keypoint set '" + name + "' of " + points.size() + " points has the limb " + limb);
      }
    }
    if (!sigmas.isEmpty() && sigmas.size() != points.size()
        || sigmas.stream().anyMatch(s -> !(s > 0))) {
      throw new IllegalArgumentException(
          "keypoint set '"
              + name
              + "' of "
              + points.size()
              + " points has the sigmas "
              + sigmas
              + ": they must be positive, one for each point or none");
    }
  }

  /**
   * A set of points that a user names, without limbs.
   *
   * @param list names separated by commas, as in "beak, left wing, right wing"
   * @throws IllegalArgumentException if a name is missing or occurs twice
   */
  public static KeypointSet ofList(String list) {
    List<String> names = new ArrayList<>();
    for (String name : list.split(",", -1)) {
      names.add(name.strip().replaceAll("\\s+", " "));
    }
    return new KeypointSet("custom", names, List.of(), List.of());
  }

  /** How many points it has. */
  public int size() {
    return points.size();
  }

  /** Where a point stands, or -1 if the set has none of that name. */
  public int indexOf(String point) {
    return points.indexOf(point);
  }
}
