package dev.visionllm.vlm;

import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model folder with every tool, of random weights. */
public final class Assembled {
  private static final Path FILES =
      Path.of("..", "core", "src", "test", "resources", "tiny-assembly");

  private Assembled() {}

  /** Writes the folder. */
  public static Path write(Path dir) throws IOException {
    Native.load();
    try (var files = Files.walk(FILES)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        Path to = dir.resolve(FILES.relativize(f).toString());
        Files.createDirectories(to.getParent());
        Files.copy(f, to);
      }
    }
    VisionLlmConfig c = VisionLlmConfig.read(dir);
    try (var scope = TensorScope.open();
        Tokenizer t = Tokenizer.load(dir);
        Params p = new Params(RandomWeights.of(1))) {
      new Multimodal(p, c.multimodal(), SpecialTokens.of(t)::id);
      new GroundingDino(p.at("gdino"), c.gdino());
      new UniPose(p.at("unipose"), c.unipose());
      new LatentDiffusion(p.at("sd"), c.sd());
      new LatentDiffusion(p.at("ip2p"), c.ip2p());
      SafeTensorsWriter.write(dir.resolve("model.safetensors"), p.taken());
    }
    return dir;
  }
}
