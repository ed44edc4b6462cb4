package dev.visionllm.model.unipose;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.nn.DeformableAttention;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.Level;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.PositionEncoding;
import dev.visionllm.nn.Pyramid;
import dev.visionllm.nn.TextMasks;
import dev.visionllm.tensor.Tensors;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/**
 * UniPose against the reference. Where the numbers of classes of a batch differ the reference mixes
 * up its text masks; ours are the image's own, as the single run shows. To check the rest of such a
 * batch this test mixes up the masks too.
 */
class UniPoseGoldenTest {
  private static final double ATOL = 5e-5;
  private static final double PLACES = 3e-6;

  /** Scores nearer than this may be equal up to the rounding of fp32. */
  private static final double SCORE_STEP = 2e-7;

  /** What an image of a batch asks for, without padding. */
  private record Asked(Tensor classes, Tensor classMask, Tensor points, Tensor pointMask) {}

  @TestFactory
  Stream<DynamicTest> goldens() {
    return Golden.tests(Golden.Kind.UNIPOSE, UniPoseGoldenTest::check);
  }

  private static void check(Golden g) {
    UniPose.Config c = Configs.of(g.meta().get("swin"), g.meta().get("config"));
    module(g, c);
    try (Params p = g.weights()) {
      UniPose model = new UniPose(p.at("unipose"), c);
      Set<String> names = new HashSet<>();
      g.meta().get("weight_shapes").properties().forEach(e -> names.add(e.getKey()));
      assertThat(p.taken().keySet()).containsExactlyInAnyOrderElementsOf(names);
      Features f = picture(g, model);
      Asked asked = asked(g, model);
      g.check("encoded_text_in", asked.classes(), ATOL);
      mask(g, c.groups());
      batch(g, model, f, asked, even(g));
      single(g, model, asked);
    }
  }

  private static boolean even(Golden g) {
    Set<Integer> different = new HashSet<>();
    g.meta().get("num_obj").forEach(n -> different.add(n.asInt()));
    return different.size() == 1;
  }

  private static Features picture(Golden g, UniPose model) {
    Tensor valid = g.io("padding_mask").logical_not();
    Features f = model.features(g.io("pixel_values"), valid, false);
    UniPose.Config c = model.config();
    for (int i = 0; i < f.maps().size(); i++) {
      String at = "backbone." + i;
      g.check(at + ".feature", f.maps().get(i), ATOL);
      Tensor map = f.maps().get(i);
      Tensor mask = Pyramid.nearest(valid, new Level((int) map.size(2), (int) map.size(3), 0));
      exact(g, at + ".mask", mask.logical_not());
      Tensor pos =
          PositionEncoding.image(mask.to(ScalarType.Float), c.hidden() / 2, c.temperature());
      g.check(at + ".pos", pos.transpose(1, 2).reshape(g.io(at + ".pos").shape()), ATOL);
    }
    for (int i = 0; i < f.levels().size(); i++) {
      Level level = f.levels().get(i);
      Tensor tokens = F.slice(f.vision(), 1, level.start(), level.end());
      Tensor expected = g.io("srcs." + i);
      g.check("srcs." + i, tokens.transpose(1, 2).reshape(expected.shape()), ATOL);
      Tensor padding = F.slice(f.padding(), 1, level.start(), level.end());
      exact(g, "masks." + i, padding);
    }
    return f;
  }

  /** The reference pads keypoints to 100; a pose has 68 slots. */
  private static Asked asked(Golden g, UniPose model) {
    int slots = model.config().groups().slots();
    Tensor points = model.projectPoints(F.slice(g.io("text.kpt_querys"), 1, 0, slots));
    Tensor mask = F.slice(g.io("text.kpt_query_masks"), 1, 0, slots);
    Tensor own = F.fill(points, mask.logical_not().unsqueeze(-1), 0);
    g.check("kpt_embed", own, ATOL);
    return new Asked(
        model.projectClasses(g.io("text.obj_querys")), g.io("text.obj_query_masks"), points, mask);
  }

