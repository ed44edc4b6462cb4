package dev.visionllm.cli;

import dev.visionllm.train.Export;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm model export}: a training run becomes a model folder. */
@Command(
    name = "export",
    description = "Make a model folder of a training run: configuration, tokenizer, weights.",
    footer = {
      "",
      "Only tensors that the model takes are written; files of the same names are replaced.",
      "",
      "Examples:",
      "  visionllm model export runs/4-link --out my-model",
      "  visionllm model export runs/4-link --config models/nano --out my-model --dtype fp32"
    })
final class ModelExportCommand extends CliCommand {
  /** What was written. */
  record Exported(String out, int tensors, long parameters, long bytes, Format dtype) {}

  @Parameters(paramLabel = "RUN", description = "Folder of the run, with model.safetensors.")
  private Path run;

  @Option(
      names = "--config",
      paramLabel = "DIR",
      description = "Folder with config.json and the tokenizer (default: RUN).")
  private Path config;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write.")
  private Path out;

  @Option(
      names = "--dtype",
      defaultValue = "bf16",
      description = "Number format: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Format dtype;

  @Override
  public Integer call() throws IOException {
    Export.Written w =
        Export.write(run, ModelOption.check(config == null ? run : config), out, dtype.dtype);
    if (json()) {
      printJson(new Exported(out.toString(), w.tensors(), w.parameters(), w.bytes(), dtype));
    } else {
      print(
          "%s: %,d tensors, %,d parameters in %s, %.1f MB",
          out, w.tensors(), w.parameters(), dtype, w.bytes() / 1e6);
    }
    return Main.OK;
  }
}
