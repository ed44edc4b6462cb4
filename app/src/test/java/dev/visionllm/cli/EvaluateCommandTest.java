package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.eval.Suite;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
  void suitesAreNamed() {
    assertThat(EvaluateCommand.chosen(List.of("all"))).containsExactly(Suite.values());
    assertThat(EvaluateCommand.chosen(List.of("Caption", "vqa", "caption")))
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
