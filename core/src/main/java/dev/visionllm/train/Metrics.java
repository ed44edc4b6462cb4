package dev.visionllm.train;

import dev.visionllm.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run's metrics.jsonl: one line per step with step, loss, parts, lr, grad_norm and seconds. A
 * resumed run repeats the steps after its checkpoint, so their lines are cut first.
 */
public final class Metrics {
  /** Name of the file in a run's folder. */
  public static final String FILE = "metrics.jsonl";

  /**
   * One line.
   *
   * @param step what the step did
   * @param seconds it took
   */
  public record Line(Trainer.Step step, double seconds) {}

  private record Row(
      int step,
      double loss,
      Map<String, Double> parts,
      double lr,
      double grad_norm, // as it is written
      double seconds) {}

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path file;
  private final List<Line> lines = new ArrayList<>();

  private Metrics(Path file) {
    this.file = file;
  }

  /**
   * Opens a run's metrics and keeps the lines of its first steps.
   *
   * @param done steps that the run goes on from; 0 starts the file anew
   */
  public static Metrics open(Path run, int done) throws IOException {
    Metrics m = new Metrics(run.resolve(FILE));
    if (done > 0 && Files.exists(m.file)) {
      m.lines.addAll(read(m.file, done));
    }
    AtomicFile.write(
        m.file,
        out -> {
          for (Line l : m.lines) {
            out.write(text(l));
          }
        });
    return m;
  }

  /** The lines of the first steps; a last line that a kill cut short is left out. */
  private static List<Line> read(Path file, int done) throws IOException {
    List<Line> out = new ArrayList<>();
    for (String text : Files.readAllLines(file)) {
      try {
        JsonNode json = JSON.readTree(text);
        Map<String, Double> parts = new TreeMap<>();
        json.path("parts")
            .properties()
            .forEach(e -> parts.put(e.getKey(), e.getValue().asDouble()));
        int step = json.path("step").asInt(Integer.MAX_VALUE);
        if (step <= done) {
          out.add(
              new Line(
                  new Trainer.Step(
                      step,
                      json.path("loss").asDouble(Double.NaN),
                      parts,
                      json.path("lr").asDouble(Double.NaN),
                      json.path("grad_norm").asDouble(Double.NaN)),
                  json.path("seconds").asDouble(Double.NaN)));
        }
      } catch (JacksonException e) {
        break;
      }
    }
    return out;
  }

  /** Appends a step. */
  public void add(Trainer.Step step, double seconds) throws IOException {
    Line line = new Line(step, seconds);
    Files.write(file, text(line), StandardOpenOption.APPEND);
    lines.add(line);
  }

  /** All steps so far. */
  public List<Line> lines() {
    return List.copyOf(lines);
  }

  private static byte[] text(Line l) {
    Trainer.Step s = l.step();
    Row row = new Row(s.number(), s.loss(), s.parts(), s.lr(), s.gradNorm(), l.seconds());
    return (JSON.writeValueAsString(row) + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
