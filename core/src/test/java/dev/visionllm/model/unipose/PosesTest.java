package dev.visionllm.model.unipose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class PosesTest {
  private static final float NONE = Float.NEGATIVE_INFINITY;

  /** Two pictures of two groups, three classes (the second picture's third is padding), 3 slots. */
  private static UniPose.Prediction prediction() {
    float[] logits = {-1, 2, 0, 3, -2, 1, 0.5f, -3, NONE, 20, 21, NONE};
    float[] boxes = new float[16];
    float[] points = new float[24];
    for (int i = 0; i < 16; i++) {
      boxes[i] = i % 4 < 2 ? 0.5f : 0.1f * (1 + i / 4);
    }
    for (int i = 0; i < 24; i++) {
      points[i] = i / 24f;
    }
    return new UniPose.Prediction(
        Tensors.of(logits, 2, 2, 3), Tensors.of(boxes, 2, 2, 4), Tensors.of(points, 2, 2, 3, 2));
  }

  private static final List<Poses.Size> SIZES =
      List.of(new Poses.Size(200, 100), new Poses.Size(48, 24));

  @Test
  void everyPairOfGroupAndClassIsRanked() {
    try (var scope = TensorScope.open()) {
      List<List<Pose>> found = new Poses(100, 0).of(prediction(), List.of(3, 2), SIZES);
      assertThat(found.get(0).stream().map(Pose::classIndex)).containsExactly(0, 1, 2, 2, 0, 1);
      // scores of 20 and 21 are equal in fp32 when rounded to 1; the order is the logits'
      assertThat(found.get(1).stream().map(Pose::classIndex)).containsExactly(1, 0, 0, 1);
      Pose best = found.get(0).get(0); // the second group
      assertThat(best.score()).isCloseTo(1 / (1 + Math.exp(-3)), Offset.offset(1e-6));
      assertThat(best.box().x0()).isCloseTo(80, Offset.offset(1e-4));
      assertThat(best.box().y1()).isCloseTo(60, Offset.offset(1e-4));
      Keypoints.Point first = best.keypoints().points().get(0);
      assertThat(first.x()).isCloseTo(200 * 6 / 24., Offset.offset(1e-4));
      assertThat(first.y()).isCloseTo(100 * 7 / 24., Offset.offset(1e-4));
      assertThat(first.visibility()).isEqualTo(2);
      assertThat(best.keypoints().points()).hasSize(3);
      assertThat(found.get(1)).allMatch(p -> p.keypoints().points().size() == 2);
      Keypoints.Point last = found.get(1).get(0).keypoints().points().get(1); // group 3, slot 1
      assertThat(last.x()).isCloseTo(48 * 20 / 24., Offset.offset(1e-4));
    }
  }

  @Test
  void whatOverlapsABetterPoseOfItsClassGoes() {
    Pose second = pose(0, 0, 0.5, 0);
    Pose best = pose(0, 0, 0.9, 2); // IoU 8 / 12 with the second
    Pose otherClass = pose(0, 1, 0.4, 2);
    Pose otherRequest = pose(1, 0, 0.3, 2);
    Pose beside = pose(0, 0, 0.2, 20);
    List<Pose> all = List.of(second, best, beside, otherRequest, otherClass);
    assertThat(new Poses(100, 0, 0.66).best(all))
        .containsExactly(best, otherClass, otherRequest, beside);
    assertThat(new Poses(100, 0, 0.67).best(all))
        .containsExactly(best, second, otherClass, otherRequest, beside);
    assertThat(new Poses(2, 0, 0.66).best(all)).containsExactly(best);
    assertThat(new Poses(2, 0).best(all)).containsExactly(best, second);
  }

  private static Pose pose(int request, int classIndex, double score, double x) {
    Keypoints none = new Keypoints(List.of());
    return new Pose(request, classIndex, score, new Box(x, 0, x + 10, 10), none);
  }

  @Test
  void limitsHold() {
    try (var scope = TensorScope.open()) {
      assertThat(new Poses(3, 0).of(prediction(), List.of(3, 3), SIZES).get(0)).hasSize(3);
      assertThat(new Poses(100, 0.7).of(prediction(), List.of(3, 3), SIZES).get(0))
          .extracting(Pose::classIndex)
          .containsExactly(0, 1, 2);
      assertThatThrownBy(() -> Poses.COCO.of(prediction(), List.of(3), SIZES))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("2 pictures");
      assertThatThrownBy(() -> new Poses(0, 0)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new Poses(1, Double.NaN))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new Poses(1, 0, 1.5))
          .hasMessage(
              "poses need most >= 1, a threshold and an overlap of 0 to 1, not 1, 0.0, 1.5");
    }
  }
}
