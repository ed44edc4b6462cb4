package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.NoLeaks;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsTest {
  private static final int N = 30_000; // 120 kB in fp32: large enough to be mapped

  @TempDir Path dir;

  private static float[] numbers(int n) {
    float[] out = new float[n];
    Random random = new Random(n);
    for (int i = 0; i < n; i++) {
      out[i] = (float) random.nextGaussian();
    }
    return out;
  }

  private Path written(Map<String, Tensor> tensors) {
    try {
      Path file = dir.resolve("m.safetensors");
      SafeTensorsWriter.write(file, tensors, Map.of("format", "pt"));
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void mappedTensorsLiveAsLongAsTheirMemoryIsUsed() throws IOException {
    int before = Mapped.inUse();
    float[] data = numbers(N);
    Tensor view;
    try (var scope = TensorScope.open()) {
      SafeTensors file = SafeTensors.open(written(Map.of("a", Tensors.of(data, N))));
      view = TensorScope.keep(TensorScope.of(() -> file.get("a").narrow(0, 10, 5)));
      assertThat(Mapped.inUse()).isEqualTo(before + 1);
    }
    System.gc();
    assertThat(Mapped.inUse()).as("held by the view").isEqualTo(before + 1);
    assertThat(Tensors.floats(view)).isEqualTo(Arrays.copyOfRange(data, 10, 15));
    view.close();
    assertThat(Mapped.inUse()).isEqualTo(before);
  }

  @Test
  void writingToAMappedTensorNeverReachesTheFile() throws IOException {
    try (var scope = TensorScope.open()) {
      Path path = written(Map.of("a", Tensors.of(numbers(N), N)));
      byte[] bytes = Files.readAllBytes(path);
      Tensor a = SafeTensors.open(path).get("a", N);
      a.add_(new Scalar(1.0));
      assertThat(Tensors.floats(a)[0]).isEqualTo(numbers(N)[0] + 1);
      assertThat(Files.readAllBytes(path)).isEqualTo(bytes);
      assertThat(Tensors.floats(SafeTensors.open(path).get("a"))).isEqualTo(numbers(N));
    }
  }

  @Test
  void aReplacedFileKeepsTheMappedContent() throws IOException {
    try (var scope = TensorScope.open()) {
      Path path = written(Map.of("a", Tensors.of(numbers(N), N)));
      Tensor a = SafeTensors.open(path).get("a");
      written(Map.of("a", Tensors.of(new float[N], N)));
      assertThat(Tensors.floats(a)).isEqualTo(numbers(N));
      assertThat(Tensors.floats(SafeTensors.open(path).get("a"))).isEqualTo(new float[N]);
    }
  }

  @Test
  void misalignedTensorsAreCopied() throws IOException {
    try (var scope = TensorScope.open()) {
      String header =
          String.format(
              "{\"a\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}", N, 4 * N);
      header += " ".repeat((5 - header.length() % 4) % 4); // data starts one byte off
      var all =
          java.nio.ByteBuffer.allocate(8 + header.length() + 4 * N)
              .order(java.nio.ByteOrder.LITTLE_ENDIAN);
      all.putLong(header.length());
      all.put(header.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      for (float x : numbers(N)) {
        all.putFloat(x);
      }
      Path path = Files.write(dir.resolve("off.safetensors"), all.array());
      SafeTensors file = SafeTensors.open(path);
      assertThat(file.entries().get("a").from() % 4).isEqualTo(1);
      int before = Mapped.inUse();
      assertThat(Tensors.floats(file.get("a"))).isEqualTo(numbers(N));
      assertThat(Mapped.inUse()).isEqualTo(before);
    }
  }

  @Test
  void aFileThatChangesAfterItsHeaderWasReadIsRefused() throws IOException {
    try (var scope = TensorScope.open()) {
      Path path = written(Map.of("a", Tensors.of(numbers(9), 9)));
      SafeTensors file = SafeTensors.open(path);
      Files.write(path, new byte[40]);
      assertThatThrownBy(() -> file.get("a"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("it was written to meanwhile");
    }
  }

  @Test
  void namesWhatTheModelNeedsInstead() throws IOException {
    try (var scope = TensorScope.open()) {
      Path path =
          written(
              Map.of(
                  "l.weight", Tensors.of(numbers(6), 2, 3),
                  "l.bias", Tensors.of(new long[] {1, 2}, 2)));
      SafeTensors file = SafeTensors.open(path);
      assertThatThrownBy(() -> file.get("l.weight", 3, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              path
                  + ": l.weight has shape [2, 3], the model needs [3, 2]:"
                  + " check the sizes in config.json");
      assertThatThrownBy(() -> file.get("l.bias", 2))
          .hasMessage(path + ": l.bias has dtype I64, should be F32, BF16, F16 or F64");
      assertThatThrownBy(() -> file.get("x", 2)).hasMessage(path + ": has no tensor x");
    }
  }

  @Test
  void numbersArriveInTheFormatThatIsAskedFor() throws IOException {
    try (var scope = TensorScope.open()) {
      Map<String, Tensor> all = new LinkedHashMap<>();
      Tensor a = Tensors.of(numbers(N), N);
      all.put("f32", a);
      all.put("bf16", a.to(ScalarType.BFloat16));
      all.put("f16", a.to(ScalarType.Half));
      all.put("index", Tensors.of(new long[] {1, 2, 3}, 3));
      SafeTensors file = SafeTensors.open(written(all));
      int before = Mapped.inUse();
      Params.Source half = file.withHardware(new Hardware("cpu", Hardware.Dtype.BF16));
      Tensor converted = half.get("f32", N);
      assertThat(converted.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      assertThat(Mapped.inUse()).as("the original is let go").isEqualTo(before);
      assertThat(Tensors.floats(converted)).isEqualTo(Tensors.floats(all.get("bf16")));
      assertThat(half.get("index", 3).scalar_type().intern()).isEqualTo(ScalarType.Long);
      Params.Source full = file.withHardware(Hardware.CPU);
      assertThat(Tensors.floats(full.get("f16", N))).isEqualTo(Tensors.floats(all.get("f16")));
      Tensor same = full.get("f32", N);
      assertThat(Mapped.inUse()).as("no conversion, no copy").isEqualTo(before + 1);
      assertThat(torch.equal(same, a)).isTrue();
      assertThat(full.has("f32")).isTrue();
      assertThat(full.has("x")).isFalse();
    }
  }

  @Test
  void loadingLeaksNothing() throws IOException {
    try (var scope = TensorScope.open()) {
      Path path =
          written(
              Map.of(
                  "large.weight", Tensors.of(numbers(N), N),
                  "small.weight", Tensors.of(numbers(5), 5)));
      int before = Mapped.inUse();
      NoLeaks.assertFlat(
          () -> {
            try (Params p = new Params(SafeTensors.open(path).withHardware(Hardware.CPU))) {
              p.tensor("large.weight", N);
              p.tensor("small.weight", 5);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      assertThat(Mapped.inUse()).isEqualTo(before);
    }
  }
}
