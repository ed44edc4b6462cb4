package dev.visionllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** {@code --model DIR}, for commands that run a model. */
final class ModelOption {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Folder with config.json and *.safetensors (default: the shipped model).")
  private Path folder;

  /**
   * The chosen model's folder, or the shipped one.
   *
   * @throws IllegalArgumentException if it is no model folder
   */
  Path folder() {
    return check(folder == null ? shipped() : folder);
  }

  /** models/nano of the installation, which the launcher names. */
  static Path shipped() {
    return Path.of(System.getProperty("visionllm.home", "."), "models", "nano");
  }

  /** Returns the folder if it looks like a model. */
  static Path check(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          "model folder "
              + folder
              + (Files.exists(folder) ? " is a file" : " does not exist")
              + ": give a folder that holds config.json and *.safetensors");
    }
    if (!Files.isRegularFile(folder.resolve("config.json"))) {
      throw new IllegalArgumentException(folder + " is no model folder: it has no config.json");
    }
    return folder;
  }
}
