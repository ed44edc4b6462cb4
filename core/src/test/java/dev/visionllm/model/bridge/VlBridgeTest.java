package dev.visionllm.model.bridge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class VlBridgeTest {
  @Test
  void takesThePublishedNames() {
    assertThat(names("linear")).containsExactly("vl_bridge.weight", "vl_bridge.bias");
    assertThat(names("mlp1x_gelu")).containsExactly("vl_bridge.0.weight", "vl_bridge.0.bias");
    assertThat(names("mlp3x_gelu"))
        .containsExactly(
            "vl_bridge.0.weight",
            "vl_bridge.0.bias",
            "vl_bridge.2.weight",
            "vl_bridge.2.bias",
            "vl_bridge.4.weight",
            "vl_bridge.4.bias");
    assertThat(names("internvl_mlp")).contains("vl_bridge.1.weight", "vl_bridge.3.weight");
  }

  private static Iterable<String> names(String type) {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      VlBridge bridge = new VlBridge(root.at("vl_bridge"), VlBridge.Config.of(type, 6, 8, false));
      assertThat(bridge.forward(RandomWeights.tensor(2, 2, 9, 6)).shape()).containsExactly(2, 9, 8);
      return java.util.List.copyOf(root.taken().keySet());
    }
  }

  @Test
  void pixelShuffleQuartersTheTokens() {
    VlBridge.Config c = VlBridge.Config.of("mlp2x_gelu", 6, 8, true);
    assertThat(c.tokens(24)).isEqualTo(144);
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      VlBridge bridge = new VlBridge(root, c);
      assertThat(bridge.forward(RandomWeights.tensor(2, 2, 16, 6)).shape())
          .containsExactly(2, 4, 8);
      Tensor odd = RandomWeights.tensor(2, 2, 9, 6);
      assertThatThrownBy(() -> bridge.forward(odd))
          .hasMessage("pixel shuffle needs an even square of patches, there are 9");
    }
  }

  @Test
  void refusesUnknownTypes() {
    assertThatThrownBy(() -> VlBridge.Config.of("mlp0x_gelu", 6, 8, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "bridge type is \"mlp0x_gelu\","
                + " should be linear, mlpNx_gelu (N from 1 to 99) or internvl_mlp");
  }
}
