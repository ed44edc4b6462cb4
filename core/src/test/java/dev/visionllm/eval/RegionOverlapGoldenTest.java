package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.eval.CocoEval.CocoBox;
import dev.visionllm.geometry.Rle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** The reference's numbers of referring expressions and of interactive segmentation. */
class RegionOverlapGoldenTest {

  @TestFactory
  Stream<DynamicTest> referring() {
    return GoldenJson.tests(Golden.Kind.REFERRING, RegionOverlapGoldenTest::checkReferring);
  }

  private static void checkReferring(Path dir) {
    var boxes = new ArrayList<RegionOverlap>();
    var masks = new ArrayList<RegionOverlap>();
    var images = GoldenJson.read(dir.resolve("data.json")).get("images");
    for (var i : images) {
      boxes.add(RegionOverlap.of(box(i.get("pred_box_xywh")), box(i.get("gt_box_xywh"))));
      masks.add(
          RegionOverlap.of(
              rle(i, i.get("pred_mask_rle_counts_column_major")),
              rle(i, i.get("gt_mask_rle_counts_column_major"))));
    }
    var expected = GoldenJson.read(dir.resolve("expected.json"));
    check(dir + " boxes", images, boxes, expected.get("bbox"), 1e-6); // float32 over there
    check(dir + " masks", images, masks, expected.get("segm"), 1e-9);
  }

  private static void check(
      String name, JsonNode images, List<RegionOverlap> all, JsonNode expected, double atol) {
    double worst = 0;
    for (int i = 0; i < all.size(); i++) {
      var iou = expected.get("per_image_iou").get(images.get(i).get("id").asString());
      worst = Math.max(worst, Math.abs(all.get(i).iou() - iou.asDouble()));
    }
    assertThat(worst).as(name).isLessThanOrEqualTo(1e-9);
    var summary = expected.get("summary");
    for (var t : List.of(.5, .6, .7, .75, .8, .9)) {
      assertThat(RegionOverlap.precision(all, t))
          .as(name + " P@" + t)
          .isEqualTo(summary.get("P@" + t).asDouble());
    }
    double mean = Math.abs(RegionOverlap.mean(all) - summary.get("mIoU_or_gIoU").asDouble());
    assertThat(mean).as(name).isLessThanOrEqualTo(1e-9);
    double total = Math.abs(RegionOverlap.cumulative(all) - summary.get("oIoU_or_cIoU").asDouble());
    assertThat(total).as(name).isLessThanOrEqualTo(atol);
    System.out.printf("%s: max abs diff %.3g, mean %.3g, cIoU %.3g%n", name, worst, mean, total);
  }

  @TestFactory
  Stream<DynamicTest> interactive() {
    return GoldenJson.tests(Golden.Kind.INTERACTIVE, RegionOverlapGoldenTest::checkInteractive);
  }

  private static void checkInteractive(Path dir) {
    for (var c : GoldenJson.read(dir.resolve("cases.json")).get("cases")) {
      var all = new ArrayList<RegionOverlap>();
      double sum = 0;
      for (var image : c.get("images")) {
        var truths = image.get("gt_masks_rle_counts_column_major");
        for (int k = 0; k < truths.size(); k++) {
          var truth = rle(image, truths.get(k));
          RegionOverlap overlap = RegionOverlap.missed(truth.area());
          boolean found = false;
          for (var p : image.get("predictions")) { // best first
            if (!found && p.get("label").asInt() == k) {
              overlap = RegionOverlap.of(rle(image, p.get("mask_rle_counts_column_major")), truth);
              found = true;
            }
          }
          all.add(overlap);
          sum += found ? overlap.smoothIou() : 0;
        }
      }
      var expected = c.get("expected");
      double mean = Math.abs(sum / all.size() - expected.get("mIoU").asDouble());
      double cumulative =
          Math.abs(RegionOverlap.cumulative(all) - expected.get("cIoU_own_gt_union").asDouble());
      System.out.printf(
          "%s: %d prompts, mIoU diff %.3g, cIoU diff %.3g%n",
          c.get("name").asString(), all.size(), mean, cumulative);
      assertThat(mean).isLessThanOrEqualTo(1e-6);
      assertThat(cumulative).isLessThanOrEqualTo(1e-6);
    }
  }

  private static CocoBox box(JsonNode xywh) {
    var v = GoldenJson.numbers(xywh);
    return new CocoBox(v[0], v[1], v[2], v[3]);
  }

  private static Rle rle(JsonNode image, JsonNode counts) {
    return new Rle(
        image.get("h").asInt(),
        image.get("w").asInt(),
        StreamSupport.stream(counts.spliterator(), false).mapToInt(JsonNode::asInt).toArray());
  }
}
