package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.image.Raster;
import dev.visionllm.result.Pose;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PoseSuiteTest {
  private static final double[] STICK = {10, 10, 2, 20, 20, 2};
  private static final double[] TRIANGLE = {5, 5, 2, 25, 5, 1, 15, 25, 2};

  @TempDir Path dir;

  /** Knows both figures. @param off how far the first point of each is off */
  private record Posing(double off) implements FakeSubject {
    @Override
    public List<Pose> pose(Raster picture, Map<String, KeypointSet> sets) {
      assertThat(sets.keySet()).containsExactlyInAnyOrder("stick", "triangle");
      return picture.equals(TinyWorld.a())
          ? List.of(pose("stick", sets, STICK))
          : List.of(pose("triangle", sets, TRIANGLE));
    }

    private Pose pose(String label, Map<String, KeypointSet> sets, double[] xyv) {
      var moved = xyv.clone();
      moved[0] += off;
      return new Pose(label, .8, new Box(0, 0, 9, 9), sets.get(label), Keypoints.of(moved));
    }
  }

  private TinyWorld world() throws IOException {
    var world = TinyWorld.write(dir);
    world.file(
        "keypoints.json",
        """
        {"images": [{"id": 1, "file_name": "images/a.png", "width": 32, "height": 32},
                    {"id": 2, "file_name": "images/b.png", "width": 32, "height": 32}],
         "annotations": [
           {"id": 1, "image_id": 1, "category_id": 5, "bbox": [5, 5, 20, 20], "area": 2000,
            "iscrowd": 0, "num_keypoints": 2, "keypoints": [10, 10, 2, 20, 20, 2]},
           {"id": 2, "image_id": 2, "category_id": 6, "bbox": [5, 5, 20, 20], "area": 2000,
            "iscrowd": 0, "num_keypoints": 3, "keypoints": [5, 5, 2, 25, 5, 1, 15, 25, 2]},
           {"id": 3, "image_id": 2, "category_id": 6, "bbox": [0, 0, 9, 9], "area": 2000,
            "iscrowd": 0, "num_keypoints": 0, "keypoints": [0, 0, 0, 0, 0, 0, 0, 0, 0]}],
         "categories": [
           {"id": 5, "name": "stick", "keypoints": ["top", "end"], "skeleton": [[1, 2]]},
           {"id": 6, "name": "triangle", "keypoints": ["a", "b", "c"], "skeleton": []}]}
        """);
    return world;
  }

  @Test
  void keypointsOfSeveralSetsAreScored() throws IOException {
    var world = world();
    var perfect = world.run(Suite.POSE, new Posing(0));
    assertThat(perfect).hasSize(10).containsEntry("AR", 1.0);
    assertThat(perfect.get("AP")).isCloseTo(1, within(1e-12));
    var silent =
        new FakeSubject() {
          @Override
          public List<Pose> pose(Raster picture, Map<String, KeypointSet> sets) {
            return List.of();
          }
        };
    assertThat(world.run(Suite.POSE, silent)).containsEntry("AP", 0.0);
    // one point far off: similarities of 1/2 and 2/3, enough at 1 and at 4 of 10 thresholds
    var rows = world.run(Suite.POSE, new Posing(1e4));
    assertThat(rows.get("AP")).isCloseTo((.1 + .4) / 2, within(1e-12));
    assertThat(rows.get("AP50")).isCloseTo(1, within(1e-12));
    assertThat(rows).containsEntry("AP75", 0.0);
  }

  @Test
  void missingDataIsNamed() throws IOException {
    var world = TinyWorld.write(dir);
    assertThatThrownBy(() -> Suite.POSE.open(world.open()))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("has no keypoints.json");
    world.file(
        "keypoints.json",
        """
        {"images": [], "annotations": [], "categories": [
           {"id": 5, "name": "hand", "keypoints": ["a"]},
           {"id": 6, "name": "hand", "keypoints": ["a"]}]}
        """);
    assertThatThrownBy(() -> Suite.POSE.open(world.open()))
        .hasMessageContaining("keypoints.json")
        .hasMessageContaining("same name");
  }

  @Test
  void falloffsGoByPosition() {
    assertThat(KeypointSets.sigmasByPosition(2)).containsExactly(.026, .025);
    assertThat(KeypointSets.sigmasByPosition(19)).startsWith(.026).endsWith(.089, .025, .025);
  }
}
