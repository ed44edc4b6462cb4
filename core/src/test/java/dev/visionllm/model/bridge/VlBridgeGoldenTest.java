package dev.visionllm.model.bridge;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.nn.Params;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class VlBridgeGoldenTest {
  @TestFactory
  Stream<DynamicTest> equalsTheReference() {
    return Golden.tests(Golden.Kind.VL_PROJECTOR, VlBridgeGoldenTest::check);
  }

  private static void check(Golden g) {
    VlBridge.Config c =
        VlBridge.Config.of(
            g.config("vl_bridge_type").asString(),
            g.config("v_hidden_size").asInt(),
            g.config("l_hidden_size").asInt(),
            g.config("use_pixelshuffle").asBoolean());
    try (Params root = g.weights()) {
      VlBridge bridge = new VlBridge(root.at("vl_bridge"), c);
      Tensor in = g.io("image_features_in");
      if (c.pixelShuffle()) {
        g.check("after_pixel_shuffle", VlBridge.pixelShuffle(in), 0);
      }
      g.check("image_features_out", bridge.forward(in), 1e-5);
      NoLeaks.assertFlat(() -> bridge.forward(in));
    }
  }
}
