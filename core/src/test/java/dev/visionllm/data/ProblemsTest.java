package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class ProblemsTest {
  private static final Path FILE = Path.of("a.jsonl");

  private static void fail(String message) {
    throw new IllegalArgumentException(message);
  }

  @Test
  void theFirstProblemEndsARunThatRefusesThem() {
    Problems problems = Problems.refuse();
    assertThat(problems.take(FILE, "line 1", () -> {})).isTrue();
    assertThatThrownBy(() -> problems.take(FILE, "line 2", () -> fail("no answer")))
        .isInstanceOf(BrokenSample.class)
        .hasMessage("a.jsonl: line 2: no answer")
        .extracting(e -> ((BrokenSample) e).problem())
        .isEqualTo(new Problem("a.jsonl", "line 2", "no answer"));
  }

  @Test
  void brokenSamplesAreLeftOutAndCountedOnce() {
    Problems problems = Problems.skip();
    for (int epoch = 0; epoch < 2; epoch++) {
      for (int line = 1; line <= 5; line++) {
        int number = line;
        boolean usable =
            problems.take(
                FILE,
                "line " + line,
                () -> {
                  if (number % 2 == 0) fail("odd lines only");
                });
        assertThat(usable).isEqualTo(line % 2 == 1);
      }
    }
    assertThat(problems.total()).isEqualTo(2);
    assertThat(problems.first(1))
        .containsExactly(new Problem("a.jsonl", "line 2", "odd lines only"));
    assertThat(problems.first(9)).hasSize(2);
  }

  @Test
  void everyErrorOfInputIsAProblemAndErrorsOfTheProgramAreNot() {
    Problems problems = Problems.skip();
    problems.take(FILE, "1", () -> JsonMapper.shared().readTree("{"));
    problems.take(
        FILE,
        "2",
        () -> {
          throw new NoSuchFileException("x.png");
        });
    problems.take(
        FILE,
        "3",
        () -> {
          throw new UncheckedIOException(new IOException("disk"));
        });
    problems.take(
        FILE,
        "4",
        () -> {
          throw new BrokenSample(Path.of("inner.tar"), "5.jpg", "truncated");
        });
    assertThat(problems.first(4).toString())
        .contains("a.jsonl: 1: not valid JSON")
        .contains("a.jsonl: 2: there is no file x.png")
        .contains("a.jsonl: 3: cannot be read: disk")
        .contains("inner.tar: 5.jpg: truncated");
    assertThatThrownBy(
            () ->
                problems.take(
                    FILE,
                    "",
                    () -> {
                      throw new IllegalStateException("bug");
                    }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(new Problem("f", "", "empty")).hasToString("f: empty");
  }

  @Test
  void severalThreadsMayReport() {
    Problems problems = Problems.skip();
    IntStream.range(0, 1000)
        .parallel()
        .forEach(i -> problems.take(FILE, "line " + i, () -> fail("broken")));
    assertThat(problems.total()).isEqualTo(1000);
  }
}
