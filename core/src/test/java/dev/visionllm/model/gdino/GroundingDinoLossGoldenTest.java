package dev.visionllm.model.gdino;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Training of Grounding DINO against the reference: denoising, matching, losses, gradients. */
class GroundingDinoLossGoldenTest {
  @TestFactory
  Stream<DynamicTest> denoisingQueries() {
    return Golden.tests(
        Golden.Kind.GROUNDING_DINO_LOSS,
        g -> {
          Denoising dn = denoising(g);
          assertThat(dn.groups()).isEqualTo((int) Tensors.longs(g.io("dn.dn_num"))[0]);
          assertThat(2 * dn.slots()).isEqualTo((int) Tensors.longs(g.io("dn.single_padding"))[0]);
          assertThat(Tensors.booleans(dn.mask())).isEqualTo(Tensors.booleans(g.io("dn.attn_mask")));
          g.check("dn.input_query_bbox_logit", dn.boxes(), 1e-5);
          g.check("dn.input_query_label", dn.content(text(g)), 1e-5);
        });
  }

  private static Denoising denoising(Golden g) {
    Denoising.Settings settings =
        new Denoising.Settings(
            g.meta().get("dn_number").asInt(),
            g.meta().get("label_noise_ratio").asDouble(),
            g.meta().get("box_noise_scale").asDouble());
    Denoising.Noise noise =
        new Denoising.Noise(
            Tensors.floats(g.io("draw.000.rand_like")),
            Tensors.longs(g.io("draw.001.randint_like")),
            Tensors.floats(g.io("draw.002.randint_like")),
            Tensors.floats(g.io("draw.003.rand_like")));
    return Denoising.of(targets(g), settings, g.config("num_queries").asInt(), noise);
  }

  private static List<Target> targets(Golden g) {
    List<Target> targets = new ArrayList<>();
    for (int i = 0; g.has("target." + i + ".class_labels_raw"); i++) {
      Map<Long, Integer> positions = new HashMap<>();
      g.meta()
          .get("id2index")
          .get(i)
          .properties()
          .forEach(e -> positions.put(Long.valueOf(e.getKey()), e.getValue().asInt()));
      long[] ids = Tensors.longs(g.io("target." + i + ".class_labels_raw"));
      float[] flat = Tensors.floats(g.io("target." + i + ".boxes_cxcywh"));
      float[][] boxes = new float[ids.length][4];
      for (int j = 0; j < flat.length; j++) {
        boxes[j / 4][j % 4] = flat[j];
      }
      Target target = Target.of(ids, positions, boxes);
      assertThat(target.classes())
          .isEqualTo(
              Stream.of(Tensors.longs(g.io("target." + i + ".class_index")))
                  .flatMapToLong(java.util.Arrays::stream)
                  .mapToInt(v -> (int) v)
                  .toArray());
      targets.add(target);
    }
    return targets;
  }

  /** patch2query by hand: a ReLU MLP per embedding, then the mean over embeddings. */
  private static Tensor text(Golden g) {
    Tensor x = g.io("text_query");
    dev.visionllm.nn.Params p = g.weights().at("gdino").at("patch2query").at("layers");
    long in = x.size(3);
    long d = g.config("d_model").asLong();
    for (int i = 0; i < 3; i++) {
      x = new dev.visionllm.nn.Linear(p.at(i), in, d).forward(x);
      x = i < 2 ? torch.relu(x) : x;
      in = d;
    }
    return F.mean(x, -2);
  }
}
