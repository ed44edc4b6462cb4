package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.nn.Lora;
import dev.visionllm.nn.MergedLora;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterTest {
  private static final Llama.Config SIZES =
      new Llama.Config(20, 16, 24, 2, 2, 2, 1e-5, 10_000, 32, false);
  private static final Lora.Config C =
      new Lora.Config(Lora.Config.REFERENCE.targets(), 4, 8, false, 0.05);
  private static final String Q = "model.layers.1.self_attn.q_proj";

  @TempDir Path dir;

  private static Params model(Params.Source base, Lora.Config c, Params.Source factors) {
    Params p = new Params(base).adapted(c, factors);
    new Llama(p.at("llm"), SIZES);
    return p;
  }

  private static Map<String, Tensor> some(Params p, Predicate<String> which) {
    Map<String, Tensor> out = new LinkedHashMap<>();
    p.taken().forEach((name, t) -> out.putAll(which.test(name) ? Map.of(name, t) : Map.of()));
    return out;
  }

  private static boolean learns(String name) {
    return name.contains(".lora_") || name.matches(".*(embed_tokens|lm_head)\\.weight");
  }

  @Test
  void isReadBackAsItWasWritten() throws IOException {
    Path once = dir.resolve("once");
    Path again = dir.resolve("again");
    try (var scope = TensorScope.open();
        Params p = model(RandomWeights.of(1), C, RandomWeights.of(2))) {
      assertThat(p.taken()).hasSize(2 * 9 + 3 + 2 * 12);
      Adapter.write(once, some(p, AdapterTest::learns), C);
      Adapter read = Adapter.open(once);
      assertThat(read.config().withTargets(C.targets())).isEqualTo(C);
      try (Params q = model(read.over(RandomWeights.of(1)), read.config(), read)) {
        read.refuseUnexpected(q.taken().keySet());
        assertThat(q.taken().keySet()).isEqualTo(p.taken().keySet());
        p.taken()
            .forEach(
                (name, t) ->
                    assertThat(Tensors.floats(q.taken().get(name)))
                        .as(name)
                        .isEqualTo(Tensors.floats(t)));
        Adapter.write(again, some(q, AdapterTest::learns), read.config());
      }
    }
    for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
      assertThat(again.resolve(file)).hasSameBinaryContentAs(once.resolve(file));
    }
  }

  @Test
  void hasTheLayoutOfPeft() throws IOException {
    try (var scope = TensorScope.open();
        Params p = model(RandomWeights.of(1), C, RandomWeights.of(2))) {
      Adapter.write(dir, some(p, AdapterTest::learns), C);
      SafeTensors file = SafeTensors.open(dir.resolve("adapter_model.safetensors"));
      assertThat(file.entries())
          .hasSize(26)
          .containsKeys(
              "base_model.model." + Q + ".lora_A.weight",
              "base_model.model." + Q + ".lora_B.weight",
              "base_model.model.model.embed_tokens.weight",
              "base_model.model.lm_head.weight");
      String json = Files.readString(dir.resolve("adapter_config.json"));
      assertThat(json.replaceAll("\\s", ""))
          .contains("\"r\":4,\"lora_alpha\":8.0,\"lora_dropout\":0.05")
          .contains("\"" + Q + "\"")
          .contains("\"modules_to_save\":[\"model.embed_tokens\",\"lm_head\"]");
    }
  }

  /** A folder with both, and a run's own file that holds both, give the merged weights. */
  @Test
  void isMergedWhenReadWithItsBase() throws IOException {
    Path base = Files.createDirectories(dir.resolve("base"));
    Path run = Files.createDirectories(dir.resolve("run"));
    try (var scope = TensorScope.open();
        Params p = model(RandomWeights.of(1), C, RandomWeights.of(2))) {
      SafeTensorsWriter.write(base.resolve(Checkpoint.SINGLE), some(p, n -> !n.contains(".lora_")));
      Adapter.write(dir.resolve("adapter"), some(p, n -> n.contains(".lora_")), C);
      SafeTensorsWriter.write(run.resolve(Checkpoint.SINGLE), p.taken());
      Adapter.describe(run, p.taken().keySet(), C);
      try (MergedLora merged = new MergedLora(p.taken(), C)) {
        String w = "llm." + Q + ".weight";
        for (Checkpoint c :
            List.of(Checkpoint.open(base, dir.resolve("adapter")), Checkpoint.open(run))) {
          assertThat(c.adapter()).hasValue("LoRA of rank 4, scale 2.0, on 12 matrices");
          Golden.check("adapter", "merged by the reader", p.taken().get(w), c.get(w, 16, 16), 0);
        }
      }
    }
  }

  @Test
  void refusesWhatIsNoAdapter() throws IOException {
    try (var scope = TensorScope.open()) {
      Tensor t = Tensors.of(new float[4], 2, 2);
      assertThatThrownBy(() -> Adapter.write(dir, Map.of("vl_bridge.0.weight", t), C))
          .hasMessageContaining("vl_bridge.0.weight is of another part");
      assertThatThrownBy(() -> Adapter.write(dir, Map.of("llm.lm_head.weight", t), C))
          .hasMessageContaining("there is no adapter to write");
      assertThatThrownBy(() -> Adapter.open(dir))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("holds no adapter");
      Adapter.write(dir, Map.of("llm.other.lora_A.weight", t, "llm.other.lora_B.weight", t), C);
      assertThatThrownBy(() -> Adapter.open(dir).refuseUnexpected(java.util.Set.of()))
          .hasMessageContaining("which the model has no place for");
      Files.delete(dir.resolve("adapter_config.json"));
      assertThatThrownBy(() -> Adapter.open(dir)).hasMessageContaining("there is no such file");
    }
  }

  @Test
  void theHeadIsNotAdapted() {
    try (var scope = TensorScope.open()) {
      Lora.Config all = C.withTargets(List.of(".*"));
      assertThatThrownBy(() -> model(RandomWeights.of(1), all, RandomWeights.of(2)))
          .hasMessageContaining("llm.lm_head: the output head cannot be adapted");
    }
  }
}