  private static void mask(Golden g, PoseGroups groups) {
    Tensor points = F.slice(g.io("text.kpt_query_masks"), 1, 0, groups.slots());
    Tensor box = F.slice(points, 1, 0, 1).logical_or(F.slice(points, 1, 0, 1).logical_not());
    Tensor hidden = groups.hidden(F.cat(1, box, points));
    exact(g, "attn_mask2.row_true_count", F.sum(hidden, 2));
    exact(g, "attn_mask2.col_true_count", F.sum(hidden, 1));
    exact(g, "attn_mask2.rows", hidden.index_select(1, g.io("attn_mask2.rows_index")));
    for (int i = 0; i < hidden.size(0); i++) {
      assertThat(md5(hidden.select(0, i)))
          .isEqualTo(g.meta().get("attn_mask2_md5_per_image").get(i).asString());
    }
  }

  private static String md5(Tensor bools) {
    boolean[] values = Tensors.booleans(bools);
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (values[i] ? 1 : 0);
    }
    try {
      byte[] digest = MessageDigest.getInstance("MD5").digest(bytes);
      return String.format("%032x", new BigInteger(1, digest));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void batch(Golden g, UniPose model, Features f, Asked asked, boolean even) {
    UniPose.Output out =
        even
            ? model.decode(
                f,
                asked.classes(),
                asked.classMask(),
                asked.points(),
                asked.pointMask(),
                null,
                false)
            : mixedUp(model, f, asked);
    g.check("encoder.memory", out.vision(), ATOL);
    g.check("encoder.memory_text", out.text(), ATOL);
    exact(g, "two_stage.topk_indices", out.chosen());
    g.check("two_stage.refpoint_sigmoid", out.encoder().boxes(), PLACES);
    exact(g, "pose_select.topk_indices", out.poses().transpose(0, 1).contiguous());
    int length = model.config().groups().length();
    for (int i = 0; i < out.layers().size(); i++) {
      Tensor state = out.states().get(i);
      Tensor reference = out.references().get(i);
      long stored = g.io("decoder.hs." + i).size(1);
      g.check("decoder.hs." + i, F.slice(state, 1, 0, stored), ATOL);
      g.check("decoder.ref_in." + i, F.slice(reference, 1, 0, stored), PLACES);
      if (i >= model.config().boxLayers()) {
        g.check("decoder.hs_box." + i, boxes(state, length), ATOL);
        g.check("decoder.ref_in_box." + i, boxes(reference, length), PLACES);
      }
    }
    g.check("pred_logits", out.last().logits(), ATOL);
    g.check("pred_boxes", out.last().boxes(), PLACES);
    keypoints(g, "pred_keypoints", out.last());
    poses(g, out.last());
  }

  /**
   * As the reference runs a batch with different numbers of classes: attention head h of image i
   * gets the mask of image (i * heads + h) modulo b.
   */
  private static UniPose.Output mixedUp(UniPose model, Features f, Asked asked) {
    Tensor absent = asked.classMask().logical_not();
    TextMasks own = TextMasks.of(asked.classes(), absent);
    int b = (int) absent.size(0);
    int heads = model.config().heads() / 2;
    List<Tensor> rows = new ArrayList<>();
    for (int i = 0; i < b; i++) {
      List<Tensor> mixed = new ArrayList<>();
      for (int h = 0; h < heads; h++) {
        mixed.add(own.self().select(0, (i * heads + h) % b)); // (1, p, p)
      }
      rows.add(F.cat(0, mixed));
    }
    TextMasks masks = new TextMasks(own.position(), own.keys(), F.stack(0, rows));
    return model.decode(
        f, asked.classes(), absent, masks, asked.points(), asked.pointMask(), null, false);
  }

  /** The decoder's half of the folders that run the whole model: its queries are given. */
  @TestFactory
  Stream<DynamicTest> decodersOfWholeModels() {
    return Golden.tests(
        Golden.Kind.MLLM_POSE,
        g -> {
          try (Params p = g.weights()) {
            UniPose model =
                new UniPose(
                    p.at("unipose"),
                    Configs.of(g.meta().get("swin"), g.meta().get("unipose_config")));
            Tensor classes = g.io("obj_querys_valid");
            Tensor points = g.io("kpt_querys_valid");
            Features f =
                model.features(g.io("pixel_values"), g.io("padding_mask").logical_not(), false);
            UniPose.Output out =
                mixedUp(
                    model,
                    f,
                    new Asked(
                        model.projectClasses(classes),
                        F.slice(g.io("obj_query_masks"), 1, 0, classes.size(1)),
                        model.projectPoints(points),
                        F.slice(g.io("kpt_query_masks"), 1, 0, points.size(1))));
            exact(g, "two_stage.topk_indices", out.chosen());
            exact(g, "pose_select.topk_indices", out.poses().transpose(0, 1).contiguous());
            g.check("pred_logits_valid", out.last().logits(), ATOL);
            g.check("pred_boxes", out.last().boxes(), PLACES);
            keypoints(g, "pred_keypoints", out.last());
          }
        });
  }

  private static Tensor boxes(Tensor queries, int length) {
    return queries.view(queries.size(0), -1, length, queries.size(2)).select(2, 0);
  }

  /** The reference's row is x, y of all slots and then a constant for each. */
  private static void keypoints(Golden g, String name, UniPose.Prediction p) {
    Tensor xy = p.keypoints().flatten(2, -1);
    Golden.check(g.name(), name, F.slice(g.io(name), 2, 0, xy.size(2)), xy, PLACES);
  }

  private static void poses(Golden g, UniPose.Prediction last) {
    JsonNode post = g.meta().get("post");
    int count = post.get("num_body_points").asInt();
    List<Poses.Size> sizes = new ArrayList<>();
    List<Integer> points = new ArrayList<>();
    for (JsonNode s : g.meta().get("target_sizes")) {
      sizes.add(new Poses.Size(s.get(1).asInt(), s.get(0).asInt()));
      points.add(count);
    }
    long classes = post.get("num_classes").asInt();
    UniPose.Prediction ours = firstClasses(last, classes);
    Tensor xy = F.slice(g.io("pred_keypoints"), 2, 0, 2 * last.keypoints().size(2));
    UniPose.Prediction theirs =
        firstClasses(
            new UniPose.Prediction(
                g.io("pred_logits"), g.io("pred_boxes"), xy.reshape(last.keypoints().shape())),
            classes);
    Poses best = new Poses(post.get("topk").asInt(), 0);
    Poses all = new Poses((int) (classes * ours.boxes().size(1)), 0);
    for (int i = 0; i < sizes.size(); i++) {
      // of the reference's unrounded logits: the same poses in the same order
      same(
          g,
          "ranked." + i,
          best.of(theirs, points, sizes).get(i),
          best.of(ours, points, sizes).get(i));
      ranked(
          g,
          "post.thr0.0." + i,
          best.of(ours, points, sizes).get(i),
          all.of(ours, points, sizes).get(i),
          count);
    }
    for (String name : g.io().entries().keySet()) {
      Matcher m = Pattern.compile("post\\.thr([\\d.]+)\\.(\\d+)\\.scores").matcher(name);
      if (m.matches()) {
        Poses settings = new Poses(best.most(), Double.parseDouble(m.group(1)));
        List<Pose> found = settings.of(ours, points, sizes).get(Integer.parseInt(m.group(2)));
        g.check(name, Tensors.of(scores(found), found.size()), ATOL);
      }
    }
  }

  private static UniPose.Prediction firstClasses(UniPose.Prediction p, long classes) {
    return new UniPose.Prediction(F.slice(p.logits(), 2, 0, classes), p.boxes(), p.keypoints());
  }

  /**
   * The reference ranks by scores, which fp32 rounds to few values near 1; we rank by logits. Each
   * of its rows is one of our candidates, and wherever its scores differ the order is ours.
   */
  private static void ranked(Golden g, String at, List<Pose> best, List<Pose> all, int points) {
    float[] scores = Tensors.floats(g.io(at + ".scores"));
    long[] labels = Tensors.longs(g.io(at + ".labels"));
    float[] boxes = Tensors.floats(g.io(at + ".boxes"));
    float[] xyv = Tensors.floats(g.io(at + ".keypoints"));
    List<Pose> expected = new ArrayList<>();
    List<Pose> matched = new ArrayList<>();
    int[] ranks = new int[scores.length];
    for (int i = 0; i < scores.length; i++) {
      double[] own = new double[3 * points];
      for (int k = 0; k < own.length; k++) {
        own[k] = xyv[i * own.length + k];
      }
      Box box = new Box(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]);
      // the folders map class c to id 10 + c
      Pose row = new Pose(0, (int) labels[i] - 10, scores[i], box, Keypoints.of(own));
      Pose nearest =
          all.stream()
              .filter(p -> p.classIndex() == row.classIndex() && !matched.contains(p))
              .min(Comparator.comparingDouble(p -> distance(p, row)))
              .orElseThrow();
      expected.add(row);
      matched.add(nearest);
      ranks[i] = all.indexOf(nearest);
      for (int j = 0; j < i; j++) {
        assertThat(ranks[j] < ranks[i] || scores[j] - scores[i] < SCORE_STEP)
            .as(at + ": rows " + j + " and " + i + " have our ranks " + ranks[j] + ", " + ranks[i])
            .isTrue();
      }
    }
    assertThat(best).hasSameSizeAs(expected);
    same(g, at, expected, matched);
  }

