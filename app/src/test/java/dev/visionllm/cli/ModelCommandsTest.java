package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Model folders looked into, converted and made up. */
class ModelCommandsTest {
  private static final String MATRIX = "model.layers.0.self_attn.q_proj";

  @TempDir static Path shared;
  @TempDir Path dir;

  private static Path model;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.write(shared.resolve("tiny"));
  }

  @Test
  void infoCountsSharedTensorsOnceAndSeesWhatIsMissing() throws IOException {
    JsonNode info = info(model);
    assertThat(info.get("problems")).isEmpty();
    JsonNode detector = part(info, "gdino");
    assertThat(detector.get("bytes").asLong()).isGreaterThan(detector.get("fp32").asLong());
    JsonNode llm = part(info, "llm");
    assertThat(llm.get("fp32").asLong()).isEqualTo(4 * llm.get("parameters").asLong());
    assertThat(llm.get("half").asLong()).isEqualTo(2 * llm.get("parameters").asLong());
    Path odd = TinyModel.write(dir.resolve("odd"), w -> w.remove("llm.model.norm.weight"));
    MainTest.Run run = MainTest.run("model", "info", odd.toString());
    assertThat(run.code()).isEqualTo(Main.OK);
    assertThat(run.out())
        .contains("this model will not load: ", "has no tensor llm.model.norm.weight");
  }

  @Test
  void convertChangesTheFormatAndMergesAnAdapter() throws IOException {
    Path half = dir.resolve("half");
    MainTest.Run run = convert(model, half, "--dtype", "bf16", "--json");
    assertThat(run.err()).isEmpty();
    JsonNode written = JsonMapper.builder().build().readTree(run.out());
    assertThat(written.get("files").get(0).asString()).isEqualTo("model.safetensors");
    assertThat(written.get("tensors").asInt()).isEqualTo(Checkpoint.open(model).entries().size());
    assertThat(part(info(half), "llm").get("formats").toString()).contains("BF16");
    assertThat(Files.readString(half.resolve("config.json"))).contains("bfloat16");

    Path adapter = Files.createDirectories(dir.resolve("adapter"));
    Path merged = dir.resolve("merged");
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 2}");
    float[] ones = new float[32];
    Arrays.fill(ones, 1);
    try (var scope = TensorScope.open()) {
      SafeTensorsWriter.write(
          adapter.resolve("adapter_model.safetensors"),
          Map.of(
              "base_model.model." + MATRIX + ".lora_A.weight", Tensors.of(ones, 2, 16),
              "base_model.model." + MATRIX + ".lora_B.weight", Tensors.of(ones, 16, 2)));
      assertThat(convert(model, merged, "--adapter", adapter.toString()).out())
          .contains("in 1 file");
      float[] before = Tensors.floats(Checkpoint.open(model).get("llm." + MATRIX + ".weight"));
      float[] after = Tensors.floats(Checkpoint.open(merged).get("llm." + MATRIX + ".weight"));
      for (int i = 0; i < before.length; i++) {
        assertThat(after[i]).isEqualTo(before[i] + 2);
      }
    }
    for (Path file :
        new Path[] {
          adapter.resolve("adapter_config.json"), adapter.resolve("adapter_model.safetensors")
        }) {
      Files.copy(file, merged.resolve(file.getFileName()));
    }
    assertThat(MainTest.run("model", "info", merged.toString()).out())
        .contains("LoRA of rank 2, scale 1.0, on 1 matrices, merged when the model is loaded");
  }

  @Test
  void skeletonWritesTheChosenParts() throws IOException {
    Path out = dir.resolve("skeleton");
    MainTest.Run run = skeleton(out, TinyModel.NANO, "emb_embeddings,region_encoder");
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("in 1 file");
    JsonNode info = info(out);
    assertThat(info.get("parts")).hasSize(5);
    assertThat(part(info, "emb_embeddings_gen").get("parameters").asInt()).isEqualTo(64 * 4096);
    assertThat(info.get("problems")).hasSize(1);
  }

  @Test
  void badInput() throws IOException {
    Path out = dir.resolve("out");
    MainTest.assertBadInput(
        convert(model, model), "holds weights already (model.safetensors), give a folder without");
    MainTest.assertBadInput(convert(model, out, "--dtype", "fp8"), "--dtype", "fp8");
    MainTest.assertBadInput(
        convert(model, out, "--adapter", dir.toString()), "holds no adapter, should hold one of");
    MainTest.assertBadInput(convert(dir.resolve("none"), out), "none does not exist");
    MainTest.assertBadInput(MainTest.run("model", "convert", model.toString()), "--out");
    MainTest.assertBadInput(
        skeleton(out, TinyModel.NANO, "legs"), "parts are [legs], should be of");
    MainTest.assertBadInput(
        MainTest.run("model", "skeleton", "--preset", "v3", "--out", out.toString()),
        "preset is \"v3\", should be v2-7b");
    MainTest.assertBadInput(skeleton(out, dir, "vl_bridge"), "has no tokenizer.json");
    assertThat(out.resolve("model.safetensors")).doesNotExist();
  }

  private static MainTest.Run convert(Path from, Path to, String... more) {
    String[] start = {"model", "convert", from.toString(), "--out", to.toString()};
    String[] all = Arrays.copyOf(start, start.length + more.length);
    System.arraycopy(more, 0, all, start.length, more.length);
    return MainTest.run(all);
  }

  private static MainTest.Run skeleton(Path out, Path tokenizer, String parts) {
    return MainTest.run(
        "model",
        "skeleton",
        "--preset",
        "v2-7b",
        "--out",
        out.toString(),
        "--tokenizer",
        tokenizer.toString(),
        "--parts",
        parts);
  }

  private static JsonNode info(Path folder) {
    MainTest.Run run = MainTest.run("model", "info", folder.toString(), "--json");
    assertThat(run.err()).isEmpty();
    return JsonMapper.builder().build().readTree(run.out());
  }

  private static JsonNode part(JsonNode info, String name) {
    for (JsonNode p : info.get("parts")) {
      if (p.get("name").asString().equals(name)) {
        return p;
      }
    }
    throw new AssertionError("no part " + name);
  }
}
