package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.result.Detection;
import dev.visionllm.vlm.VisionLlm;
import java.nio.file.Path;
import java.util.List;

class ReadmeExample {
  public static void main(String[] args) throws Exception {
    try (VisionLlm model = VisionLlm.load(Path.of(args[0]))) {
      Raster picture = ImageFiles.read(Path.of(args[1]));
      System.out.println(model.ask(Prompt.of("What is in this picture?", picture)).text());
      for (Detection found : model.detect(picture, List.of("dog", "balloon"))) {
        System.out.println(found.label() + " " + found.score() + " " + found.box());
      }
    }
  }
}
