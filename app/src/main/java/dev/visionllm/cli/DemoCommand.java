package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.result.Detection;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code visionllm demo}: the shipped model looks at a shipped picture. */
@Command(
    name = "demo",
    description =
        "Let the shipped model answer questions about a shipped picture and mark objects.",
    footer = {"", "Examples:", "  visionllm demo", "  visionllm demo --out /tmp/demo --json"})
final class DemoCommand extends CliCommand {
  /** A question and what the model said. */
  record Said(String question, String answer) {}

  /** Everything for machines. */
  record Shown(
      String image,
      List<Said> answers,
      List<String> classes,
      List<Map<String, Object>> detections,
      String out) {}

  private static final List<String> QUESTIONS =
      List.of("What is in this picture?", "How many balloons are there?");

  /** Classes to look for: those of the picture, and two that it does not show. */
  private static final List<String> CLASSES =
      List.of("balloon", "cat", "apple", "dog", "guitar", "bus");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "demo-out",
      description = "Folder for demo.png (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Mixin private ModelOption model;

  @Override
  public Integer call() throws IOException {
    Path folder = model.folder();
    Path file = ModelOption.shipped().resolve("demo").resolve("scene.png");
    Raster picture = ImageFiles.read(file);
    Files.createDirectories(out);
    Path marked = out.resolve("demo.png");
    if (!json()) {
      print("picture: %s (%d x %d)", file, picture.width(), picture.height());
    }
    try (VisionLlm llm = model.load(folder)) {
      List<Said> said = QUESTIONS.stream().map(q -> ask(llm, picture, q)).toList();
      List<Detection> found = llm.detect(picture, CLASSES);
      Findings.draw(picture, found, marked);
      if (json()) {
        printJson(
            new Shown(file.toString(), said, CLASSES, Findings.json(found), marked.toString()));
        return Main.OK;
      }
      print("");
      print("looking for %s:", String.join(", ", CLASSES));
      found.forEach(d -> print("  %s", Findings.line(d)));
      if (found.isEmpty()) {
        print("  nothing found with a score above %.2f", llm.options().threshold());
      }
      print("");
      print("wrote %s", marked.toAbsolutePath());
    }
    return Main.OK;
  }

  private Said ask(VisionLlm llm, Raster picture, String question) {
    Said said = new Said(question, llm.ask(Prompt.of(question, picture)).text());
    if (!json()) {
      print("");
      print("Q: %s", said.question);
      print("A: %s", said.answer);
    }
    return said;
  }
}
