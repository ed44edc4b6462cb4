package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** mmseg's numbers of class maps; cases that put a number in the place of NaN are passed over. */
class SemanticScoresGoldenTest {

  @TestFactory
  Stream<DynamicTest> numbers() {
    return GoldenJson.tests(Golden.Kind.SEMANTIC, SemanticScoresGoldenTest::check);
  }

  private static void check(Path dir) {
    int checked = 0;
    for (var c : GoldenJson.read(dir.resolve("cases.json")).get("cases")) {
      if (!c.get("nan_to_num").isNull()) {
        continue;
      }
      var scores = new SemanticScores(c.get("num_classes").asInt());
      int ignored = c.get("ignore_index").asInt();
      boolean shift = c.get("reduce_zero_label").asBoolean(); // 0 is ignored, k is class k - 1
      for (int i = 0; i < c.get("n").asInt(); i++) {
        int[] truth = GoldenJson.bytes(c.get("gt_uint8_b64").get(i));
        for (int k = 0; k < truth.length; k++) {
          truth[k] = truth[k] == ignored ? -1 : shift ? truth[k] - 1 : truth[k];
        }
        scores.add(GoldenJson.bytes(c.get("pred_uint8_b64").get(i)), truth);
      }
      var report = scores.report();
      var expected = c.get("expected").get("metrics");
      double worst = worst(report.iou(), expected.get("IoU"));
      worst = Math.max(worst, worst(report.accuracy(), expected.get("Acc")));
      var means = c.get("expected").get("summary_mean");
      worst = Math.max(worst, off(report, "mIoU", means.get("IoU")));
      worst = Math.max(worst, off(report, "mAcc", means.get("Acc")));
      worst = Math.max(worst, off(report, "aAcc", means.get("aAcc")));
      System.out.printf(
          "%s %s: max abs diff %.3g%n", dir.getFileName(), c.get("name").asString(), worst);
      assertThat(worst).as(c.get("name").asString()).isLessThanOrEqualTo(1e-12);
      checked++;
    }
    assertThat(checked).isPositive();
  }

  private static double off(SemanticScores.Report report, String row, JsonNode expected) {
    return GoldenJson.difference(report.rows().get(row), GoldenJson.number(expected));
  }

  private static double worst(double[] actual, JsonNode expected) {
    var e = GoldenJson.numbers(expected);
    assertThat(actual).hasSameSizeAs(e);
    var differences = new double[e.length];
    Arrays.setAll(differences, i -> GoldenJson.difference(actual[i], e[i]));
    return Arrays.stream(differences).max().orElseThrow();
  }
}
