package dev.visionllm.cli;

import dev.visionllm.image.Raster;
import dev.visionllm.result.Detection;
import dev.visionllm.vlm.VisionLlm;
import java.util.List;
import picocli.CommandLine.Command;

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
final class DetectCommand extends LookCommand {
  @Override
  void check(List<String> names) {
    some(names);
  }

  @Override
  List<Detection> find(VisionLlm llm, Raster picture, List<String> names, double threshold) {
    return llm.detect(picture, names, threshold);
  }
}
