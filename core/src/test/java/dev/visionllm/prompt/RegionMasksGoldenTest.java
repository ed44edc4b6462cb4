package dev.visionllm.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.prompt.VisualPrompt.BoxPrompt;
import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Boxes to masks and masks to boxes as the reference's datasets/utils.py. */
class RegionMasksGoldenTest {

  @TestFactory
  Stream<DynamicTest> boxesAndMasks() {
    return Golden.tests(Golden.Kind.PREPROCESSING, RegionMasksGoldenTest::check);
  }

  private static void check(Golden golden) {
    long[] shape = golden.io("boxes_to_masks.masks").shape();
    int h = (int) shape[1];
    int w = (int) shape[2];
    float[] boxes = Tensors.floats(golden.io("boxes_to_masks.boxes"));
    boolean[] masks = Tensors.booleans(golden.io("boxes_to_masks.masks"));
    float[] bounds = Tensors.floats(golden.io("masks_to_boxes"));
    for (int i = 0; i < shape[0]; i++) {
      Box box = new Box(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]);
      Mask expected = Mask.of(w, h, Arrays.copyOfRange(masks, i * w * h, (i + 1) * w * h));
      assertThat(BoxPrompt.touched(box, w, h)).as("mask of " + box).isEqualTo(expected);
      assertThat(expected.bounds())
          .isEqualTo(
              new Box(bounds[4 * i], bounds[4 * i + 1], bounds[4 * i + 2], bounds[4 * i + 3]));
    }
    System.out.printf("%-32s %-36s max abs diff 0%n", golden.name(), "boxes_to_masks");
  }
}
