package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.result.Finding;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A guided command: pictures, then what to look for in them. */
abstract class LookCommand extends CliCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "IMAGE... NAME...",
      hideParamSyntax = true,
      description = "Picture files, then what to look for.")
  private List<String> words;

  @Option(
      names = "--threshold",
      paramLabel = "T",
      description = "Least score of a finding, 0 to 1 (default: the model's own).")
  private Double threshold;

  @Option(
      names = "--out",
      paramLabel = "FILE.png",
      description = "Write the picture with what was found.")
  private Path out;

  @Mixin private ModelOption model;

  /** Refuses words that this command does not understand. */
  abstract void check(List<String> names) throws IOException;

  /** The least score of a finding unless it is given. */
  double least(VisionLlm llm) {
    return llm.options().threshold();
  }

  /** Looks at one picture. */
  abstract List<? extends Finding> find(
      VisionLlm llm, Raster picture, List<String> names, double threshold);

  /** Writes more files than the overlay. @param stem name for them, another one for each picture */
  void write(Raster picture, Path file, String stem, List<? extends Finding> found)
      throws IOException {}

  @Override
  public Integer call() throws IOException {
    int first = firstName(words);
    List<Path> files = words.subList(0, first).stream().map(Path::of).toList();
    List<String> names = words.subList(first, words.size());
    check(names);
    if (names.stream().anyMatch(String::isBlank)) {
      throw new IllegalArgumentException("a class name is empty: name what to look for");
    }
    if (threshold != null && !(threshold >= 0 && threshold <= 1)) {
      throw new IllegalArgumentException("threshold is " + threshold + ", should be 0 to 1");
    }
    Path folder = model.folder();
    List<Raster> pictures = new ArrayList<>();
    for (Path file : files) {
      pictures.add(ImageFiles.read(file));
    }
    Findings.check(out, files);
    List<Map<String, Object>> all = new ArrayList<>();
    try (VisionLlm llm = model.load(folder)) {
      double least = threshold == null ? least(llm) : threshold;
      for (int i = 0; i < pictures.size(); i++) {
        Raster picture = pictures.get(i);
        List<? extends Finding> found = find(llm, picture, names, least);
        Path to = Findings.numbered(out, i, pictures.size());
        if (to != null) {
          Findings.draw(picture, found, to);
        }
        write(picture, files.get(i), stem(files, i), found);
        if (json()) {
          all.add(json(files.get(i), picture, names, least, found, to));
        } else {
          show(files.get(i), found, least, to, pictures.size() > 1);
        }
      }
    }
    if (json()) {
      printJson(all.size() == 1 ? all.get(0) : all);
    }
    return Main.OK;
  }

  /** A file's name without its ending; with its number where another file has the same name. */
  private static String stem(List<Path> files, int i) {
    List<String> names =
        files.stream().map(f -> f.getFileName().toString().replaceFirst("\\.[^.]*$", "")).toList();
    String name = names.get(i);
    return Collections.frequency(names, name) == 1 ? name : name + "-" + (i + 1);
  }

  private static Map<String, Object> json(
      Path file,
      Raster picture,
      List<String> names,
      double threshold,
      List<? extends Finding> found,
      Path to) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("image", file.toString());
    one.put("width", picture.width());
    one.put("height", picture.height());
    one.put("classes", names);
    one.put("threshold", threshold);
    one.put("detections", Findings.json(found));
    one.put("out", to == null ? null : to.toString());
    return one;
  }

  private void show(
      Path file, List<? extends Finding> found, double least, Path to, boolean named) {
    if (named) {
      print("%s", file);
    }
    found.forEach(f -> print("%s", Findings.line(f)));
    if (found.isEmpty()) {
      print("nothing found with a score above %.2f", least);
    }
    if (to != null) {
      print("wrote %s", to);
    }
  }

  static void some(List<String> names) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("name at least one class after the picture");
    }
  }

  /** Index of the first word that is no picture; the first word always is one. */
  private static int firstName(List<String> words) {
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
