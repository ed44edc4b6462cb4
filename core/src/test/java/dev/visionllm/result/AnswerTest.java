package dev.visionllm.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
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

  @Test
  void segmentsKnowTheirPixels() {
    var mask = Mask.of(6, 5, new Box(1, 2, 3, 4));
    var cat = new Segment("cat", 0.5, new Box(1, 2, 3, 4), Rle.of(mask), 0.75);
    assertThat(cat.mask()).isEqualTo(mask);
    assertThat(cat.outlines().rings()).hasSize(1);
    assertThat(cat.outlines().toMask()).isEqualTo(mask);
    assertThat(cat.detection()).isEqualTo(new Detection("cat", 0.5, cat.box()));
    var answer = new Answer("Both.", List.of(DOG, cat));
    assertThat(answer.detections()).containsExactly(DOG);
    assertThat(answer.findings(Segment.class)).containsExactly(cat);
    assertThatThrownBy(() -> new Segment("cat", 0.5, cat.box(), cat.rle(), 1.5))
        .hasMessageContaining("certainty 1.5");
  }
}
