package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/** A model folder in the released layout with every tool, of random weights. */
public final class Assembled {
  private static final Path FILES =
      Path.of("..", "core", "src", "test", "resources", "tiny-assembly");

  private Assembled() {}

  /** Writes the folder. */
  public static Path write(Path dir) throws IOException {
    files(dir);
    try (Params p = weights(dir)) {
      save(dir, p.taken());
    }
    return dir;
  }

  /** Writes the folder without weights: configurations and tokenizers. */
  public static Path files(Path dir) throws IOException {
    try (Stream<Path> files = Files.walk(FILES)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        Path to = dir.resolve(FILES.relativize(f).toString());
        Files.createDirectories(to.getParent());
        Files.copy(f, to);
      }
    }
    return dir;
  }

  /** The weights of a folder, without reading them; the caller closes them. */
  public static Params weights(Path dir) throws IOException {
    Native.load();
    Params p = new Params(RandomWeights.of(1));
    try (var scope = TensorScope.open();
        Tokenizer t = Tokenizer.load(dir)) {
      Layout.build(p, VisionLlmConfig.read(dir), SpecialTokens.of(t)::id);
    }
    return p;
  }

  /** Writes weights as one safetensors file. */
  public static void save(Path dir, Map<String, Tensor> weights) throws IOException {
    SafeTensorsWriter.write(dir.resolve(Checkpoint.SINGLE), weights);
  }
}
