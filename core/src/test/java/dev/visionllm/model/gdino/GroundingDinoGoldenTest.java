package dev.visionllm.model.gdino;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.nn.DeformableAttention;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.Level;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.PositionEncoding;
import dev.visionllm.nn.Pyramid;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/**
 * Grounding DINO against the reference. Where the class counts of a batch differ the reference
 * mixes up its text masks, so there only the picture's half, the modules and the single run count.
 */
class GroundingDinoGoldenTest {
  private static final double ATOL = 1e-4;
  private static final double MASKS = 4e-5;
  private static final double BOXES = 1e-6; // shares of the picture

  @TestFactory
  Stream<DynamicTest> goldens() {
    return Golden.tests(Golden.Kind.GROUNDING_DINO, GroundingDinoGoldenTest::check);
  }

  private static void check(Golden g) {
    try (Params p = g.weights()) {
      GroundingDino.Config c = Configs.of(g);
      GroundingDino model = new GroundingDino(p.at("gdino"), c);
      Set<String> names = new HashSet<>();
      g.meta().get("weight_shapes").properties().forEach(e -> names.add(e.getKey()));
      assertThat(p.taken().keySet()).containsExactlyInAnyOrderElementsOf(names);
      modules(g, c);
      picture(g, model);
      if (even(g)) {
        batch(g, model);
      }
      single(g, model);
    }
  }

  private static boolean even(Golden g) {
    JsonNode counts = g.meta().get("classes_per_image");
    Set<Integer> different = new HashSet<>();
    counts.forEach(n -> different.add(n.asInt()));
    return different.size() == 1;
  }

  private static void picture(Golden g, GroundingDino model) {
    GroundingDino.Config c = model.config();
    Features f = model.features(g.io("pixel_values"), g.io("pixel_mask"), false);
    for (int i = 0; i < f.maps().size(); i++) {
      g.check("backbone." + i + ".feature", f.maps().get(i), ATOL);
      Tensor map = g.io("backbone." + i + ".feature");
      Tensor mask =
          Pyramid.nearest(g.io("pixel_mask"), new Level((int) map.size(2), (int) map.size(3), 0));
      exact(g, "backbone." + i + ".mask", mask);
      Tensor pos =
          PositionEncoding.image(mask.to(ScalarType.Float), c.hidden() / 2, c.temperature());
      g.check(
          "backbone." + i + ".pos",
          pos.transpose(1, 2).reshape(g.io("backbone." + i + ".pos").shape()),
          ATOL);
    }
    g.check("encoder_in.vision_features", f.vision(), ATOL);
    g.check("encoder_in.vision_position_embedding", f.position(), ATOL);
    exact(g, "encoder_in.vision_attention_mask", f.padding());
    g.check("encoder_in.valid_ratios", f.ratios(), ATOL);
    g.check("deform_enc.reference_points", f.reference(), ATOL);
    g.check("two_stage.output_proposals", f.proposals(), ATOL);
    g.check("text_projected", model.project(g.io("text_query")), ATOL);
  }

  private static void batch(Golden g, GroundingDino model) {
    GroundingDino.Config c = model.config();
    GroundingDino.Output out =
        model.forward(
            g.io("pixel_values"),
            g.io("pixel_mask"),
            g.io("text_query"),
            g.io("text_query_masks"),
            null,
            false);
    String last = "encoder.layer" + (c.encoderLayers() - 1);
    g.check(last + ".vision", out.vision(), ATOL);
    g.check(last + ".text", out.text(), ATOL);
    g.check("two_stage.class_logits", padded(out.tokenLogits(), c), ATOL);
    g.check("two_stage.coord_logits", out.tokenBoxes(), ATOL);
    exact(g, "two_stage.topk_indices", out.chosen());
    g.check("two_stage.topk_class_logits", padded(out.encoder().logits(), c), ATOL);
    g.check("two_stage.init_reference_points", out.encoder().boxes(), ATOL);
    for (int i = 0; i < c.decoderLayers(); i++) {
      g.check("decoder.layer" + i + ".class_logits", padded(out.layers().get(i).logits(), c), ATOL);
      g.check("decoder.layer" + i + ".boxes", out.layers().get(i).boxes(), BOXES);
    }
    g.check("logits", padded(out.last().logits(), c), ATOL);
    g.check("pred_boxes", out.last().boxes(), BOXES);
    detections(g, out.last());
    masks(g, model, out);
  }

