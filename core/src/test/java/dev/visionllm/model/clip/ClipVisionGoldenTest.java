package dev.visionllm.model.clip;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.nn.ImageEncoder;
import dev.visionllm.nn.Params;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ClipVisionGoldenTest {
  @TestFactory
  Stream<DynamicTest> equalsTheReference() {
    return Golden.tests(Golden.Kind.CLIP_VISION, ClipVisionGoldenTest::check);
  }

  private static void check(Golden g) {
    try (Params root = g.weights()) {
      ClipVision clip = new ClipVision(root.at("vis_encoder").at("vision_model"), config(g));
      Tensor pixels = g.io("pixel_values");
      List<Tensor> levels = clip.forward(pixels);
      for (int i = 0; i < levels.size(); i++) {
        g.check("hidden_states." + i, levels.get(i), 1e-5);
      }
      int n = levels.size();
      g.check("selected_feature", ImageEncoder.patches(levels.get(n - 2)), 1e-5);
      for (int k = 0; k < 3; k++) {
        g.check("region_level." + k, ImageEncoder.patches(levels.get(n - 3 + k)), 1e-5);
      }
      g.check("last_hidden_state", levels.get(n - 1), 1e-5);
      g.check("pooler_output", clip.pooled(levels.get(n - 1)), 1e-5);
      NoLeaks.assertFlat(() -> clip.forward(pixels));
    }
  }

  static ClipVision.Config config(Golden g) {
    return new ClipVision.Config(
        g.config("image_size").asInt(),
        g.config("patch_size").asInt(),
        g.config("hidden_size").asInt(),
        g.config("intermediate_size").asInt(),
        g.config("num_hidden_layers").asInt(),
        g.config("num_attention_heads").asInt(),
        g.config("layer_norm_eps").asDouble());
  }
}
