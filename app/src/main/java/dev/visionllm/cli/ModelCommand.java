package dev.visionllm.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code visionllm model ...}. */
@Command(
    name = "model",
    description = "Look into model folders.",
    mixinStandardHelpOptions = true,
    subcommands = ModelInfoCommand.class,
    footer = {"", "Examples:", "  visionllm model info models/nano"})
final class ModelCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given after model");
  }
}
