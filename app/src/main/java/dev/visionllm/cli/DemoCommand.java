package dev.visionllm.cli;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.image.ContactSheet;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Overlay;
import dev.visionllm.image.Raster;
import dev.visionllm.model.diffusion.Denoising;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Finding;
import dev.visionllm.vlm.AnswerText;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code visionllm demo}: the shipped model shows what it can do, on a shipped picture. */
@Command(
    name = "demo",
    description = {
      "Let the shipped model do each of its tasks on a shipped picture,",
      "and put what comes out on one sheet of pictures."
    },
    footer = {"", "Examples:", "  visionllm demo", "  visionllm demo --out /tmp/demo --json"})
final class DemoCommand extends CliCommand {
  /** A question and what the model said. */
  record Said(String question, String answer, Map<String, Integer> counts) {}

  /** Everything for machines. */
  record Shown(
      String image,
      List<Said> answers,
      List<String> classes,
      List<Map<String, Object>> detections,
      String out) {}

  private static final int COLUMNS = 3;

  /** Classes to look for: those of the picture, and two that it does not show. */
  private static final List<String> CLASSES =
      List.of("balloon", "cat", "apple", "dog", "guitar", "bus");

  private static final Box MARKED = new Box(96, 26, 150, 94); // the cat
  private static final VisualPrompt.PointPrompt POINT = new VisualPrompt.PointPrompt(123, 60);
  private static final String EXPRESSION = "the apple";
  private static final String FIGURE = "person";
  private static final String CAPTION = "a picture of a car";
  private static final String CHANGE = "take away the cat";

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "demo-out",
      description = "Folder for demo.png (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Mixin private ModelOption model;

  private final List<Said> said = new ArrayList<>();
  private final List<ContactSheet.Cell> cells = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    Path folder = model.folder();
    Path file = ModelOption.shipped().resolve("demo").resolve("scene.png");
    Raster picture = ImageFiles.read(file);
    Files.createDirectories(out);
    Path sheet = out.resolve("demo.png");
    if (!json()) {
      print("picture: %s (%d x %d)", file, picture.width(), picture.height());
    }
    try (VisionLlm llm = model.load(folder)) {
      ask(llm, Prompt.of("What is in this picture?", picture), picture);
      ask(llm, Prompt.of("How many balloons are there?", picture), picture);
      if (llm.config().multimodal().regionHidden() > 0) {
        ask(
            llm,
            new Prompt(
                "What is <region>?", List.of(picture), List.of(new VisualPrompt.BoxPrompt(MARKED))),
            Overlay.draw(picture, List.of(new Overlay.Item(MARKED, "region", Double.NaN))));
      }
      List<Detection> found = llm.detect(picture, CLASSES);
      String names = String.join(", ", CLASSES);
      show("looking for " + names, picture, found);
      double threshold = llm.options().threshold();
      if (llm.config().gdino().masks()) {
        show("the pixels of " + names, picture, llm.segment(picture, CLASSES, threshold));
        if (llm.config().multimodal().regionHidden() > 0) {
          show(
              "what is at %.0f, %.0f".formatted(POINT.x(), POINT.y()),
              picture,
              llm.segmentMarked(picture, List.of(POINT), 0));
        }
      }
      show(EXPRESSION, picture, llm.ground(picture, EXPRESSION, threshold).stream().toList());
      if (llm.config().unipose() != null) {
        Raster figures = ImageFiles.read(file.resolveSibling("figures.png"));
        Map<String, KeypointSet> sets = Map.of(FIGURE, KeypointSets.ofClass(FIGURE).orElseThrow());
        show("keypoints of " + FIGURE, figures, llm.pose(figures, sets, threshold));
      }
      if (llm.config().sd() != null) {
        draw("Draw " + CAPTION, llm.generate(CAPTION, "", llm.generation()));
      }
      if (llm.config().ip2p() != null) {
        Raster before = ImageFiles.read(file.resolveSibling("before.png"));
        cells.add(new ContactSheet.Cell(before, "to be edited", ""));
        draw(CHANGE, llm.edit(before, CHANGE, "", llm.editing(before)));
      }
      Findings.write(ContactSheet.draw(cells, COLUMNS), sheet);
      if (json()) {
        printJson(
            new Shown(file.toString(), said, CLASSES, Findings.json(found), sheet.toString()));
        return Main.OK;
      }
      print("");
      print("wrote %s", sheet.toAbsolutePath());
    }
    return Main.OK;
  }

  /** Asks, and shows the answer below what it is about. */
  private void ask(VisionLlm llm, Prompt prompt, Raster about) {
    Answer answer = llm.ask(prompt);
    Map<String, Integer> counts = AnswerText.counts(answer);
    said.add(new Said(prompt.text(), answer.text(), counts));
    String numbers =
        counts.entrySet().stream()
            .map(c -> c.getKey() + ": " + c.getValue())
            .collect(Collectors.joining(", "));
    cells.add(
        new ContactSheet.Cell(
            Findings.marked(about, answer.findings()),
            prompt.text(),
            numbers.isEmpty() ? answer.text() : numbers));
    if (!json()) {
      print("");
      print("Q: %s", prompt.text());
      print("A: %s", answer.text());
      counts.forEach((name, n) -> print("%s: %d", name, n));
    }
  }

  /** Makes a picture, and shows it. */
  private void draw(String title, Denoising run) {
    try (run) {
      run.finish().forEach(p -> cells.add(new ContactSheet.Cell(p, title, "")));
    }
    if (!json()) {
      print("");
      print("%s: see the sheet", title);
    }
  }

  private void show(String title, Raster picture, List<? extends Finding> found) {
    cells.add(new ContactSheet.Cell(Findings.marked(picture, found), title, ""));
    if (!json()) {
      print("");
      print("%s:", title);
      found.forEach(f -> print("  %s", Findings.line(f)));
      if (found.isEmpty()) {
        print("  nothing found");
      }
    }
  }
}
