package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.geometry.KeypointSets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The reference's numbers of key point sets that are not COCO's, of every NAME_gt.json. */
class PoseUnikptGoldenTest {

  @TestFactory
  Stream<DynamicTest> numbers() {
    return GoldenJson.tests(Golden.Kind.POSE_UNIKPT, PoseUnikptGoldenTest::check);
  }

  private static void check(Path dir) throws IOException {
    try (var files = Files.list(dir)) {
      var truths = files.filter(f -> f.toString().endsWith("_gt.json")).sorted().toList();
      assertThat(truths).isNotEmpty();
      for (Path file : truths) {
        var name = file.getFileName().toString().replace("_gt.json", "");
        var data = CocoJson.truths(file);
        var guesses = data.poses(dir.resolve(name + "_dt.json"));
        int points = guesses.get(0).shape().keypoints().points().size();
        var report =
            CocoEval.keypoints(data.poses(), guesses, KeypointSets.sigmasByPosition(points));
        var expected = GoldenJson.read(dir.resolve(name + "_expected.json"));
        var stats = GoldenJson.numbers(expected.get("stats"));
        double worst = 0;
        int i = 0;
        for (double value : report.rows().values()) {
          worst = Math.max(worst, Math.abs(value - stats[i++]));
        }
        System.out.printf("%s: %d points, max abs diff %.3g%n", name, points, worst);
        assertThat(worst).as(name).isLessThanOrEqualTo(1e-6);
      }
    }
  }
}
