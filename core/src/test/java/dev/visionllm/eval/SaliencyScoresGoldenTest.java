package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** PySODMetrics' numbers, picture by picture and of a data set. */
class SaliencyScoresGoldenTest {
  private static final LinkedHashMap<String, String> NAMES = new LinkedHashMap<>();

  static {
    NAMES.put("MAE", "MAE");
    NAMES.put("S", "S-measure");
    NAMES.put("E_mean", "E-measure, mean");
    NAMES.put("E_max", "E-measure, maximum");
    NAMES.put("F_mean", "F-measure, mean");
    NAMES.put("F_max", "F-measure, maximum");
  }

  @TestFactory
  Stream<DynamicTest> numbers() {
    return GoldenJson.tests(Golden.Kind.SALIENCY, SaliencyScoresGoldenTest::check);
  }

  private static void check(Path dir) {
    var cases = GoldenJson.read(dir.resolve("cases.json"));
    var all = new ArrayList<SaliencyScores.Report>();
    double worst = 0;
    for (var c : cases.get("images")) {
      int[] gray = GoldenJson.bytes(c.get("gt_uint8_b64"));
      var truth = new boolean[gray.length];
      for (int i = 0; i < gray.length; i++) {
        truth[i] = gray[i] > 128;
      }
      var report =
          SaliencyScores.of(c.get("w").asInt(), GoldenJson.bytes(c.get("pred_uint8_b64")), truth);
      double off = worst(report, c.get("expected"));
      assertThat(off).as(c.get("name").asString()).isLessThanOrEqualTo(1e-9);
      worst = Math.max(worst, off);
      if (!Double.isNaN(report.s())) {
        all.add(report);
      }
    }
    assertThat(all).hasSize(cases.get("dataset_images").asInt());
    double off = worst(SaliencyScores.mean(all), cases.get("dataset_without_gt_last_pixel"));
    System.out.printf(
        "%s: %d pictures, max abs diff %.3g, data set %.3g%n",
        dir.getFileName(), cases.get("images").size(), worst, off);
    assertThat(off).isLessThanOrEqualTo(1e-9);
  }

  private static double worst(SaliencyScores.Report report, JsonNode expected) {
    double worst = 0;
    for (var name : NAMES.entrySet()) {
      double have = report.rows().get(name.getValue());
      worst =
          Math.max(
              worst, GoldenJson.difference(have, GoldenJson.number(expected.get(name.getKey()))));
    }
    return worst;
  }
}
