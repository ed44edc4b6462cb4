package dev.visionllm.cli;

import dev.visionllm.image.Raster;
import dev.visionllm.result.Finding;
import dev.visionllm.vlm.VisionLlm;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code visionllm ground}: the objects that expressions describe. */
@Command(
    name = "ground",
    description = "Find the one object that an expression describes: its box and its pixels.",
    footer = {
      "",
      "Several expressions are looked for one after the other.",
      "",
      "Examples:",
      "  visionllm ground photo.png \"the dog on the left\" --out found.png",
      "  visionllm ground photo.png \"the red cup\" \"the cup behind it\" --json"
    })
final class GroundCommand extends LookCommand {
  @Override
  void check(List<String> names) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("give an expression in quotes after the picture");
    }
  }

  @Override
  List<Finding> find(VisionLlm llm, Raster picture, List<String> names, double threshold) {
    return names.stream().flatMap(e -> llm.ground(picture, e, threshold).stream()).toList();
  }
}
