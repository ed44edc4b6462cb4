package dev.visionllm.train;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.Layout;
import dev.visionllm.vlm.ModelFolder;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;

/** Makes a model folder of a run: configuration, tokenizer and weights in one number format. */
public final class Export {
  /**
   * What was written.
   *
   * @param parameters counted once for each name
   * @param bytes of the weights' file
   */
  public record Written(Path folder, int tensors, long parameters, long bytes) {}

  private Export() {}

  /**
   * Writes out/config.json, the tokenizer and out/model.safetensors with the tensors that the model
   * takes, each file all or nothing and the weights last.
   *
   * @param run folder with weights: a run's, or any checkpoint
   * @param model folder with config.json and the tokenizer
   * @param out new or existing folder; files of these names are replaced
   * @throws IllegalArgumentException if the weights do not fit the configuration
   */
  public static Written write(Path run, Path model, Path out, Hardware.Dtype dtype)
      throws IOException {
    Native.load();
    VisionLlmConfig config = VisionLlmConfig.read(model);
    Checkpoint checkpoint = Checkpoint.open(run);
    try (Tokenizer tokenizer = Tokenizer.load(model);
        Params params = new Params(checkpoint.withHardware(new Hardware("cpu", dtype)));
        var scope = TensorScope.open()) {
      SpecialTokens special = SpecialTokens.of(tokenizer);
      Layout.build(params, config, special::id);
      ModelFolder.copy(model, out);
      Path file = out.resolve(Checkpoint.SINGLE);
      SafeTensorsWriter.write(file, params.taken());
      long numbers = params.taken().values().stream().mapToLong(Tensor::numel).sum();
      return new Written(out, params.taken().size(), numbers, Files.size(file));
    }
  }
}