  private static void masks(Golden g, GroundingDino model, GroundingDino.Output out) {
    Masks masks = model.masks(out);
    g.check("mask_features", masks.features(), MASKS);
    g.check("two_stage.query_masks", masks.encoder(), MASKS);
    for (int i = 0; i < out.layers().size(); i++) {
      g.check("decoder.layer" + i + ".masks", masks.layer(i), MASKS);
    }
    g.check("pred_masks", masks.last(), MASKS);
    List<Frame> frames = frames(g);
    for (int i = 0; i < frames.size(); i++) {
      instances(g, model, out, frames, i);
    }
    Tensor logits = out.last().logits().select(0, 0);
    for (SemanticMaps.Order order : SemanticMaps.Order.values()) {
      String name = "post_semseg.before" + (order == SemanticMaps.Order.MASKS ? 1 : 0) + ".0";
      LabelMap map =
          new SemanticMaps(order, 0).of(logits, masks.last().select(0, 0), frames.get(0));
      assertThat(Arrays.stream(map.labels()).asLongStream().toArray())
          .as(name)
          .isEqualTo(Tensors.longs(g.io(name)));
      System.out.printf("%-32s %-36s exact%n", g.name(), name);
    }
  }

  private static void instances(
      Golden g, GroundingDino model, GroundingDino.Output out, List<Frame> frames, int i) {
    String at = "post_instseg." + i;
    int most = (int) g.io(at + ".scores").size(0);
    List<Instance> found = new Instances(new Detections(most, 0)).of(model, out, frames).get(i);
    assertThat(found.stream().mapToLong(f -> f.detection().classIndex()).toArray())
        .as(at + ".labels")
        .isEqualTo(Tensors.longs(g.io(at + ".labels")));
    same(g, at, found.stream().map(Instance::detection).toList());
    Tensor masks = g.io(at + ".masks");
    for (int j = 0; j < found.size(); j++) {
      assertThat(found.get(j).mask().toMask().bits())
          .as(at + ".masks " + j)
          .isEqualTo(Tensors.booleans(masks.select(0, j)));
    }
    System.out.printf("%-32s %-36s exact%n", g.name(), at + ".masks");
  }

  private static List<Frame> frames(Golden g) {
    List<Detections.Size> original = sizes(g, "target_sizes");
    List<Detections.Size> resized = sizes(g, "image_sizes");
    return IntStream.range(0, original.size())
        .mapToObj(i -> new Frame(original.get(i), resized.get(i)))
        .toList();
  }

  private static List<Detections.Size> sizes(Golden g, String name) {
    List<Detections.Size> sizes = new ArrayList<>();
    g.meta()
        .get(name)
        .forEach(s -> sizes.add(new Detections.Size(s.get(1).asInt(), s.get(0).asInt())));
    return sizes;
  }

  private static void same(Golden g, String at, List<Detection> found) {
    float[] scores = new float[found.size()];
    float[] boxes = new float[4 * found.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = (float) found.get(i).score();
      boxes[4 * i] = (float) found.get(i).box().x0();
      boxes[4 * i + 1] = (float) found.get(i).box().y0();
      boxes[4 * i + 2] = (float) found.get(i).box().x1();
      boxes[4 * i + 3] = (float) found.get(i).box().y1();
    }
    g.check(at + ".scores", Tensors.of(scores, scores.length), ATOL);
    g.check(at + ".boxes", Tensors.of(boxes, scores.length, 4), ATOL);
  }

