package dev.visionllm.model.gdino;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The predictions a training step's losses see, with the reference's denoising queries. */
class GroundingDinoTrainingGoldenTest {
  @TestFactory
  Stream<DynamicTest> goldens() {
    return Golden.tests(Golden.Kind.GROUNDING_DINO_LOSS, GroundingDinoTrainingGoldenTest::check);
  }

  private static void check(Golden g) {
    Set<Integer> counts = new HashSet<>();
    g.meta().get("classes_per_image").forEach(n -> counts.add(n.asInt()));
    if (counts.size() > 1) {
      return; // the reference mixes up the text masks of images with different class counts
    }
    try (Params p = g.weights()) {
      GroundingDino model = new GroundingDino(p.at("gdino"), Configs.of(g));
      Tensor content = g.io("dn.input_query_label"); // (b, n, d)
      int groups = (int) Tensors.longs(g.io("dn.dn_num"))[0];
      Denoising denoising =
          new Denoising(
              groups,
              Math.toIntExact(content.size(1) / groups / 2),
              labels(content, model.project(g.io("text_query"))),
              g.io("dn.input_query_bbox_logit"),
              g.io("dn.attn_mask"));
      GroundingDino.Output out =
          model.forward(
              g.io("pixel_values"),
              g.io("pixel_mask"),
              g.io("text_query"),
              g.io("text_query_masks"),
              denoising,
              true);
      assertThat(Tensors.longs(out.chosen()))
          .isEqualTo(Tensors.longs(g.io("two_stage.topk_indices")));
      Masks masks = model.masks(out);
      int last = out.layers().size() - 1;
      g.check("pred.last.pred_masks", masks.last(), 7e-5);
      g.check("pred.enc.pred_masks", masks.encoder(), 7e-5);
      for (int i = 0; i < last; i++) {
        g.check("pred.aux" + i + ".pred_masks", masks.layer(i), 7e-5);
      }
      prediction(g, "pred.last", out.last(), model);
      prediction(g, "pred.enc", out.encoder(), model);
      prediction(g, "pred.dn.last", out.denoising().get(last), model);
      for (int i = 0; i < last; i++) {
        prediction(g, "pred.aux" + i, out.layers().get(i), model);
        prediction(g, "pred.dn.aux" + i, out.denoising().get(i), model);
      }
    }
  }

  /** Which class each denoising query was made from, -1 where there is none: (b, n). */
  private static Tensor labels(Tensor content, Tensor text) {
    Tensor apart = content.unsqueeze(2).sub(text.unsqueeze(1)).abs().amax(new long[] {-1}, false);
    Tensor none = content.abs().amax(new long[] {-1}, false).eq(new Scalar(0.0));
    return F.fill(F.topIndices(apart.neg(), 1).squeeze(-1), none, -1);
  }

  private static void prediction(
      Golden g, String name, GroundingDino.Prediction p, GroundingDino model) {
    Tensor logits =
        torch.constant_pad_nd(
            p.logits(),
            new long[] {0, model.config().maxTextLen() - p.logits().size(2)},
            new Scalar(Double.NEGATIVE_INFINITY));
    g.check(name + ".logits", logits, 1e-4);
    g.check(name + ".pred_boxes", p.boxes(), 1e-4);
  }
}
