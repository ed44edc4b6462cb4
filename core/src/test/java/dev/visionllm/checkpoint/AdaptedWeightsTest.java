package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdaptedWeightsTest {
  private static final String W = "llm.model.q_proj.weight";
  private static final String WRAPPED = "llm.base_model.model.model.q_proj";
  private static final String ALONE = "base_model.model.model.q_proj";

  @TempDir Path dir;

  private void save(String file, Object... namesAndTensors) throws IOException {
    Map<String, Tensor> all = new LinkedHashMap<>();
    for (int i = 0; i < namesAndTensors.length; i += 2) {
      all.put((String) namesAndTensors[i], (Tensor) namesAndTensors[i + 1]);
    }
    SafeTensorsWriter.write(dir.resolve(file), all);
  }

  private void config(String json) throws IOException {
    Files.writeString(dir.resolve("adapter_config.json"), json);
  }

  private static Tensor ones(long... shape) {
    float[] data = new float[(int) (shape[0] * shape[1])];
    java.util.Arrays.fill(data, 1);
    return Tensors.of(data, shape);
  }

  @Test
  void addsTheScaledProductInTheMatrixsFormat() throws IOException {
    try (var scope = TensorScope.open()) {
      Tensor w = Tensors.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
      save(Checkpoint.SINGLE, W, w.to(ScalarType.BFloat16), "llm.lm_head.weight", ones(2, 2));
      save(
          "adapter_model.safetensors",
          ALONE + ".lora_A.weight",
          Tensors.of(new float[] {1, 0, 2}, 1, 3),
          ALONE + ".lora_B.weight",
          Tensors.of(new float[] {1, -1}, 2, 1),
          "base_model.model.lm_head.modules_to_save.weight",
          Tensors.of(new float[] {9, 9, 9, 9}, 2, 2));
      config("{\"peft_type\": \"LORA\", \"r\": 1, \"lora_alpha\": 3, \"use_rslora\": true}");
      Checkpoint c = Checkpoint.open(dir);
      assertThat(c.adapter()).hasValue("LoRA of rank 1, scale 3.0, on 1 matrices");
      assertThat(Tensors.floats(c.get(W, 2, 3))).containsExactly(4, 2, 9, 1, 5, 0);
      assertThat(c.get(W).scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      assertThat(Tensors.floats(c.get("llm.lm_head.weight"))).containsOnly(9);
      assertThat(c.entries()).containsOnlyKeys(W, "llm.lm_head.weight");
    }
  }

  @Test
  void theReferencesScaleNeedsNoConfig() throws IOException {
    try (var scope = TensorScope.open()) {
      save(
          Checkpoint.SINGLE,
          WRAPPED + ".weight",
          ones(2, 3),
          WRAPPED + ".lora_A.default.weight",
          ones(32, 3),
          WRAPPED + ".lora_B.default.weight",
          ones(2, 32));
      Checkpoint c = Checkpoint.open(dir);
      assertThat(Tensors.floats(c.get(W, 2, 3))).containsOnly(1 + 2 * 32);
      assertThatThrownBy(() -> c.get(W, 3, 3)).hasMessageContaining("the model needs [3, 3]");
    }
  }

  @Test
  void whatDoesNotFitIsRefused() throws IOException {
    try (var scope = TensorScope.open()) {
      config("{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 8}");
      within(ones(4, 3), ones(2, 8), "lora_A [4, 3] and lora_B [2, 8], should have one rank, r 4");
      within(ones(8, 3), ones(2, 8), "should have one rank, r 4");
      within(ones(4, 5), ones(2, 4), "lora_A [4, 5]");
      within(ones(4, 3), null, W + " has lora_A only");
      save(
          Checkpoint.SINGLE,
          WRAPPED + ".lora_A.weight",
          ones(4, 3),
          WRAPPED + ".lora_B.weight",
          ones(2, 4));
      refused(W + " is adapted, but the weights do not have it");
      save(
          Checkpoint.SINGLE,
          WRAPPED + ".weight",
          ones(2, 3),
          WRAPPED + ".lora_A.a.weight",
          ones(4, 3),
          WRAPPED + ".lora_B.b.weight",
          ones(2, 4));
      refused("has two adapters, [a, b]");
      save(
          Checkpoint.SINGLE,
          WRAPPED + ".weight",
          ones(2, 3),
          WRAPPED + ".lora_magnitude_vector",
          ones(1, 2));
      refused("lora_magnitude_vector is of a kind of LoRA that is not computed here");
      Files.delete(dir.resolve("adapter_config.json"));
      within(
          ones(4, 3),
          ones(2, 4),
          "is adapted with rank 4, the reference's is 32: put adapter_config.json");

      save(Checkpoint.SINGLE, W, ones(2, 3));
      save("adapter_model.safetensors", "base_model.model.other.lora_A.weight", ones(4, 3));
      assertThatThrownBy(() -> Checkpoint.open(dir))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("has no adapter_config.json beside it");
      config("{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 8}");
      refused("is for other.weight, which the weights do not have");
      Files.delete(dir.resolve(Checkpoint.SINGLE));
      assertThatThrownBy(() -> Checkpoint.open(dir)).hasMessageContaining("holds an adapter only");
    }
  }

  @Test
  void configsThatAskForMoreAreRefused() throws IOException {
    try (var scope = TensorScope.open()) {
      save(Checkpoint.SINGLE, W, ones(2, 3));
      save("adapter_model.safetensors", ALONE + ".lora_A.weight", ones(4, 3));
    }
    refusedConfig("{", "not valid JSON");
    refusedConfig("{\"peft_type\": \"IA3\"}", "peft_type is \"IA3\", should be \"LORA\"");
    String lora = "{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 8, ";
    refusedConfig(lora + "\"use_dora\": true}", "use_dora is true");
    refusedConfig(lora + "\"bias\": \"all\"}", "bias is \"all\"");
    refusedConfig(lora + "\"rank_pattern\": {\"q\": 2}}", "rank_pattern is {\"q\":2}");
    refusedConfig(lora + "\"lora_dropout\": \"x\"}", "lora_dropout is \"x\"");
    refusedConfig(lora + "\"lora_dropout\": 1}", "lora_dropout 1.0");
    refusedConfig("{\"peft_type\": \"LORA\", \"r\": 0, \"lora_alpha\": 8}", "r is 0");
    refusedConfig("{\"peft_type\": \"LORA\", \"r\": \"4\"}", "r is \"4\"");
  }

  private void refusedConfig(String json, String message) throws IOException {
    config(json);
    refused(message);
  }

  private void within(Tensor a, Tensor b, String message) throws IOException {
    if (b == null) {
      save(Checkpoint.SINGLE, WRAPPED + ".weight", ones(2, 3), WRAPPED + ".lora_A.weight", a);
    } else {
      save(
          Checkpoint.SINGLE,
          WRAPPED + ".weight",
          ones(2, 3),
          WRAPPED + ".lora_A.weight",
          a,
          WRAPPED + ".lora_B.weight",
          b);
    }
    refused(message);
  }

  private void refused(String message) {
    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }
}
