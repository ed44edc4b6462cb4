package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.Assembled;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Model folders that are broken or hostile: loading each ends in one line that says what is. */
class HostileCheckpointTest {
  private static final String NORM = "llm.model.norm.weight";
  private static final String MATRIX = "llm.model.layers.0.self_attn.q_proj";

  @TempDir private static Path shared;
  @TempDir private Path dir;

  private static Path files;
  private static Params weights;
  private Path folder;

  @BeforeAll
  static void write() throws IOException {
    files = Assembled.files(shared.resolve("files"));
    weights = Assembled.weights(files);
  }

  @AfterAll
  static void close() {
    weights.close();
  }

  @BeforeEach
  void copy() throws IOException {
    folder = Assembled.files(dir.resolve("model"));
  }

  @Test
  void pickleWithAForeignClass() throws IOException {
    TorchFile.Pickle pickle = new TorchFile.Pickle().op(0x80, 2).global("os", "system");
    torch(new TorchFile().pickle(pickle.text("id").op(0x85, 'R', '.').bytes()));
    refused("pytorch_model.bin: asks for os.system, which is no part of a tensor");
  }

  @Test
  void pickleThatCallsAFunction() throws IOException {
    TorchFile.Pickle pickle = new TorchFile.Pickle().op(0x80, 2).text("print");
    torch(new TorchFile().pickle(pickle.op(')', 'R', '.').bytes()));
    refused("pytorch_model.bin", "calls the text 'print', should call what rebuilds");
  }

  @Test
  void zipWithWrongSizes() throws IOException {
    torch(new TorchFile().tensor(NORM, new float[32], 32).wrongSize(4));
    refused("pytorch_model.bin");
    torch(
        new TorchFile()
            .storage("0", new byte[8])
            .view(NORM, "FloatStorage", "0", 32, 0, new long[] {32}, new long[] {1}));
    refused("pytorch_model.bin", NORM + " is on storage 0 of 8 bytes, 32 numbers in F32");
  }

  private void torch(TorchFile file) throws IOException {
    file.write(folder.resolve(Checkpoint.TORCH_SINGLE));
  }

  @Test
  void missingShard() throws IOException {
    index("model-00001-of-00002.safetensors", all -> {});
    Files.delete(folder.resolve("model-00001-of-00002.safetensors"));
    refused("names model-00001-of-00002.safetensors for", "which is not there: get it again");
  }

  @Test
  void indexThatNamesAMissingKey() throws IOException {
    index("model-00001-of-00001.safetensors", all -> all.remove(NORM));
    refused(NORM + " should be in model-00001-of-00001.safetensors, which does not hold it");
  }

  /** One shard, and an index of all tensors. @param change of what the shard holds */
  private void index(String shard, Consumer<Map<String, Tensor>> change) throws IOException {
    Map<String, Tensor> all = new LinkedHashMap<>(weights.taken());
    change.accept(all);
    SafeTensorsWriter.write(folder.resolve(shard), all);
    String map =
        weights.taken().keySet().stream()
            .map(name -> "\"" + name + "\": \"" + shard + "\"")
            .collect(Collectors.joining(", "));
    Files.writeString(folder.resolve(Checkpoint.INDEX), "{\"weight_map\": {" + map + "}}");
  }

  @Test
  void shapeMismatch() throws IOException {
    try (var scope = TensorScope.open()) {
      changed(all -> all.put(NORM, Tensors.of(new float[33], 33)));
    }
    refused(NORM + " has shape [33], the model needs [32]: check the sizes in config.json");
  }

  @Test
  void configWithoutHeads() throws IOException {
    for (String field : new String[] {"num_attention_heads", "encoder_attention_heads", "nheads"}) {
      String good = Files.readString(files.resolve("config.json"));
      String bad = good.replaceAll("\"" + field + "\": [24]", "\"" + field + "\": 0");
      assertThat(bad).isNotEqualTo(good);
      Files.writeString(folder.resolve("config.json"), bad);
      refused("heads");
    }
  }

  @Test
  void tokenizerWhoseRoutingTokenIsTwoIds() throws IOException {
    Path tokenizer = folder.resolve("tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer).replace("[DET]", "[DET1]"));
    changed(all -> {});
    refused("does not know the special token [DET]: it becomes", "ids", "instead of one");
  }

  @Test
  void adapterOfAnotherRank() throws IOException {
    Files.writeString(
        folder.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 8, \"lora_alpha\": 16}");
    changed(all -> {});
    try (var scope = TensorScope.open()) {
      SafeTensorsWriter.write(
          folder.resolve("adapter_model.safetensors"),
          Map.of(
              "base_model.model." + MATRIX.substring(4) + ".lora_A.weight",
              Tensors.of(new float[128], 4, 32),
              "base_model.model." + MATRIX.substring(4) + ".lora_B.weight",
              Tensors.of(new float[256], 32, 8)));
    }
    refused(
        "adapter_model.safetensors: " + MATRIX + ".weight of shape [32, 32]",
        "lora_A [4, 32] and lora_B [32, 8], should have one rank, r 8");
  }

  private void changed(Consumer<Map<String, Tensor>> change) throws IOException {
    Map<String, Tensor> all = new LinkedHashMap<>(weights.taken());
    change.accept(all);
    Assembled.save(folder, all);
  }

  private void refused(String... says) {
    assertThatThrownBy(() -> VisionLlm.load(folder))
        .isInstanceOfAny(IllegalArgumentException.class, IOException.class)
        .hasMessageNotContaining("\n")
        .message()
        .contains(says);
  }
}
