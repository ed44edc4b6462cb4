package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.eval.Suite;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class EvaluateCommandTest {
  @TempDir Path dir;
  private String model;

  @BeforeEach
  void model() throws IOException {
    Path folder = Files.createDirectory(dir.resolve("model"));
    Files.writeString(folder.resolve("config.json"), "{}");
    model = folder.toString();
  }

  private void assertBadInput(String says, String... args) {
    MainTest.Run run = MainTest.run(args);
    assertThat(run.err()).contains(says).doesNotContain("Exception");
    assertThat(run.err().strip().lines()).hasSize(1);
    assertThat(run.code()).isEqualTo(Main.BAD_INPUT);
  }

  @Test
  void badInput() throws IOException {
    String data = dir.toString();
    assertBadInput("--suite", "evaluate", "--data", data);
    assertBadInput(
        "suite 'vqu' is unknown: give detection", "evaluate", "--suite", "vqu", "--data", data);
    assertBadInput(
        "has no instances.json", "evaluate", "--model", model, "--suite", "all", "--data", data);
    Files.writeString(
        dir.resolve("instances.json"),
        """
        {"images": [{"id": 1, "file_name": "a.png", "width": 9, "height": 9}],
         "annotations": [], "categories": [{"id": 1, "name": "dog"}]}
        """);
    assertBadInput(
        "nothing for suite vqa",
        "evaluate",
        "--model",
        model,
        "--suite",
        "empty,vqa",
        "--data",
        data);
    assertBadInput(
        "batch 0", "evaluate", "--model", model, "--suite", "vqa", "--data", data, "--batch", "0");
    assertBadInput("runs is 0", "bench", "--model", model, "--runs", "0");
  }

  @Test
  void everySuiteRuns() throws IOException {
    Path data = EvaluationData.write(dir.resolve("data"));
    String tiny = TinyModel.assembly(dir.resolve("tiny")).toString();
    MainTest.Run run =
        MainTest.run(
            "evaluate",
            "--model",
            tiny,
            "--suite",
            "all",
            "--data",
            data.toString(),
            "--json",
            "--limit",
            "1",
            "--batch",
            "2",
            "--steps",
            "1");
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isEqualTo(Main.OK);
    JsonNode report = JsonMapper.shared().readTree(run.out());
    assertThat(report.get("leftOut")).isEmpty();
    List<String> ran = new ArrayList<>();
    Set<String> dog = Set.of("dog");
    Map<String, Set<String>> classes = // a cat is not there, but its pixels may be wrong
        Map.of("detection", dog, "masks", dog, "pose", dog, "semantic", Set.of("dog", "cat"));
    for (JsonNode suite : report.get("suites")) {
      ran.add(suite.get("suite").asString());
      assertThat(suite.get("items").asInt()).as(suite.toString()).isPositive();
      assertThat(suite.get("scores")).as(suite.toString()).isNotEmpty();
      assertThat(suite.get("byClass").propertyNames())
          .as(suite.toString())
          .isEqualTo(classes.getOrDefault(suite.get("suite").asString(), Set.of()));
    }
    assertThat(ran)
        .containsExactlyElementsOf(Arrays.stream(Suite.values()).map(Suite::word).toList());
  }

  @Test
  void classesArePrintedWhenWanted() throws IOException {
    String data = EvaluationData.write(dir.resolve("data")).toString();
    String tiny = TinyModel.write(dir.resolve("tiny")).toString();
    String[] args = {"evaluate", "--model", tiny, "--suite", "detection", "--data", data};
    assertThat(MainTest.run(args).out()).doesNotContain("by class");
    String[] more = Arrays.copyOf(args, args.length + 1);
    more[args.length] = "--per-class";
    assertThat(MainTest.run(more).out()).containsPattern("detection, AP by class:\n  dog  [01]");
  }

  @Test
  void allLeavesOutWhatIsMissing() throws IOException {
    Path data = EvaluationData.write(dir.resolve("data"));
    String tiny = TinyModel.write(dir.resolve("tiny")).toString(); // boxes, no other tools
    Files.delete(data.resolve("refs.json"));
    Files.delete(data.resolve("conversations.jsonl"));
    MainTest.Run run =
        MainTest.run("evaluate", "--model", tiny, "--suite", "all", "--data", data.toString());
    assertThat(run.code()).isEqualTo(Main.OK);
    assertThat(run.out())
        .contains("detection: 1 pictures", "in_context: 1 dialogues")
        .contains("left out: grounding, " + data + " has no refs.json")
        .contains("left out: vqa, " + data + " has nothing for suite vqa")
        .contains("left out: masks, model " + tiny + " has no part for masks")
        .contains("left out: generation, model " + tiny + " has no part for generation");
    assertBadInput(
        "has no refs.json",
        "evaluate",
        "--model",
        tiny,
        "--suite",
        "all,grounding",
        "--data",
        data.toString());
    assertBadInput(
        "suite masks cannot run: model " + tiny + " has no part for masks",
        "evaluate",
        "--model",
        tiny,
        "--suite",
        "masks",
        "--data",
        data.toString());
  }

  @Test
  void helpListsTheSuites() {
    String help = MainTest.run("evaluate", "--help").out();
    for (Suite suite : Suite.values()) {
      assertThat(help).contains(suite.word() + " ", suite.about());
    }
    assertThat(help.lines()).allMatch(line -> line.length() <= 80);
  }

  @Test
  void suitesAreNamed() {
    assertThat(ChosenSuites.suites(List.of("all"))).containsExactly(Suite.values());
    assertThat(ChosenSuites.suites(List.of("Caption", "vqa", "caption")))
        .containsExactly(Suite.CAPTION, Suite.VQA);
  }

  @Test
  void aLineSaysHowFarItIs() {
    try (Meter meter = new Meter("vqa", 500, new PrintWriter(new StringWriter()))) {
      assertThat(meter.line(100, 50)).isEqualTo("vqa 100/500, 2.0/s, 3m20s left");
    }
  }

  @Test
  void timesAreSummedUp() {
    var even = BenchCommand.Timing.of("x", "ms", List.of(4.0, 1.0, 3.0, 2.0));
    assertThat(even.min()).isEqualTo(1);
    assertThat(even.median()).isCloseTo(2.5, within(1e-12));
    assertThat(BenchCommand.Timing.of("x", "ms", List.of(9.0, 1.0, 3.0)).median()).isEqualTo(3);
  }
}
