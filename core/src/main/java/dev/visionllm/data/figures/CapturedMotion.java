package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Bvh.Joint;
import dev.visionllm.data.figures.Bvh.Posture;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The poses of a motion capture file, freed of the size of the person that it was taken from. The
 * names of joints are those of the CMU library, of Mixamo and of Biovision's own files.
 */
final class CapturedMotion {
  /** What joints are called, without "left" and "right"; the first that a file has counts. */
  private static final Map<String, List<String>> NAMES =
      Map.of(
          "shoulder", List.of("arm", "uparm", "upperarm", "shoulder"),
          "elbow", List.of("forearm", "lowarm", "lowerarm", "elbow"),
          "wrist", List.of("hand", "wrist"),
          "hip", List.of("upleg", "upperleg", "thigh", "hip"),
          "knee", List.of("leg", "lowleg", "lowerleg", "shin", "knee"),
          "ankle", List.of("foot", "ankle"));

  private final Bvh bvh;
  private final Map<BodyPart, Integer> joints = new EnumMap<>(BodyPart.class);
  private final int headTop;
  private final Turn rest; // axes of the person at rest

  private CapturedMotion(Bvh bvh) {
    this.bvh = bvh;
    for (String side : List.of("left", "right")) {
      for (String name : NAMES.keySet()) joints.put(part(side, name), find(side, name));
      joints.put(part(side, "toes"), childOf(joints.get(part(side, "ankle"))));
    }
    joints.put(BodyPart.HEAD, find("", "head"));
    headTop = childOf(joints.get(BodyPart.HEAD));
    List<Vec> at = bvh.rest().at();
    Vec hips = middle(at, "hip");
    Vec left = at.get(joints.get(BodyPart.LEFT_HIP)).minus(hips).unit();
    Vec ahead = left.cross(at.get(joints.get(BodyPart.HEAD)).minus(hips)).unit();
    rest = new Turn(left, ahead.cross(left), ahead);
  }

  /**
   * @throws IllegalArgumentException if the file lacks a joint, or a bone has no length at rest
   */
  static CapturedMotion of(Bvh bvh) {
    try {
      CapturedMotion motion = new CapturedMotion(bvh);
      motion.pose(bvh.rest());
      return motion;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          bvh.file() + " is not the motion of a person: " + e.getMessage(), e);
    }
  }

  int frames() {
    return bvh.frames().size();
  }

  /**
   * @throws IllegalArgumentException if a bone has no length in this frame
   */
  BodyPose pose(int frame) {
    try {
      return pose(bvh.at(frame));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          bvh.file() + " frame " + (frame + 1) + ": " + e.getMessage(), e);
    }
  }

  private BodyPose pose(Posture posture) {
    List<Vec> at = posture.at();
    Vec hips = middle(at, "hip");
    Vec neck = middle(at, "shoulder");
    Map<BodyPart, Vec> bones = new EnumMap<>(BodyPart.class);
    for (BodyPart p : BodyPart.values()) {
      Vec bone =
          switch (p) {
            case NECK -> neck.minus(hips);
            case HEAD -> at.get(headTop).minus(neck);
            case LEFT_SHOULDER, RIGHT_SHOULDER -> at.get(joints.get(p)).minus(neck);
            case LEFT_HIP, RIGHT_HIP -> at.get(joints.get(p)).minus(hips);
            default -> at.get(joints.get(p)).minus(at.get(joints.get(p.parent())));
          };
      try {
        bones.put(p, rest.undo(bone.unit()));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("the bone to " + p + " has no length", e);
      }
    }
    Turn head = posture.turns().get(joints.get(BodyPart.HEAD)).times(rest);
    return new BodyPose(
        bones, new Turn(rest.undo(head.x()), rest.undo(head.y()), rest.undo(head.z())));
  }

  private Vec middle(List<Vec> at, String name) {
    return at.get(joints.get(part("left", name))).mid(at.get(joints.get(part("right", name))));
  }

  private static BodyPart part(String side, String name) {
    return BodyPart.valueOf((side + "_" + name).toUpperCase(Locale.ROOT));
  }

  private int find(String side, String name) {
    List<String> names = NAMES.getOrDefault(name, List.of(name));
    for (String n : names) {
      for (int i = 0; i < bvh.joints().size(); i++) {
        Joint j = bvh.joints().get(i);
        // "mixamorig:LeftArm" and "Left_Arm" are LeftArm
        String plain =
            j.name()
                .substring(j.name().lastIndexOf(':') + 1)
                .replaceAll("[_ -]", "")
                .toLowerCase(Locale.ROOT);
        if (plain.equals(side + n)) return i;
      }
    }
    throw new IllegalArgumentException(
        "it has no joint for the " + (side + " " + name).strip() + ", called " + side + names);
  }

  private int childOf(int joint) {
    for (int i = 0; i < bvh.joints().size(); i++) {
      if (bvh.joints().get(i).parent() == joint) return i;
    }
    throw new IllegalArgumentException(
        "nothing follows the joint " + bvh.joints().get(joint).name() + ", not even an End Site");
  }
}
