package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Keypoints.Point;
import dev.visionllm.result.Pose;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class PoseJsonTest {
  private static Pose pose(String label, KeypointSet set) {
    List<Point> points =
        IntStream.range(0, set.size()).mapToObj(i -> new Point(i + .25, 2 * i, 2)).toList();
    return new Pose(label, .5, new Box(1, 2, 31, 42), set, new Keypoints(points));
  }

  private static final Pose PERSON = pose("person", KeypointSets.COCO);

  @Test
  void cocoFilesAreReadBack(@TempDir Path dir) throws IOException {
    Pose cat = pose("cat", KeypointSets.AP_10K);
    ObjectNode set = PoseJson.cocoDataset("a.png", 64, 48, List.of(PERSON, cat, PERSON));
    Path truths = Files.writeString(dir.resolve("truths.json"), set.toString());
    CocoJson read = CocoJson.truths(truths);
    assertThat(read.categories()).isEqualTo(Map.of(1L, "person", 2L, "cat"));
    assertThat(read.poses()).hasSize(3);
    assertThat(read.poses().get(1).shape().keypoints()).isEqualTo(cat.keypoints());
    JsonNode person = set.get("categories").get(0);
    assertThat(person.get("keypoints").size()).isEqualTo(17);
    assertThat(person.get("skeleton").get(0).get(0).asInt()).isEqualTo(16); // left ankle, from 1

    String results = PoseJson.cocoResults(1, Map.of("person", 1L), List.of(PERSON)).toString();
    Path guesses = Files.writeString(dir.resolve("guesses.json"), results);
    assertThat(read.poses(guesses).get(0).shape().keypoints()).isEqualTo(PERSON.keypoints());
    assertThatThrownBy(() -> PoseJson.cocoResults(1, Map.of("dog", 1L), List.of(PERSON)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'person'");
  }

  @Test
  void openPoseHasItsOwnOrder() {
    JsonNode body =
        PoseJson.openPose(List.of(PERSON)).get("people").get(0).get("pose_keypoints_2d");
    assertThat(body.size()).isEqualTo(75);
    assertThat(xyc(body, 0)).containsExactly(.25, 0, .5);
    assertThat(xyc(body, 1))
        .as("neck, between the shoulders 5 and 6")
        .containsExactly(5.75, 11, .5);
    assertThat(xyc(body, 4)).as("right wrist").containsExactly(10.25, 20, .5);
    assertThat(xyc(body, 8)).as("mid hip").containsExactly(11.75, 23, .5);
    assertThat(xyc(body, 18)).as("left ear").containsExactly(3.25, 6, .5);
    assertThat(xyc(body, 19)).as("toes are not known").containsExactly(0, 0, 0);
    JsonNode crowd =
        PoseJson.openPose(List.of(pose("person", KeypointSets.CROWD_POSE)))
            .get("people")
            .get(0)
            .get("pose_keypoints_2d");
    assertThat(xyc(crowd, 1)).as("its own neck").containsExactly(13.25, 26, .5);
    assertThat(xyc(crowd, 0)).as("no nose").containsExactly(0, 0, 0);
  }

  @Test
  void facesAndHandsHaveTheirOwnPlaces() {
    JsonNode people =
        PoseJson.openPose(
                List.of(
                    pose("face", KeypointSets.FACE_300W),
                    pose("left hand", KeypointSets.HAND),
                    pose("hand", KeypointSets.HAND)))
            .get("people");
    assertThat(people.get(0).get("face_keypoints_2d").size()).isEqualTo(3 * 70);
    assertThat(people.get(0).get("pose_keypoints_2d").isEmpty()).isTrue();
    assertThat(people.get(1).get("hand_left_keypoints_2d").size()).isEqualTo(3 * 21);
    assertThat(people.get(2).get("hand_left_keypoints_2d").isEmpty()).isTrue();
    assertThat(people.get(2).get("hand_right_keypoints_2d").size()).isEqualTo(3 * 21);
    for (KeypointSet set : List.of(KeypointSets.FLY, KeypointSet.ofList("horn, wing"))) {
      assertThatThrownBy(() -> PoseJson.openPose(List.of(pose("beetle", set))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("(beetle)");
    }
  }

  private static double[] xyc(JsonNode list, int point) {
    return IntStream.range(3 * point, 3 * point + 3)
        .mapToDouble(i -> list.get(i).asDouble())
        .toArray();
  }
}
