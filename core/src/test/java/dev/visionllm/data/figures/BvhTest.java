package dev.visionllm.data.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BvhTest {
  @TempDir Path dir;

  private Path file(String text) throws Exception {
    return Files.writeString(dir.resolve("tiny.bvh"), text);
  }

  private static void assertAt(Vec v, double x, double y, double z) {
    assertThat(v.minus(new Vec(x, y, z)).length()).as(v.toString()).isCloseTo(0, within(1e-5));
  }

  @Test
  void placesAreThoseComputedByHand() throws Exception {
    Bvh bvh = Bvh.read(file(MadeMotion.TINY));
    assertThat(bvh.joints()).extracting(Bvh.Joint::name).containsExactly("Hips", "Arm", "");
    assertThat(bvh.frameTime()).isEqualTo(0.1);
    assertThat(bvh.frames()).hasSize(2);
    List<Vec> rest = bvh.rest().at();
    assertAt(rest.get(2), 5, 10, 0);
    // z by 90 degrees takes y to -x and x to y
    List<Vec> first = bvh.at(0).at();
    assertAt(first.get(0), 1, 2, 3);
    assertAt(first.get(1), -9, 2, 3);
    assertAt(first.get(2), -9, 7, 3);
    // x before z, as the channels' product is taken: y goes to z and stays there; the arm's own
    // turn about y takes x to -z, which x takes to y and z to -x
    List<Vec> second = bvh.at(1).at();
    assertAt(second.get(1), 0, 0, 10);
    assertAt(second.get(2), -5, 0, 10);
  }

  @Test
  void oneMoreFrameThanCountedIsLeftOut() throws Exception {
    Bvh bvh = Bvh.read(file(MadeMotion.TINY.replace("Frames: 2", "Frames: 1")));
    assertThat(bvh.frames()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HIERARCHY| MOTION| line 1: 'MOTION', expected HIERARCHY",
        "ROOT Hips| ROOT| line 2: 'ROOT', expected ROOT NAME",
        "OFFSET 0 10 0| OFFSET 0 10| line 8: 'OFFSET 0 10', expected OFFSET X Y Z",
        "OFFSET 0 10 0| OFFSET 0 ten 0| line 8: value 3 'ten' is no number",
        "OFFSET 0 10 0| OFFSET 0 NaN 0| line 8: value 3 'NaN' is no number",
        "OFFSET 0 10 0| OFFSET 0 1e9 0| line 8: value 3 '1e9' is no number within 1000000",
        "JOINT Arm| JOINT Hips| line 6: the joint 'Hips' is there twice",
        "CHANNELS 3 Z| CHANNELS 4 Z| line 9: 'CHANNELS 4 Zrotation Xrotation Yrotation', expected"
            + " CHANNELS",
        "CHANNELS 3 Z| CHANNELS 3 W| line 9: the channel 'Wrotation' is none of",
        "CHANNELS 3 Zrotation X| CHANNELS 3 Zrotation Z| line 9: the channel Zrotation is there"
            + " twice",
        "CHANNELS 3 Zrotation| CHANNELS 3 Zposition| line 9: the channel Zposition moves a joint that is not"
            + " the root",
        "End Site| END SITE| line 10: 'END SITE', expected JOINT NAME, End Site or }",
        "Frames: 2| Frames: -2| line 17: 'Frames: -2', expected Frames: COUNT",
        "Frames: 2| Frames: 0| line 17: there is no frame",
        "Frames: 2| Frames: 900000000| line 20: the file ends here, expected frame 3 of 900000000",
        "Time: 0.1| Time: -1| line 18: the frame time -1 is negative",
        "0 0 0 90 90 0 0 0 90| 0 0 0 90 90 0 0 0| line 20: frame 2 of 2 has 8 values, expected one"
            + " for each of the 9 channels",
        "0 0 0 90 90 0 0 0 90| 0 0 0 90 90 0 0 0 9d| line 20: value 9 '9d' is no number",
      })
  void damageIsNamedWithFileAndLine(String good, String bad, String message) throws Exception {
    Path file = file(MadeMotion.TINY.replace(good, bad));
    assertThatThrownBy(() -> Bvh.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tiny.bvh " + message);
  }

  @Test
  void everyCutIsRefused() throws Exception {
    List<String> lines = MadeMotion.TINY.lines().toList();
    for (int n = 0; n < lines.size(); n++) {
      Path file = file(String.join("\n", lines.subList(0, n)));
      assertThatThrownBy(() -> Bvh.read(file)).hasMessageContaining("the file ends here");
    }
  }

  @Test
  void deepTreesAreRefusedWithoutExhaustingTheStack() throws Exception {
    StringBuilder b = new StringBuilder("HIERARCHY\n");
    for (int i = 0; i < 20_000; i++) {
      b.append(i == 0 ? "ROOT" : "JOINT").append(" j").append(i).append("\n{\nOFFSET 0 1 0\n");
      b.append("CHANNELS 0\n");
    }
    Path file = file(b.toString());
    assertThatThrownBy(() -> Bvh.read(file)).hasMessageContaining("more than 1000 joints");
  }
}
