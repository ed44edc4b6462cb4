package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.eval.VqaAccuracy.Human;
import dev.visionllm.eval.VqaAccuracy.Item;
import dev.visionllm.eval.VqaAccuracy.Variant;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The two reference scripts' numbers, of every vqa_accuracy folder. */
class VqaAccuracyGoldenTest {

  @TestFactory
  Stream<DynamicTest> numbers() {
    return Golden.folders(Golden.Kind.VQA_ACCURACY).stream()
        .map(dir -> DynamicTest.dynamicTest(dir.getFileName().toString(), () -> check(dir)));
  }

  private static void check(Path dir) {
    var items = items(read(dir.resolve("data.json")));
    var expected = read(dir.resolve("expected.json"));
    for (var entry : expected.properties()) {
      var report = VqaAccuracy.score(items, variant(entry.getKey()));
      var accuracy = entry.getValue().get("accuracy");
      double worst = Math.abs(report.overall() - accuracy.get("overall").asDouble());
      worst = Math.max(worst, worst(report.byQuestionType(), accuracy.get("perQuestionType")));
      worst = Math.max(worst, worst(report.byAnswerType(), accuracy.get("perAnswerType")));
      worst = Math.max(worst, worst(report.byQuestion(), entry.getValue().get("per_question")));
      System.out.printf(
          "%s %s: %d questions, max abs diff %.3g%n",
          dir.getFileName(), entry.getKey(), report.byQuestion().size(), worst);
      assertThat(worst).as(entry.getKey()).isLessThanOrEqualTo(1e-9);
    }
    var cases = dir.resolve("normalisation_cases.json");
    if (Files.exists(cases)) {
      for (var entry : read(cases).properties()) {
        for (var c : entry.getValue()) {
          var text = c.get("text").asString();
          assertThat(VqaAccuracy.punctuation(text))
              .as("punctuation of " + text)
              .isEqualTo(c.get("after_punctuation").asString());
          assertThat(VqaAccuracy.digitsAndArticles(VqaAccuracy.punctuation(text)))
              .as("digits and articles of " + text)
              .isEqualTo(c.get("after_digit_article").asString());
        }
      }
    }
  }

  private static Variant variant(String name) {
    return switch (name) {
      case "visionllmv2_vqa_eval" -> Variant.VISION_LLM;
      case "gt_vision_lab_vqav2" -> Variant.VQA_V2;
      default -> throw new IllegalArgumentException("no such script: " + name);
    };
  }

  private static List<Item> items(JsonNode data) {
    Map<String, String> answers = new HashMap<>();
    data.get("results")
        .forEach(r -> answers.put(r.get("question_id").asString(), r.get("answer").asString()));
    var items = new ArrayList<Item>();
    for (var a : data.get("annotations")) {
      var humans = new ArrayList<Human>();
      for (var h : a.get("answers")) {
        humans.add(
            new Human(
                h.get("answer").asString(),
                h.path("answer_confidence").asString(""),
                h.path("answer_id").asString("")));
      }
      var id = a.get("question_id").asString();
      items.add(
          new Item(
              id,
              a.get("question_type").asString(),
              a.get("answer_type").asString(),
              humans,
              answers.get(id)));
    }
    return items;
  }

  private static double worst(Map<String, Double> actual, JsonNode expected) {
    assertThat(actual).hasSize(expected.size());
    double worst = 0;
    for (var e : expected.properties()) {
      worst = Math.max(worst, Math.abs(actual.get(e.getKey()) - e.getValue().asDouble()));
    }
    return worst;
  }

  private static JsonNode read(Path file) {
    try {
      return JsonMapper.builder().build().readTree(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
