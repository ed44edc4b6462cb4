package dev.visionllm.model.internvit;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.nn.Params;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class InternVitGoldenTest {
  @TestFactory
  Stream<DynamicTest> equalsTheReference() {
    return Golden.tests(Golden.Kind.INTERN_VIT, InternVitGoldenTest::check);
  }

  private static void check(Golden g) {
    try (Params root = g.weights()) {
      InternVit encoder = new InternVit(root.at("vis_encoder"), config(g));
      Tensor pixels = g.io("pixel_values");
      List<Tensor> levels = encoder.forward(pixels);
      for (int i = 0; i < levels.size(); i++) {
        g.check("hidden_states." + i, levels.get(i), 3e-6);
      }
      g.check("last_hidden_state", levels.get(levels.size() - 1), 3e-6);
      NoLeaks.assertFlat(() -> encoder.forward(pixels));
    }
  }

  static InternVit.Config config(Golden g) {
    return new InternVit.Config(
        g.config("image_size").asInt(),
        g.config("patch_size").asInt(),
        g.config("hidden_size").asInt(),
        g.config("intermediate_size").asInt(),
        g.config("num_hidden_layers").asInt(),
        g.config("num_attention_heads").asInt(),
        g.config("layer_norm_eps").asDouble(),
        g.config("qkv_bias").asBoolean(),
        g.config("qk_normalization").asBoolean());
  }
}
