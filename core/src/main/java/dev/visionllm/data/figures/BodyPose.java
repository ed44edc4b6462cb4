package dev.visionllm.data.figures;

import java.util.EnumMap;
import java.util.Map;

/**
 * How a person stands or moves, whatever their size.
 *
 * @param bones direction, of length 1, of the bone that ends in each joint
 * @param head axes of the head: its left, up, and where it looks
 */
record BodyPose(Map<BodyPart, Vec> bones, Turn head) {
  BodyPose {
    for (BodyPart p : BodyPart.values()) {
      if (!bones.containsKey(p)) throw new IllegalArgumentException("pose lacks the bone of " + p);
    }
    bones = new EnumMap<>(bones);
  }

  /**
   * Where the joints are; midway between the hips is zero.
   *
   * @param lengths of the bones
   */
  Map<BodyPart, Vec> place(Map<BodyPart, Double> lengths) {
    Map<BodyPart, Vec> at = new EnumMap<>(BodyPart.class);
    for (BodyPart p : BodyPart.values()) {
      Vec from = p.parent() == null ? Vec.ZERO : at.get(p.parent());
      at.put(p, from.plus(bones.get(p).times(lengths.get(p))));
    }
    return at;
  }
}
