package dev.visionllm.data.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small BVH files made by hand. */
public final class MadeMotion {
  private MadeMotion() {}

  /** A root, one joint, one end, two frames. */
  static final String TINY =
      """
      HIERARCHY
      ROOT Hips
      {
        OFFSET 0 0 0
        CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
        JOINT Arm
        {
          OFFSET 0 10 0
          CHANNELS 3 Zrotation Xrotation Yrotation
          End Site
          {
            OFFSET 5 0 0
          }
        }
      }
      MOTION
      Frames: 2
      Frame Time: 0.1
      1 2 3 90 0 0 0 0 0
      0 0 0 90 90 0 0 0 90
      """;

  /**
   * A person with arms stretched out: in the first frame at rest, in the second the left arm hangs
   * and the head looks to the left.
   *
   * @param prefix of the names, such as "mixamorig:"
   */
  public static Path person(Path file, String prefix) throws IOException {
    StringBuilder b = new StringBuilder("HIERARCHY\n");
    open(b, "ROOT " + prefix + "Hips", "0 0 0");
    open(b, "JOINT " + prefix + "Neck", "0 50 0");
    open(b, "JOINT " + prefix + "Head", "0 8 0");
    b.append("End Site\n{\nOFFSET 0 20 0\n}\n}\n");
    for (String side : new String[] {"Left", "Right"}) {
      int x = side.equals("Left") ? 1 : -1;
      open(b, "JOINT " + prefix + side + "Arm", 18 * x + " 0 0");
      open(b, "JOINT " + prefix + side + "ForeArm", 30 * x + " 0 0");
      open(b, "JOINT " + prefix + side + "Hand", 25 * x + " 0 0");
      b.append("End Site\n{\nOFFSET ").append(8 * x).append(" 0 0\n}\n}\n}\n}\n");
    }
    b.append("}\n");
    for (String side : new String[] {"Left", "Right"}) {
      open(b, "JOINT " + prefix + side + "UpLeg", (side.equals("Left") ? 9 : -9) + " 0 0");
      open(b, "JOINT " + prefix + side + "Leg", "0 -42 0");
      open(b, "JOINT " + prefix + side + "Foot", "0 -40 0");
      b.append("End Site\n{\nOFFSET 0 0 15\n}\n}\n}\n}\n");
    }
    b.append("}\nMOTION\nFrames: 2\nFrame Time: 0.1\n");
    // three angles each of hips, neck, head, arm, forearm, hand twice, leg, shin, foot twice
    b.append("0 ".repeat(45)).append('\n');
    b.append("0 ".repeat(6)).append("0 0 90 -90 0 0 ").append("0 ".repeat(33)).append('\n');
    return Files.writeString(file, b);
  }

  private static void open(StringBuilder b, String joint, String offset) {
    b.append(joint).append("\n{\nOFFSET ").append(offset);
    b.append("\nCHANNELS 3 Zrotation Xrotation Yrotation\n");
  }
}
