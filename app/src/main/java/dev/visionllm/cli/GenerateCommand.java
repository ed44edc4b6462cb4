package dev.visionllm.cli;

import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code visionllm generate}: a picture of a caption. */
@Command(
    name = "generate",
    description = "Make a picture of a caption.",
    footer = {
      "",
      "The PNG carries its prompt, seed, model and schedule as text.",
      "",
      "Examples:",
      "  visionllm generate \"a red apple on a table\" --out apple.png --model DIR",
      "  visionllm generate \"a dog\" --out dogs.png --images 4 --seed 7 --steps 25 --schedule"
          + " dpm_solver --model DIR"
    })
final class GenerateCommand extends PaintCommand {
  @Parameters(paramLabel = "\"CAPTION\"", description = "What to draw, in quotes.")
  private String caption;

  @Override
  String request() {
    return caption;
  }

  @Override
  Path source() {
    return null;
  }
}
