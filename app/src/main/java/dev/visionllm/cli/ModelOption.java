package dev.visionllm.cli;

import dev.visionllm.tensor.Hardware;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
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

  @Option(
      names = "--dtype",
      paramLabel = "FORMAT",
      defaultValue = "fp32",
      description = "Number format of the weights: fp32, bf16 or fp16 (default: ${DEFAULT-VALUE}).")
  private String dtype;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "cpu",
      description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
  private String device;

  /** Loads the model of {@link #folder}. */
  VisionLlm load(Path folder) throws IOException {
    return VisionLlm.load(folder, hardware());
  }

  private Hardware hardware() {
    return new Hardware(
        device,
        switch (dtype) {
          case "fp32" -> Hardware.Dtype.F32;
          case "bf16" -> Hardware.Dtype.BF16;
          case "fp16" -> Hardware.Dtype.F16;
          default ->
              throw new IllegalArgumentException(
                  "--dtype is " + dtype + ", should be fp32, bf16 or fp16");
        });
  }

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
