package dev.visionllm.model.gdino;

import dev.visionllm.Golden;
import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** What golden folders of training steps hold of targets and draws. */
public final class GoldenTargets {
  private GoldenTargets() {}

  /** The objects of a folder's picture. */
  public static Target of(Golden g, int picture) {
    Map<Long, Integer> positions = new HashMap<>();
    g.meta()
        .get("id2index")
        .get(picture)
        .properties()
        .forEach(e -> positions.put(Long.valueOf(e.getKey()), e.getValue().asInt()));
    String at = "target." + picture + ".";
    float[] flat = Tensors.floats(g.io(at + "boxes_cxcywh"));
    float[][] boxes = new float[flat.length / 4][];
    for (int j = 0; j < boxes.length; j++) {
      boxes[j] = Arrays.copyOfRange(flat, 4 * j, 4 * j + 4);
    }
    return Target.of(Tensors.longs(g.io(at + "class_labels_raw")), positions, boxes);
  }

  /** The first draws of a step, which are those of its denoising queries. */
  public static Denoising.Noise noise(Golden g, String prefix) {
    return new Denoising.Noise(
        Tensors.floats(g.io(prefix + "draw.000.rand_like")),
        Tensors.longs(g.io(prefix + "draw.001.randint_like")),
        Tensors.floats(g.io(prefix + "draw.002.randint_like")),
        Tensors.floats(g.io(prefix + "draw.003.rand_like")));
  }
}
