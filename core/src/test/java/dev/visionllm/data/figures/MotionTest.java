package dev.visionllm.data.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MotionTest {
  @TempDir Path dir;

  private static void assertIs(Vec v, Vec expected) {
    assertThat(v.minus(expected).length()).as(v.toString()).isCloseTo(0, within(1e-5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "mixamorig:", "my_"})
  void posesAreFreeOfTheSizeOfThePerson(String prefix) throws Exception {
    Path file = MadeMotion.person(dir.resolve("person.bvh"), prefix);
    if (prefix.equals("my_")) { // a name that nobody uses
      assertThatThrownBy(() -> Motion.captured(dir))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(
              "person.bvh is not the motion of a person: it has no joint for the");
      return;
    }
    CapturedMotion motion = CapturedMotion.of(Bvh.read(file));
    BodyPose rest = motion.pose(0);
    assertIs(rest.bones().get(BodyPart.NECK), Vec.UP);
    assertIs(rest.bones().get(BodyPart.LEFT_ELBOW), Vec.LEFT);
    assertIs(rest.bones().get(BodyPart.RIGHT_WRIST), Vec.LEFT.times(-1));
    assertIs(rest.bones().get(BodyPart.LEFT_KNEE), Vec.UP.times(-1));
    assertIs(rest.bones().get(BodyPart.RIGHT_TOES), Vec.AHEAD);
    assertIs(rest.head().z(), Vec.AHEAD);
    BodyPose second = motion.pose(1);
    assertIs(second.bones().get(BodyPart.LEFT_ELBOW), Vec.UP.times(-1));
    assertIs(second.bones().get(BodyPart.LEFT_WRIST), Vec.UP.times(-1));
    assertIs(second.bones().get(BodyPart.RIGHT_ELBOW), Vec.LEFT.times(-1));
    assertIs(second.head().z(), Vec.LEFT);
    assertIs(second.head().y(), Vec.UP);
  }

  @Test
  void aBoneWithoutLengthIsNamed() throws Exception {
    Path file = MadeMotion.person(dir.resolve("person.bvh"), "");
    Files.writeString(file, Files.readString(file).replace("OFFSET 30 0 0", "OFFSET 0 0 0"));
    assertThatThrownBy(() -> Motion.frames(file))
        .hasMessageContaining("person.bvh")
        .hasMessageContaining("LEFT_ELBOW has no length");
  }

  @Test
  void foldersWithoutMotionAreRefused() {
    assertThatThrownBy(() -> Motion.captured(dir)).hasMessageContaining("holds no .bvh files");
    assertThatThrownBy(() -> Motion.captured(dir.resolve("none")))
        .hasMessageContaining("does not exist")
        .hasMessageContaining("data fetch motion");
  }

  @Test
  void madeUpPosesHaveBonesOfLengthOne() {
    for (int seed = 0; seed < 200; seed++) {
      BodyPose pose = Motion.procedural().pose(new SplittableRandom(seed));
      for (Vec bone : pose.bones().values()) assertThat(bone.length()).isCloseTo(1, within(1e-9));
      assertThat(pose.head().x().cross(pose.head().y()).dot(pose.head().z()))
          .isCloseTo(1, within(1e-9));
    }
  }
}
