package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** pycocotools' numbers and run-length strings, of every sub-folder of every coco_eval folder. */
class CocoEvalGoldenTest {

  @TestFactory
  Stream<DynamicTest> numbers() {
    return cases()
        .map(
            dir ->
                DynamicTest.dynamicTest(
                    "numbers " + dir.getParent().getFileName() + "/" + dir.getFileName(),
                    () -> checkNumbers(dir)));
  }

  @TestFactory
  Stream<DynamicTest> runLengths() {
    return cases()
        .map(
            dir ->
                DynamicTest.dynamicTest(
                    "run lengths " + dir.getParent().getFileName() + "/" + dir.getFileName(),
                    () -> checkRunLengths(read(dir.resolve("rle.json")))));
  }

  private static void checkNumbers(Path dir) throws IOException {
    var truths = CocoJson.truths(dir.resolve("gt.json"));
    for (var expected : read(dir.resolve("expected.json")).properties()) {
      var report =
          switch (expected.getKey()) {
            case "bbox" -> CocoEval.boxes(truths.boxes(), truths.boxes(dir.resolve("dt.json")));
            case "segm" -> CocoEval.masks(truths.masks(), truths.masks(dir.resolve("dt.json")));
            case "keypoints" ->
                CocoEval.keypoints(
                    truths.poses(),
                    truths.poses(dir.resolve("dt_keypoints.json")),
                    CocoEval.COCO_SIGMAS);
            default -> throw new IllegalArgumentException("no such evaluation: " + expected);
          };
      var e = expected.getValue();
      assertThat(report.rows().keySet()).containsExactlyElementsOf(strings(e.get("stat_names")));
      double worst = 0;
      var stats = report.rows().values().stream().mapToDouble(v -> v).toArray();
      for (int i = 0; i < stats.length; i++) {
        worst = Math.max(worst, Math.abs(stats[i] - e.get("stats").get(i).asDouble()));
      }
      for (var category : e.get("ap_per_category").properties()) {
        var value = category.getValue();
        double want = value.isNumber() && !Double.isNaN(value.asDouble()) ? value.asDouble() : -1;
        double have = report.perCategory().getOrDefault(Long.valueOf(category.getKey()), -1.0);
        worst = Math.max(worst, Math.abs(have - want));
      }
      System.out.printf(
          "%s/%s %-10s %d numbers and %d categories, max abs diff %.3g%n",
          dir.getParent().getFileName(),
          dir.getFileName(),
          expected.getKey(),
          stats.length,
          e.get("ap_per_category").size(),
          worst);
      assertThat(worst).as(dir + " " + expected.getKey()).isLessThanOrEqualTo(1e-9);
    }
  }

  private static void checkRunLengths(JsonNode rle) {
    for (var m : rle.get("masks")) {
      int h = m.get("h").asInt(), w = m.get("w").asInt();
      var chars = m.get("mask_row_major").asString();
      var bits = new boolean[h * w];
      for (int i = 0; i < bits.length; i++) {
        bits[i] = chars.charAt(i) == '1';
      }
      var mask = Mask.of(w, h, bits);
      var code = Rle.of(mask);
      assertThat(code.toCocoString()).isEqualTo(m.get("counts").asString());
      assertThat(Rle.parse(h, w, m.get("counts").asString()).toMask()).isEqualTo(mask);
      assertThat(code.area()).isEqualTo(m.get("area").asInt());
      var b = m.get("bbox");
      var box =
          Box.ofSize(
              b.get(0).asDouble(), b.get(1).asDouble(), b.get(2).asDouble(), b.get(3).asDouble());
      assertThat(code.toBox()).isEqualTo(box);
      assertThat(mask.bounds()).isEqualTo(box);
    }
    for (var p : rle.get("polygons")) {
      var xy = numbers(p.get("polygon"));
      var code = Rle.fromPolygon(xy, p.get("h").asInt(), p.get("w").asInt());
      assertThat(code.toCocoString()).isEqualTo(p.get("counts").asString());
    }
    double worst = 0;
    for (var c : rle.get("iou")) {
      int h = c.get("size").get(0).asInt(), w = c.get("size").get(1).asInt();
      var dt = strings(c.get("dt")).stream().map(s -> Rle.parse(h, w, s)).toList();
      var gt = strings(c.get("gt")).stream().map(s -> Rle.parse(h, w, s)).toList();
      var crowd =
          StreamSupport.stream(c.get("iscrowd").spliterator(), false)
              .map(n -> n.asInt() != 0)
              .toList();
      var iou = Rle.iou(dt, gt, crowd);
      for (int d = 0; d < iou.length; d++) {
        for (int g = 0; g < iou[d].length; g++) {
          worst = Math.max(worst, Math.abs(iou[d][g] - c.get("iou").get(d).get(g).asDouble()));
        }
      }
    }
    System.out.printf(
        "%d masks and %d polygons exact, %d overlaps, max abs diff %.3g%n",
        rle.get("masks").size(), rle.get("polygons").size(), rle.get("iou").size(), worst);
    assertThat(worst).isZero();
  }

  /** Sub-folders with an expected.json, or the folder itself if it has one. */
  private static Stream<Path> cases() {
    return Golden.folders(Golden.Kind.COCO_EVAL).stream()
        .flatMap(
            dir -> {
              try (var all = Files.walk(dir, 1)) {
                return all
                    .filter(d -> Files.exists(d.resolve("expected.json")))
                    .sorted()
                    .toList()
                    .stream();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private static JsonNode read(Path file) throws IOException {
    return JsonMapper.builder().build().readTree(Files.readString(file));
  }

  private static List<String> strings(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asString).toList();
  }

  private static double[] numbers(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }
}
