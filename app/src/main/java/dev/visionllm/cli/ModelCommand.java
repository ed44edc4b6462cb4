package dev.visionllm.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code visionllm model ...}. */
@Command(
    name = "model",
    description = "Look into model folders, make them.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ModelInfoCommand.class,
      ModelConvertCommand.class,
      ModelExportCommand.class,
      ModelSkeletonCommand.class,
      ModelVocabularyCommand.class,
      ModelWordsCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  visionllm model info models/nano",
      "  visionllm model convert VisionLLMv2 --out my-model --dtype bf16",
      "  visionllm model export runs/4-link --config models/nano --out my-model"
    })
final class ModelCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given after model");
  }
}
