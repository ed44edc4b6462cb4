package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.junit.jupiter.api.Test;

class InitTest {
  private static float[] get(Init init, String name, long... shape) {
    try (var scope = TensorScope.open()) {
      return Tensors.floats(init.get(name, shape));
    }
  }

  private static double deviation(float[] x) {
    double sum = 0;
    for (float v : x) {
      sum += v * v;
    }
    return Math.sqrt(sum / x.length);
  }

  private static double most(float[] x) {
    double most = 0;
    for (float v : x) {
      most = Math.max(most, Math.abs(v));
    }
    return most;
  }

  @Test
  void namesAndSeedsDecideAndNothingElse() {
    Init init = new Init(1);
    float[] a = get(init, "l.0.weight", 20, 30);
    assertThat(get(init, "l.1.weight", 20, 30)).isNotEqualTo(a);
    assertThat(get(init, "l.0.weight", 20, 30)).isEqualTo(a);
    assertThat(get(new Init(2), "l.0.weight", 20, 30)).isNotEqualTo(a);
  }

  @Test
  void theUsualRules() {
    Init init = new Init(1);
    assertThat(get(init, "model.norm.weight", 5)).containsOnly(1);
    assertThat(get(init, "q_proj.bias", 5)).containsOnly(0);
    assertThat(get(init, "embeddings.projection.bias", 5)).containsOnly(0);
    assertThat(get(init, "fusion_layer.vision_param", 5)).containsOnly(1e-4f);
    float[] table = get(init, "embed_tokens.weight", 100, 100);
    assertThat(deviation(table)).isCloseTo(0.02, within(0.001));
    float[] matrix = get(init, "q_proj.weight", 100, 200);
    double limit = Math.sqrt(6.0 / 300);
    assertThat(most(matrix)).isCloseTo(limit, within(0.01)).isLessThanOrEqualTo(limit);
    assertThat(deviation(matrix)).isCloseTo(limit / Math.sqrt(3), within(0.002));
    float[] kernel = get(init, "conv.weight", 40, 20, 3, 3);
    assertThat(most(kernel)).isCloseTo(Math.sqrt(6.0 / (60 * 9)), within(0.005));
  }

  @Test
  void rulesOverrideInOrder() {
    Init init =
        new Init(1)
            .with("gdino\\..*class.*bias", new Init.Fill.Constant(-4.6))
            .with("llm\\..*proj\\.weight", new Init.Fill.Normal(0.05))
            .with("conv.weight", new Init.Fill.Kaiming(Math.sqrt(2)))
            .with("u.weight", new Init.Fill.Uniform(0.3))
            .with("llm\\..*", new Init.Fill.Constant(9));
    assertThat(get(init, "gdino.class_embed.bias", 5)).containsOnly(-4.6f);
    assertThat(deviation(get(init, "llm.q_proj.weight", 100, 100))).isCloseTo(0.05, within(0.002));
    assertThat(deviation(get(init, "conv.weight", 100, 50, 2, 2)))
        .isCloseTo(Math.sqrt(2.0 / 200), within(0.004));
    assertThat(most(get(init, "u.weight", 100, 10))).isCloseTo(0.3, within(0.01));
    assertThat(get(init, "llm.norm.weight", 3)).containsOnly(9);
  }

  @Test
  void optionalPartsNeedARule() {
    assertThat(new Init(1).has("post_layernorm.weight")).isFalse();
    Init init = new Init(1).with("post_layernorm.*", new Init.Fill.Constant(1));
    assertThat(init.has("post_layernorm.weight")).isTrue();
  }
}
