package dev.visionllm.train;

import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run's metrics.jsonl: one line per step with step, loss, parts, lr, grad_norm and seconds, and
 * one per evaluation with step, evaluation and seconds. A resumed run repeats the steps after its
 * checkpoint, so their lines are cut first.
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

  /**
   * What was measured after a step.
   *
   * @param scores by suite and name; null where nothing was there to measure
   * @param seconds it took
   */
  public record Evaluation(int step, Map<String, Map<String, Double>> scores, double seconds) {}

  private record Measured(
      int step, Map<String, Map<String, Double>> evaluation, double seconds) {} // as it is written

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
  private final List<Evaluation> evaluations = new ArrayList<>();

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
    List<String> kept = done > 0 && Files.exists(m.file) ? m.read(done) : List.of();
    AtomicFile.write(
        m.file,
        out -> {
          for (String line : kept) {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
          }
        });
    return m;
  }

  /** Takes the lines of the first steps; a last line that a kill cut short is left out. */
  private List<String> read(int done) throws IOException {
    List<String> kept = new ArrayList<>();
    for (String text : Files.readAllLines(file)) {
      try {
        JsonNode json = JSON.readTree(text);
        int step = json.path("step").asInt(Integer.MAX_VALUE);
        if (step > done) {
          continue;
        }
        kept.add(text);
        double seconds = json.path("seconds").asDouble(Double.NaN);
        if (json.has("evaluation")) {
          Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
          json.get("evaluation")
              .properties()
              .forEach(e -> scores.put(e.getKey(), numbers(e.getValue())));
          evaluations.add(new Evaluation(step, scores, seconds));
        } else {
          lines.add(
              new Line(
                  new Trainer.Step(
                      step,
                      json.path("loss").asDouble(Double.NaN),
                      new TreeMap<>(numbers(json.path("parts"))),
                      json.path("lr").asDouble(Double.NaN),
                      json.path("grad_norm").asDouble(Double.NaN)),
                  seconds));
        }
      } catch (JacksonException e) {
        break;
      }
    }
    return kept;
  }

  private static Map<String, Double> numbers(JsonNode json) {
    Map<String, Double> out = new LinkedHashMap<>();
    json.properties()
        .forEach(e -> out.put(e.getKey(), e.getValue().isNull() ? null : e.getValue().asDouble()));
    return out;
  }

  /** Appends a step. */
  public void add(Trainer.Step s, double seconds) throws IOException {
    append(new Row(s.number(), s.loss(), s.parts(), s.lr(), s.gradNorm(), seconds));
    lines.add(new Line(s, seconds));
  }

  /** Appends what was measured after a step. */
  public void add(Evaluation e) throws IOException {
    append(new Measured(e.step(), e.scores(), e.seconds()));
    evaluations.add(e);
  }

  /** All steps so far. */
  public List<Line> lines() {
    return List.copyOf(lines);
  }

  /** All evaluations so far. */
  public List<Evaluation> evaluations() {
    return List.copyOf(evaluations);
  }

  private void append(Object row) throws IOException {
    byte[] line = (JSON.writeValueAsString(row) + "\n").getBytes(StandardCharsets.UTF_8);
    Files.write(file, line, StandardOpenOption.APPEND);
  }
}
