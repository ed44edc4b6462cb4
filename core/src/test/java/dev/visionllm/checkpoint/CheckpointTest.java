package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
  @TempDir Path dir;

  private void shard(String name, String... tensors) throws IOException {
    try (var scope = TensorScope.open()) {
      java.util.Map<String, org.bytedeco.pytorch.Tensor> all = new java.util.LinkedHashMap<>();
      for (String t : tensors) {
        all.put(t, Tensors.of(new float[] {t.length(), 1}, 2));
      }
      SafeTensorsWriter.write(dir.resolve(name), all);
    }
  }

  private Path index(String map) throws IOException {
    return Files.writeString(
        dir.resolve(Checkpoint.INDEX), "{\"metadata\":{},\"weight_map\":{" + map + "}}");
  }

  @Test
  void readsOneFile() throws IOException {
    shard(Checkpoint.SINGLE, "a", "bb");
    try (var scope = TensorScope.open()) {
      Checkpoint c = Checkpoint.open(dir);
      assertThat(c.entries()).containsOnlyKeys("a", "bb");
      assertThat(c.has("bb")).isTrue();
      assertThat(Tensors.floats(c.get("bb", 2))).containsExactly(2, 1);
    }
  }

  @Test
  void readsShards() throws IOException {
    shard("one.safetensors", "a", "bb");
    shard("two.safetensors", "ccc");
    index("\"a\":\"one.safetensors\",\"ccc\":\"two.safetensors\",\"bb\":\"one.safetensors\"");
    try (var scope = TensorScope.open()) {
      Checkpoint c = Checkpoint.open(dir);
      assertThat(c.entries()).containsOnlyKeys("a", "bb", "ccc");
      assertThat(Tensors.floats(c.get("ccc", 2))).containsExactly(3, 1);
      assertThat(c.has("d")).isFalse();
      assertThatThrownBy(() -> c.get("d", 2)).hasMessageEndingWith(": has no tensor d");
      var half = c.withHardware(new Hardware("cpu", Hardware.Dtype.BF16));
      assertThat(half.get("a", 2).scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
    }
  }

  @Test
  void indexAndShardsMustAgree() throws IOException {
    shard("one.safetensors", "a", "bb");
    refuses(index("\"a\":\"one.safetensors\""), "one.safetensors holds bb, which the index");
    refuses(
        index("\"a\":\"one.safetensors\",\"x\":\"one.safetensors\""),
        "x should be in one.safetensors, which does not hold it");
    refuses(index("\"a\":\"../one.safetensors\""), "a is in \"../one.safetensors\", should be");
    refuses(index("\"a\":1"), "a is in 1, should be a .safetensors file beside the index");
    refuses(index("\"a\":\"one.safetensors\",\"a\":\"one.safetensors\""), "not valid JSON");
    refuses(index(""), "has no weight_map");
    refuses(Files.writeString(dir.resolve(Checkpoint.INDEX), "[]"), "has no weight_map");
    refuses(Files.writeString(dir.resolve(Checkpoint.INDEX), "{"), "not valid JSON");
    refuses(Files.write(dir.resolve(Checkpoint.INDEX), new byte[] {(byte) 0xE9}), "not UTF-8");
    Path index = index("\"a\":\"three.safetensors\"");
    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(IOException.class)
        .hasMessage(index + ": names three.safetensors for a, which is not there: get it again");
  }

  private void refuses(Path index, String message) {
    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(index + ": ")
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void aFolderHoldsOneOfBothForms() throws IOException {
    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(IOException.class)
        .hasMessage(
            dir
                + ": holds no weights, should hold one of model.safetensors,"
                + " model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json");
    assertThatThrownBy(() -> Checkpoint.open(dir.resolve("no")))
        .hasMessage(dir.resolve("no") + ": there is no such folder");
    shard(Checkpoint.SINGLE, "a");
    index("\"a\":\"model.safetensors\"");
    assertThatThrownBy(() -> Checkpoint.open(dir)).hasMessageContaining("holds both");
  }

  @Test
  void tensorsThatNobodyExpectsAreRefused() throws IOException {
    shard(Checkpoint.SINGLE, "a", "b.index", "c", "d", "e", "f", "g", "h");
    Checkpoint c = Checkpoint.open(dir);
    List<Pattern> allowed = List.of(Pattern.compile(".*\\.index"));
    Set<String> taken = Set.of("a", "c", "d", "e", "f", "g");
    assertThat(c.unexpected(taken, allowed)).containsExactly("h");
    assertThatThrownBy(() -> c.refuseUnexpected(taken, allowed))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            dir.resolve(Checkpoint.SINGLE)
                + ": holds 1 tensor the model has no place for: h: check config.json");
    assertThatThrownBy(() -> c.refuseUnexpected(Set.of(), allowed))
        .hasMessageContaining("holds 7 tensors the model has no place for: a, c, d, e, f, ...");
    assertThatCode(() -> c.refuseUnexpected(c.entries().keySet(), List.of()))
        .doesNotThrowAnyException();
    assertThat(Map.copyOf(c.entries())).hasSize(8);
  }
}