  private static void same(Golden g, String at, List<Pose> expected, List<Pose> actual) {
    assertThat(actual.stream().map(Pose::classIndex).toList())
        .as(at + ".labels")
        .isEqualTo(expected.stream().map(Pose::classIndex).toList());
    Golden.check(
        g.name(),
        at + ".scores",
        Tensors.of(scores(expected), expected.size()),
        Tensors.of(scores(actual), actual.size()),
        ATOL);
    double worst = 0;
    for (int i = 0; i < expected.size(); i++) {
      worst = Math.max(worst, distance(expected.get(i), actual.get(i)));
    }
    System.out.printf("%-32s %-36s max difference in pixels %.3g%n", g.name(), at, worst);
    double side = 0;
    for (JsonNode size : g.meta().get("target_sizes")) {
      side = Math.max(side, Math.max(size.get(0).asDouble(), size.get(1).asDouble()));
    }
    assertThat(worst).as(at + " pixels").isLessThan(PLACES * side);
  }

  private static float[] scores(List<Pose> poses) {
    float[] out = new float[poses.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) poses.get(i).score();
    }
    return out;
  }

  /** The largest difference of a box's corner or a keypoint in pixels. */
  private static double distance(Pose a, Pose b) {
    double d =
        Math.max(Math.abs(a.box().x0() - b.box().x0()), Math.abs(a.box().y0() - b.box().y0()));
    d = Math.max(d, Math.abs(a.box().x1() - b.box().x1()));
    d = Math.max(d, Math.abs(a.box().y1() - b.box().y1()));
    assertThat(a.keypoints().points()).hasSameSizeAs(b.keypoints().points());
    for (int k = 0; k < a.keypoints().points().size(); k++) {
      Keypoints.Point p = a.keypoints().points().get(k);
      Keypoints.Point q = b.keypoints().points().get(k);
      d = Math.max(d, Math.max(Math.abs(p.x() - q.x()), Math.abs(p.y() - q.y())));
    }
    return d;
  }

  private static void single(Golden g, UniPose model, Asked asked) {
    Tensor valid = g.io("single0.padding_mask").logical_not();
    Features f = model.features(g.io("single0.pixel_values"), valid, false);
    int classes = g.meta().get("num_obj").get(0).asInt();
    int points = g.meta().get("num_kpt").get(0).asInt();
    UniPose.Output out =
        model.decode(
            f,
            F.slice(F.slice(asked.classes(), 0, 0, 1), 1, 0, classes),
            null,
            F.slice(F.slice(asked.points(), 0, 0, 1), 1, 0, points),
            null,
            null,
            false);
    exact(g, "single0.topk_indices", out.chosen());
    exact(g, "single0.pose_topk_indices", out.poses().transpose(0, 1).contiguous());
    g.check("single0.pred_logits", out.last().logits(), ATOL);
    g.check("single0.pred_boxes", out.last().boxes(), PLACES);
    keypoints(g, "single0.pred_keypoints", out.last());
  }

  private static void module(Golden g, UniPose.Config c) {
    try (Params p = g.weights()) {
      DeformableAttention module =
          new DeformableAttention(
              p.at("unipose.transformer.decoder.layers.0.cross_attn"),
              c.hidden(),
              c.heads(),
              c.levels(),
              c.decoderPoints());
      List<Level> levels = new ArrayList<>();
      long[] hw = Tensors.longs(g.io("deform.spatial_shapes"));
      for (int i = 0; i < hw.length; i += 2) {
        int start = levels.isEmpty() ? 0 : levels.get(levels.size() - 1).end();
        levels.add(new Level((int) hw[i], (int) hw[i + 1], start));
      }
      g.check(
          "deform.output",
          module.forward(
              g.io("deform.query"),
              g.io("deform.input_flatten"),
              g.io("deform.padding_mask"),
              g.io("deform.reference_points"),
              levels),
          ATOL);
    }
  }

  private static void exact(Golden g, String name, Tensor actual) {
    assertThat(Tensors.longs(actual)).as(name).isEqualTo(Tensors.longs(g.io(name)));
    System.out.printf("%-32s %-36s exact%n", g.name(), name);
  }
}
