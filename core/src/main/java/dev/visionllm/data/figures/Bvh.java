package dev.visionllm.data.figures;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A motion capture file in Biovision's format: a tree of joints and, for each frame, the values of
 * their channels.
 *
 * @param file where it was read from
 * @param joints parents before their children; the first is the root
 * @param frameTime seconds
 * @param frames values of all channels of a frame, joint by joint; angles in degrees
 */
record Bvh(Path file, List<Joint> joints, double frameTime, List<float[]> frames) {
  /** What a value of a frame means. */
  enum Channel {
    XPOSITION(Vec.LEFT),
    YPOSITION(Vec.UP),
    ZPOSITION(Vec.AHEAD),
    XROTATION(Vec.LEFT),
    YROTATION(Vec.UP),
    ZROTATION(Vec.AHEAD);

    private final Vec axis;

    Channel(Vec axis) {
      this.axis = axis;
    }

    boolean moves() {
      return ordinal() <= ZPOSITION.ordinal();
    }

    /** As the format writes it: "Xposition". */
    String word() {
      return name().charAt(0) + name().substring(1).toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A joint, or the end of a chain.
   *
   * @param name empty for an end
   * @param parent place of the parent in the list; -1 of the root
   * @param offset from the parent before any rotation
   * @param channels in the order that their rotations are multiplied in; an end has none
   */
  record Joint(String name, int parent, Vec offset, List<Channel> channels) {
    Joint {
      channels = List.copyOf(channels);
    }
  }

  /** Where the joints are and how they are turned, in the order of the joints. */
  record Posture(List<Vec> at, List<Turn> turns) {}

  Bvh {
    joints = List.copyOf(joints);
    frames = List.copyOf(frames);
  }

  /**
   * Reads and checks a file.
   *
   * @throws IllegalArgumentException if it is not of the format; the message names file and line
   */
  static Bvh read(Path file) throws IOException {
    return BvhReader.read(file);
  }

  /** The posture that the offsets alone describe. */
  Posture rest() {
    return posture(new float[joints.stream().mapToInt(j -> j.channels().size()).sum()]);
  }

  /** The posture of a frame. */
  Posture at(int frame) {
    return posture(frames.get(frame));
  }

  private Posture posture(float[] values) {
    List<Vec> at = new ArrayList<>();
    List<Turn> turns = new ArrayList<>();
    int next = 0;
    for (Joint j : joints) {
      Vec place = j.offset();
      Turn turn = Turn.NONE;
      for (Channel c : j.channels()) {
        double value = values[next++];
        if (c.moves()) place = place.plus(c.axis.times(value));
        else turn = turn.times(Turn.about(c.axis, Math.toRadians(value)));
      }
      if (j.parent() >= 0) {
        place = at.get(j.parent()).plus(turns.get(j.parent()).apply(place));
        turn = turns.get(j.parent()).times(turn);
      }
      at.add(place);
      turns.add(turn);
    }
    return new Posture(at, turns);
  }
}