  private static void detections(Golden g, GroundingDino.Prediction last) {
    List<Detections.Size> sizes = sizes(g, "target_sizes");
    int most = (int) g.io("post_det.thr0.0.0.scores").size(0);
    for (String name : g.io().entries().keySet()) {
      Matcher m = Pattern.compile("post_det\\.thr([\\d.]+)\\.(\\d+)\\.scores").matcher(name);
      if (m.matches()) {
        Detections settings = new Detections(most, Double.parseDouble(m.group(1)));
        List<Detection> found = settings.of(last, sizes).get(Integer.parseInt(m.group(2)));
        String at = name.substring(0, name.lastIndexOf('.'));
        assertThat(found.stream().mapToLong(Detection::classIndex).toArray())
            .as(at + ".labels")
            .isEqualTo(Tensors.longs(g.io(at + ".labels")));
        same(g, at, found);
      }
    }
  }

  private static void single(Golden g, GroundingDino model) {
    JsonNode size = g.meta().get("image_sizes").get(0);
    Tensor pixels = F.slice(g.io("pixel_values"), 0, 0, 1);
    pixels = F.slice(F.slice(pixels, 2, 0, size.get(0).asInt()), 3, 0, size.get(1).asInt());
    int classes = g.meta().get("classes_per_image").get(0).asInt();
    Tensor text = F.slice(F.slice(g.io("text_query"), 0, 0, 1), 1, 0, classes);
    Tensor mask = F.slice(g.io("pixel_mask"), 0, 0, 1);
    mask = F.slice(F.slice(mask, 1, 0, size.get(0).asInt()), 2, 0, size.get(1).asInt());
    GroundingDino.Output out = model.forward(pixels, mask, text, null, null, false);
    exact(g, "single0.topk_indices", out.chosen());
    g.check("single0.logits", padded(out.last().logits(), model.config()), ATOL);
    g.check("single0.pred_boxes", out.last().boxes(), BOXES);
    g.check("single0.pred_masks", model.masks(out).last(), MASKS);
  }

  private static void modules(Golden g, GroundingDino.Config c) {
    Tensor value = g.io("msda.value"); // (b, n, heads, k)
    Tensor weights = g.io("msda.attention_weights");
    g.check(
        "msda.output",
        DeformableAttention.sample(
            value.flatten(2, -1),
            levels(g.io("msda.spatial_shapes")),
            value.size(2),
            F.scale(g.io("msda.sampling_locations"), 2).sub(new Scalar(1)),
            weights.flatten(3, -1)),
        ATOL);
    try (Params p = g.weights()) {
      Params m = p.at("gdino.model");
      deformable(
          g,
          "deform_enc",
          new DeformableAttention(
              m.at("encoder.layers.0.deformable_layer.self_attn"),
              c.hidden(),
              c.encoderHeads(),
              c.levels(),
              c.encoderPoints()));
      deformable(
          g,
          "deform_dec",
          new DeformableAttention(
              m.at("decoder.layers.0.encoder_attn"),
              c.hidden(),
              c.decoderHeads(),
              c.levels(),
              c.decoderPoints()));
    }
  }

  private static void deformable(Golden g, String name, DeformableAttention module) {
    g.check(
        name + ".output",
        module.forward(
            g.io(name + ".hidden_states").add(g.io(name + ".position_embeddings")),
            g.io(name + ".encoder_hidden_states"),
            g.io(name + ".attention_mask").logical_not(),
            g.io(name + ".reference_points"),
            levels(g.io(name + ".spatial_shapes"))),
        ATOL);
  }

  private static List<Level> levels(Tensor shapes) {
    long[] hw = Tensors.longs(shapes);
    List<Level> levels = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < hw.length; i += 2) {
      levels.add(new Level((int) hw[i], (int) hw[i + 1], start));
      start = levels.get(levels.size() - 1).end();
    }
    return levels;
  }

  /** The reference pads classes to those of a whole pass. */
  private static Tensor padded(Tensor logits, GroundingDino.Config c) {
    return torch.constant_pad_nd(
        logits,
        new long[] {0, c.maxTextLen() - logits.size(2)},
        new Scalar(Double.NEGATIVE_INFINITY));
  }

  private static void exact(Golden g, String name, Tensor actual) {
    assertThat(Tensors.longs(actual)).as(name).isEqualTo(Tensors.longs(g.io(name)));
    System.out.printf("%-32s %-36s exact%n", g.name(), name);
  }
}
