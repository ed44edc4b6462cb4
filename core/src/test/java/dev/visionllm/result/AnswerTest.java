package dev.visionllm.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.Keypoints;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerTest {
  private static final Detection DOG = new Detection("dog", 0.9, new Box(1, 2, 3, 4));

  @Test
  void keepsItsOwnCopy() {
    var findings = new ArrayList<Finding>(List.of(DOG));
    var answer = new Answer("A dog.", findings);
    findings.clear();
    assertThat(answer.detections()).containsExactly(DOG);
  }

  @Test
  void posesKnowTheirPoints() {
    KeypointSet set = KeypointSet.ofList("nose, tail");
    Pose pose = new Pose("dog", 0.8, DOG.box(), set, Keypoints.of(1, 2, 2, 3, 4, 2));
    Answer answer = new Answer("A dog.", List.of(DOG, pose));
    assertThat(answer.poses()).containsExactly(pose);
    assertThat(answer.detections()).containsExactly(DOG);
    assertThatThrownBy(() -> new Pose("dog", 0.8, DOG.box(), set, Keypoints.of(1, 2, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 keypoints");
    assertThatThrownBy(() -> new Pose("dog", 2, DOG.box(), set, pose.keypoints()))
        .hasMessageContaining("0..1");
  }

  @Test
  void refusesScoresThatAreNone() {
    assertThatThrownBy(() -> new Detection("dog", 1.5, DOG.box())).hasMessageContaining("0..1");
    assertThatThrownBy(() -> new Detection("dog", Double.NaN, DOG.box()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
