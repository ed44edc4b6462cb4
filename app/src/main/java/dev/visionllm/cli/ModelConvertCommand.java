package dev.visionllm.cli;

import dev.visionllm.tensor.Hardware;
import dev.visionllm.vlm.Conversion;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm model convert}: the same model in other files. */
@Command(
    name = "convert",
    description =
        "Write a model as safetensors: from PyTorch's files, adapters merged, any format.",
    footer = {
      "",
      "Reads safetensors or PyTorch's .bin, in one file or several. LoRA adapters of PEFT, within",
      "the weights or beside them, are merged. Everything is checked before anything is written.",
      "",
      "Examples:",
      "  visionllm model convert VisionLLMv2 --out my-model --dtype bf16",
      "  visionllm model convert VisionLLMv2 --adapter my-lora --out my-model"
    })
final class ModelConvertCommand extends CliCommand {
  @Parameters(paramLabel = "DIR", description = "Model folder to read.")
  private Path folder;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write.")
  private Path out;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "Folder with PEFT's adapter_config.json and adapter_model.* to merge.")
  private Path adapter;

  @Option(
      names = "--dtype",
      description = "Number format: ${COMPLETION-CANDIDATES} (default: each tensor's own).")
  private Format dtype;

  @Override
  public Integer call() throws IOException {
    Path from = ModelOption.check(folder);
    Hardware.Dtype format = dtype == null ? null : dtype.dtype;
    WriteWeights.Written written =
        WriteWeights.run(
            this,
            out,
            Conversion.start(
                from, adapter == null ? from : adapter, out, format, WriteWeights.LARGEST));
    if (json()) {
      printJson(written);
    } else {
      print("%s", written.line());
    }
    return Main.OK;
  }
}
