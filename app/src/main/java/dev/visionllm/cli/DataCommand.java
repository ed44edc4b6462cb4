package dev.visionllm.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code visionllm data ...}. */
@Command(
    name = "data",
    description = "Fetch picture sets, make pictures to learn from, check data.",
    mixinStandardHelpOptions = true,
    subcommands = {
      DataFetchCommand.class,
      DataScenesCommand.class,
      DataFiguresCommand.class,
      DataEditsCommand.class,
      DataMmicCommand.class,
      DataCheckCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  visionllm data fetch nano --out nano-data",
      "  visionllm data scenes --sources nano-data/sources/google --count 100 --seed 1 --out"
          + " scenes",
      "  visionllm data figures --count 100 --seed 1 --out figures",
      "  visionllm data edits --sources nano-data/sources/google --count 100 --seed 1 --out edits",
      "  visionllm data mmic --coco scenes/instances.json --images scenes --count 100 --seed 1 --out"
          + " mmic",
      "  visionllm data check scenes"
    })
final class DataCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given after data");
  }
}
