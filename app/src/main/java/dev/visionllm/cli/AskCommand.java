package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.vlm.AnswerText;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm ask}: one question about pictures. */
@Command(
    name = "ask",
    description = "Ask one question about one or more pictures.",
    footer = {
      "",
      "A region marks a place of the last picture, in its pixels. Write <region> where the"
          + " question",
      "means it; otherwise it is put at the end. Where the question has <image> for each picture"
          + " too,",
      "a region marks the picture before it.",
      "",
      "Examples:",
      "  visionllm ask photo.png \"What is in this picture?\"",
      "  visionllm ask photo.png \"What is <region>?\" --region box:40,20,180,160",
      "  visionllm ask photo.png \"Find all dogs.\" --out found.png",
      "  visionllm ask photo.png \"Describe the image.\" --temperature 0.8 --top-p 0.9 --seed 7"
          + " --json"
    })
final class AskCommand extends CliCommand {
  /** The answer for machines. What was found is on {@code image}, the last of the pictures. */
  record Asked(
      String image,
      List<String> images,
      List<String> regions,
      String question,
      String answer,
      Map<String, Integer> counts,
      List<Map<String, Object>> detections,
      List<String> out) {}

  @Parameters(
      arity = "2..*",
      paramLabel = "IMAGE... \"QUESTION\"",
      hideParamSyntax = true,
      description = "Picture files, then the question in quotes.")
  private List<String> words;

  @Option(
      names = "--region",
      paramLabel = "KIND:...",
      description = "A region: " + VisualPrompt.SYNTAX + ". May be given several times.")
  private List<String> regions = List.of();

  @Option(
      names = "--out",
      paramLabel = "FILE.png",
      description = "Write the picture with what was found, and pictures that were made.")
  private Path out;

  @Mixin private DecodingOptions decoding;
  @Mixin private ModelOption model;

  @Override
  public Integer call() throws IOException {
    String question = words.get(words.size() - 1);
    List<Path> files = words.subList(0, words.size() - 1).stream().map(Path::of).toList();
    decoding.check();
    Path folder = model.folder();
    Prompt prompt = prompt(files, question, regions);
    Findings.check(out, files);
    try (VisionLlm llm = model.load(folder)) {
      Answer answer = llm.ask(prompt, decoding.of(llm));
      List<Raster> pictures = prompt.images();
      List<String> written =
          Findings.write(out, pictures.get(pictures.size() - 1), answer.findings()).stream()
              .map(Path::toString)
              .toList();
      if (json()) {
        List<String> names = files.stream().map(Path::toString).toList();
        printJson(
            new Asked(
                names.get(names.size() - 1),
                names,
                regions,
                question,
                answer.text(),
                AnswerText.counts(answer),
                Findings.json(answer.findings()),
                written));
        return Main.OK;
      }
      print("%s", answer.text());
      AnswerText.counts(answer).forEach((name, n) -> print("%s: %d", name, n));
      answer.findings().forEach(f -> print("%s", Findings.line(f)));
      written.forEach(file -> print("wrote %s", file));
      if (out != null && written.isEmpty()) {
        print("nothing to show, so %s is not written", out);
      }
    }
    return Main.OK;
  }

  private static Prompt prompt(List<Path> files, String question, List<String> regions)
      throws IOException {
    List<Raster> pictures = new ArrayList<>();
    for (Path file : files) {
      try {
        pictures.add(ImageFiles.read(file));
      } catch (NoSuchFileException e) {
        throw new IllegalArgumentException(
            "no such picture file: " + file + " (the question goes last, in quotes)", e);
      }
    }
    if (isFile(question)) {
      throw new IllegalArgumentException(
          "the question is missing: the last word, " + question + ", is a file");
    }
    List<VisualPrompt> marked = new ArrayList<>();
    for (String region : regions) {
      marked.add(VisualPrompt.parse(region));
    }
    return new Prompt(question, pictures, marked);
  }

  /** Whether a word names a file; words that cannot be file names do not. */
  private static boolean isFile(String word) {
    try {
      return Files.isRegularFile(Path.of(word));
    } catch (java.nio.file.InvalidPathException e) {
      return false;
    }
  }
}
