package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.result.Detection;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm detect}: boxes of named classes. */
@Command(
    name = "detect",
    description = "Find the objects of named classes.",
    footer = {
      "",
      "The first word is a picture, and so are those after it that name files; the others are",
      "classes. With several pictures --out FILE.png writes FILE-1.png, FILE-2.png, ...",
      "",
      "Examples:",
      "  visionllm detect photo.png dog \"traffic light\" bicycle",
      "  visionllm detect photo.png apple --threshold 0.5 --out found.png",
      "  visionllm detect a.png b.png dog cat --json"
    })
final class DetectCommand extends CliCommand {
  /** What was found in one picture, for machines. */
  record Detected(
      String image,
      int width,
      int height,
      List<String> classes,
      double threshold,
      List<Boxes.Found> detections,
      String out) {}

  @Parameters(
      arity = "2..*",
      paramLabel = "IMAGE... CLASS...",
      hideParamSyntax = true,
      description = "Picture files, then the names of classes.")
  private List<String> words;

  @Option(
      names = "--threshold",
      paramLabel = "T",
      description = "Least score of a box, 0 to 1 (default: the model's own).")
  private Double threshold;

  @Option(
      names = "--out",
      paramLabel = "FILE.png",
      description = "Write the picture with the found boxes.")
  private Path out;

  @Mixin private ModelOption model;

  @Override
  public Integer call() throws IOException {
    int first = firstClass(words);
    List<Path> files = words.subList(0, first).stream().map(Path::of).toList();
    List<String> classes = words.subList(first, words.size());
    check(classes);
    Path folder = model.folder();
    List<Raster> pictures = new ArrayList<>();
    for (Path file : files) {
      pictures.add(ImageFiles.read(file));
    }
    Boxes.check(out, files);
    List<Detected> all = new ArrayList<>();
    try (VisionLlm llm = VisionLlm.load(folder)) {
      double least = threshold == null ? llm.options().threshold() : threshold;
      for (int i = 0; i < pictures.size(); i++) {
        Raster picture = pictures.get(i);
        List<Detection> found = llm.detect(picture, classes, least);
        Path to = Boxes.numbered(out, i, pictures.size());
        if (to != null) {
          Boxes.draw(picture, found, to);
        }
        all.add(
            new Detected(
                files.get(i).toString(),
                picture.width(),
                picture.height(),
                classes,
                least,
                Boxes.found(found),
                to == null ? null : to.toString()));
        if (!json()) {
          show(files.get(i), found, least, to, pictures.size() > 1);
        }
      }
    }
    if (json()) {
      printJson(all.size() == 1 ? all.get(0) : all);
    }
    return Main.OK;
  }

  private void show(Path file, List<Detection> found, double least, Path to, boolean named) {
    if (named) {
      print("%s", file);
    }
    found.forEach(d -> print("%s", Boxes.line(d)));
    if (found.isEmpty()) {
      print("nothing found with a score above %.2f", least);
    }
    if (to != null) {
      print("wrote %s", to);
    }
  }

  private void check(List<String> classes) {
    if (classes.isEmpty()) {
      throw new IllegalArgumentException("name at least one class after the picture");
    }
    if (classes.stream().anyMatch(String::isBlank)) {
      throw new IllegalArgumentException("a class name is empty: name what to look for");
    }
    if (threshold != null && !(threshold >= 0 && threshold <= 1)) {
      throw new IllegalArgumentException("threshold is " + threshold + ", should be 0 to 1");
    }
  }

  /** Index of the first word that is no picture; the first word always is one. */
  private static int firstClass(List<String> words) {
    int i = 1;
    while (i < words.size() && isPicture(words.get(i))) {
      i++;
    }
    return i;
  }

  /** An existing file, or a word that reads like a picture's name: that one is missing then. */
  private static boolean isPicture(String word) {
    if (word.toLowerCase(Locale.ROOT).matches(".*\\.(png|jpe?g|webp|gif|bmp)")) {
      return true;
    }
    try {
      return Files.isRegularFile(Path.of(word));
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
