package dev.visionllm.cli;

import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm edit}: a picture, changed as told. */
@Command(
    name = "edit",
    description = "Change a picture as told.",
    footer = {
      "",
      "Examples:",
      "  visionllm edit photo.png \"make it winter\" --out winter.png --model DIR",
      "  visionllm edit photo.png \"paint the door blue\" --image-guidance 1.8 --out blue.png"
          + " --model DIR"
    })
final class EditCommand extends PaintCommand {
  @Parameters(index = "0", paramLabel = "IMAGE", description = "The picture.")
  private Path image;

  @Parameters(
      index = "1",
      paramLabel = "\"INSTRUCTION\"",
      description = "What to change, in quotes.")
  private String instruction;

  @Option(
      names = "--image-guidance",
      paramLabel = "G",
      description = "How strongly the picture is kept; below 1 turns guidance off.")
  private Double imageGuidance;

  @Override
  String request() {
    return instruction;
  }

  @Override
  Path source() {
    return image;
  }

  @Override
  Double imageGuidance() {
    return imageGuidance;
  }
}
