package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.NoLeaks;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class TorchPickleTest {
  /**
   * State dicts that Python's own pickler wrote, protocols 2 and 4, from classes named as torch's:
   * a parameter, a second name on its storage, a view with strides and offset, int64, 70,000 bf16
   * numbers, a scalar, and _metadata.
   */
  private static final List<String> FROM_PYTHON =
      List.of(
          "gAJjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQApUnEBKFgIAAAAYS53ZWlnaHRxAmN0b3JjaC5f"
              + "dXRpbHMKX3JlYnVpbGRfcGFyYW1ldGVyCnEDY3RvcmNoLl91dGlscwpfcmVidWlsZF90ZW5zb3Jf"
              + "djIKcQQoKFgHAAAAc3RvcmFnZXEFY3RvcmNoCkZsb2F0U3RvcmFnZQpxBlgBAAAAMHEHWAYAAABj"
              + "dWRhOjBxCEsGdHEJUUsASwJLA4ZxCksDSwGGcQuJaAApUnEMdHENUnEOiGgAKVJxD4dxEFJxEVgG"
              + "AAAAYS50aWVkcRJoBCgoaAVoBmgHaAhLBnRxE1FLAGgKaAuJaAApUnEUdHEVUnEWWAwAAABhLnRy"
              + "YW5zcG9zZWRxF2gEKChoBWgGaAdoCEsGdHEYUUsBaAtLAUsDhnEZiWgAKVJxGnRxG1JxHFgDAAAA"
              + "aWRzcR1oBCgoaAVjdG9yY2gKTG9uZ1N0b3JhZ2UKcR5YAQAAADFxH2gITSwBdHEgUUsATSwBhXEh"
              + "SwGFcSKJaAApUnEjdHEkUnElWAMAAABiaWdxJmgEKChoBWN0b3JjaApCRmxvYXQxNlN0b3JhZ2UK"
              + "cSdYAQAAADJxKGgISnARAQB0cSlRSwBLAUpwEQEAhnEqSnARAQBLAYZxK4loAClScSx0cS1ScS5Y"
              + "BgAAAHNjYWxhcnEvaAQoKGgFaAZoB2gISwZ0cTBRSwUpKYloAClScTF0cTJScTN1fXE0WAkAAABf"
              + "bWV0YWRhdGFxNWgAKVJxNihYAAAAAHE3fXE4WAcAAAB2ZXJzaW9ucTlLAXNYAQAAAGFxOn1xO2g5"
              + "SwJzdXNiLg==",
          "gASVDgIAAAAAAACMC2NvbGxlY3Rpb25zlIwLT3JkZXJlZERpY3SUk5QpUpQojAhhLndlaWdodJSM"
              + "DHRvcmNoLl91dGlsc5SMEl9yZWJ1aWxkX3BhcmFtZXRlcpSTlGgFjBJfcmVidWlsZF90ZW5zb3Jf"
              + "djKUk5QoKIwHc3RvcmFnZZSMBXRvcmNolIwMRmxvYXRTdG9yYWdllJOUjAEwlIwGY3VkYTowlEsG"
              + "dJRRSwBLAksDhpRLA0sBhpSJaAIpUpR0lFKUiGgCKVKUh5RSlIwGYS50aWVklGgJKChoCmgNaA5o"
              + "D0sGdJRRSwBoEWgSiWgCKVKUdJRSlIwMYS50cmFuc3Bvc2VklGgJKChoCmgNaA5oD0sGdJRRSwFo"
              + "EksBSwOGlIloAilSlHSUUpSMA2lkc5RoCSgoaApoC4wLTG9uZ1N0b3JhZ2WUk5SMATGUaA9NLAF0"
              + "lFFLAE0sAYWUSwGFlIloAilSlHSUUpSMA2JpZ5RoCSgoaApoC4wPQkZsb2F0MTZTdG9yYWdllJOU"
              + "jAEylGgPSnARAQB0lFFLAEsBSnARAQCGlEpwEQEASwGGlIloAilSlHSUUpSMBnNjYWxhcpRoCSgo"
              + "aApoDWgOaA9LBnSUUUsFKSmJaAIpUpR0lFKUdX2UjAlfbWV0YWRhdGGUaAIpUpQojACUfZSMB3Zl"
              + "cnNpb26USwFzjAFhlH2UaEJLAnN1c2Iu");

  /** An OrderedDict whose value calls os.system, from Python's pickler. */
  private static final String EVIL =
      "gAJjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQApUnEBWAEAAAB4cQJjcG9zaXgKc3lzdGVtCnED"
          + "WAQAAAB0cnVlcQSFcQVScQZzLg==";

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

  private static byte[] floats(float... data) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(data);
    return bytes.array();
  }

  private Path file() {
    return dir.resolve("pytorch_model.bin");
  }

  @TestFactory
  Stream<DynamicTest> readsWhatPythonPickles() {
    return FROM_PYTHON.stream()
        .map(
            base64 ->
                DynamicTest.dynamicTest(
                    base64.substring(0, 4), () -> fromPython(Base64.getDecoder().decode(base64))));
  }

  private void fromPython(byte[] pickle) throws IOException {
    ByteBuffer ids = ByteBuffer.allocate(8 * 300).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 300; i++) {
      ids.putLong(1L << 33 | i);
    }
    byte[] ones = new byte[2 * 70_000]; // bf16 1.0 is 0x3F80
    for (int i = 0; i < ones.length; i += 2) {
      ones[i] = (byte) 0x80;
      ones[i + 1] = 0x3F;
    }
    Path path =
        new TorchFile()
            .pickle(pickle)
            .storage("0", floats(0, 1, 2, 3, 4, 5))
            .storage("1", ids.array())
            .storage("2", ones)
            .entry("archive/version", "3\n")
            .entry("archive/byteorder", "little")
            .write(file());
    try (var scope = TensorScope.open()) {
      TorchPickle torch = TorchPickle.open(path);
      assertThat(torch.entries().keySet())
          .containsExactly("a.weight", "a.tied", "a.transposed", "ids", "big", "scalar");
      assertThat(Tensors.floats(torch.get("a.weight", 2, 3))).containsExactly(0, 1, 2, 3, 4, 5);
      assertThat(Tensors.floats(torch.get("a.tied", 2, 3))).containsExactly(0, 1, 2, 3, 4, 5);
      assertThat(Tensors.floats(torch.get("a.transposed", 3, 1))).containsExactly(1, 2, 3);
      Tensor id = torch.get("ids", 300);
      assertThat(id.scalar_type().intern()).isEqualTo(ScalarType.Long);
      assertThat(Tensors.longs(id)[299]).isEqualTo(1L << 33 | 299);
      Tensor big = torch.get("big", 1, 70_000);
      assertThat(big.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      assertThat(Tensors.floats(big)).hasSize(70_000).containsOnly(1);
      Tensor scalar = torch.get("scalar");
      assertThat(scalar.dim()).isZero();
      assertThat(scalar.item_float()).isEqualTo(5);
      assertThat(torch.entries().get("big").dtype()).isEqualTo("BF16");
    }
  }

  @Test
  void readsEveryNumberFormat() throws IOException {
    TorchFile file = new TorchFile();
    List<String> kinds =
        List.of("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte");
    int[] bytes = {8, 4, 2, 2, 8, 4, 2, 1, 1};
    for (int i = 0; i < bytes.length; i++) {
      file.storage(kinds.get(i), new byte[3 * bytes[i]]);
      file.view(
          kinds.get(i),
          kinds.get(i) + "Storage",
          kinds.get(i),
          3,
          1,
          new long[] {2},
          new long[] {1});
    }
    try (var scope = TensorScope.open()) {
      TorchPickle torch = TorchPickle.open(file.write(file()));
      for (String kind : kinds) {
        assertThat(torch.get(kind, 2).scalar_type().intern().toString()).isEqualTo(kind);
      }
      Tensor half = new OnHardware(torch, new Hardware("cpu", Hardware.Dtype.BF16)).get("Float", 2);
      assertThat(half.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
    }
  }

  @Test
  void largeTensorsAreTheFilesPagesAndSharedByTheirNames() throws IOException {
    int before = Mapped.inUse();
    float[] data = numbers(N);
    Path path =
        new TorchFile()
            .tensor("a", data, 100, N / 100)
            .view(
                "b", "FloatStorage", "0", N, 0, new long[] {N / 100, 100}, new long[] {1, N / 100})
            .view("part", "FloatStorage", "0", N, N / 2, new long[] {N / 2}, new long[] {1})
            .write(file());
    byte[] content = Files.readAllBytes(path);
    try (var scope = TensorScope.open()) {
      TorchPickle torch = TorchPickle.open(path);
      Tensor a = torch.get("a");
      Tensor b = torch.get("b");
      assertThat(Mapped.inUse()).as("one mapping for both names").isEqualTo(before + 1);
      assertThat(b.data_ptr().address()).isEqualTo(a.data_ptr().address());
      assertThat(Tensors.floats(a)).isEqualTo(data);
      assertThat(Tensors.floats(b)[1]).isEqualTo(data[N / 100]);
      Tensor part = torch.get("part");
      assertThat(Tensors.floats(part)).isEqualTo(Arrays.copyOfRange(data, N / 2, N));
      a.add_(new Scalar(1.0));
      assertThat(Tensors.floats(b)[0]).as("as in PyTorch").isEqualTo(data[0] + 1);
      assertThat(Tensors.floats(TorchPickle.open(path).get("a"))).isEqualTo(data);
    }
    assertThat(Files.readAllBytes(path)).as("never written to").isEqualTo(content);
    System.gc();
    assertThat(Mapped.inUse()).isEqualTo(before);
    NoLeaks.assertFlat(
        () -> {
          try {
            TorchPickle torch = TorchPickle.open(path);
            assertThat(torch.get("a").size(0)).isEqualTo(torch.get("b").size(1));
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
  }

  @Test
  void unalignedOrCompressedNumbersAreCopied() throws IOException {
    int before = Mapped.inUse();
    float[] data = numbers(N);
    try (var scope = TensorScope.open()) {
      for (TorchFile file : List.of(new TorchFile().shifted(1), new TorchFile().deflated())) {
        file.tensor("a", data, N)
            .view("b", "FloatStorage", "0", N, 7, new long[] {20_000}, new long[] {1});
        TorchPickle torch = TorchPickle.open(file.write(file()));
        assertThat(Tensors.floats(torch.get("a", N))).isEqualTo(data);
        assertThat(Tensors.floats(torch.get("b"))).isEqualTo(Arrays.copyOfRange(data, 7, 20_007));
        assertThat(Mapped.inUse()).isEqualTo(before);
      }
    }
  }

  @Test
  void emptyTensorsAreFine() throws IOException {
    try (var scope = TensorScope.open()) {
      Path path = new TorchFile().tensor("none", new float[0], 0, 3).write(file());
      assertThat(TorchPickle.open(path).get("none", 0, 3).numel()).isZero();
    }
  }

  @Test
  void refusesForeignClassesByName() throws IOException {
    refuses(
        Base64.getDecoder().decode(EVIL), "asks for posix.system, which is no part of a tensor");
    refuses(start().global("builtins", "eval"), "asks for builtins.eval, which");
    refuses(
        start().text("os").text("system").op(0x93), // STACK_GLOBAL
        "asks for os.system, which is no part of a tensor: do not trust this file (byte ");
    refuses(
        start().global("torch._utils", "_rebuild_tensor"),
        "asks for torch._utils._rebuild_tensor,");
    refuses(start().global("torch", "load"), "asks for torch.load, which");
  }

  @Test
  void refusesCallsOfFunctions() throws IOException {
    refuses(
        start().text("print").op(')', 'R'), "calls the text 'print', should call what rebuilds");
    refuses(
        start().global("torch", "FloatStorage").op(')', 'R'),
        "calls torch.FloatStorage, should read it from the archive");
    refuses(
        start().global("collections", "OrderedDict").text("x").op(0x85, 'R'),
        "makes an OrderedDict of 1 arguments");
    refuses(
        start().global("collections", "OrderedDict").op(')', 0x81), "instruction NEWOBJ, which");
    refuses(start().op('(', 'i'), "uses instruction INST");
    refuses(start().op('(', 'o'), "uses instruction OBJ");
    refuses(start().op(0x82, 1), "uses instruction EXT");
    refuses(start().op('P', '1', 10), "uses instruction PERSID");
    refuses(start().op(0x92), "uses instruction NEWOBJ_EX");
    refuses(start().op('C', 0), "uses instruction 0x43");
    refuses(
        start().global("torch._utils", "_rebuild_tensor_v2").op('}', 'b'),
        "sets the state of torch._utils._rebuild_tensor_v2, should be a dict's");
  }

  private static TorchFile.Pickle start() {
    return new TorchFile.Pickle().op(0x80, 2);
  }

  @Test
  void refusesMalformedPickles() throws IOException {
    refuses(new byte[0], "is cut short");
    refuses(start(), "is cut short");
    refuses(start().op('X', 200, 0, 0, 0), "is cut short");
    refuses(start().op('X', 0, 0, 0, 127), "holds a text of 2130706432 bytes");
    refuses(start().op('.'), "its stack is empty");
    refuses(start().op('t'), "it has no mark");
    refuses(start().op('h', 3), "takes memo 3, which was never put");
    refuses(start().op(0x80, 9), "is of pickle protocol 9");
    refuses(start().op(0x8a, 9), "holds a number of 9 bytes");
    refuses(start().op('N', '.'), "holds None, should be a dict of tensors");
    refuses(start().op(']', '.'), "holds a list or tuple, should be a dict of tensors");
    refuses(start().op('N', 'N', 'a'), "appends to None");
    refuses(start().op('N', 'N', 'N', 's'), "sets an item of None");
    refuses(start().op('}', 'N', 'N', 's'), "has None as a name, should be a text");
    refuses(start().op('}').text("epoch").number(3).op('s', '.'), "holds the number 3 under epoch");
    refuses(start().op('}').text("optimizer").op('}', 's', '.'), "holds a dict under optimizer");
    refuses(start().op(')', 'Q'), "refers to something outside that is no storage");
    refuses(
        start().global("torch._utils", "_rebuild_tensor_v2").op(')', 'R'),
        "rebuilds a tensor of 0 arguments");
    refuses(
        start().global("torch._utils", "_rebuild_parameter").op(')', 'R'),
        "rebuilds a parameter of 0 arguments");
    long[] two = {2};
    refuses(start().tensor("FloatStorage", "0", 2, -1, two, two), "has the number -1 where a size");
    refuses(
        start().tensor("FloatStorage", "0", 2, 0, two, new long[0]), "of 1 sizes and 0 strides");
  }

  private void refuses(TorchFile.Pickle pickle, String message) throws IOException {
    refuses(pickle.bytes(), message);
  }

  private void refuses(byte[] pickle, String message) throws IOException {
    refuses(new TorchFile().pickle(pickle), message);
  }

  private void refuses(TorchFile content, String message) throws IOException {
    Path path = content.write(file());
    assertThatThrownBy(() -> TorchPickle.open(path))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(path + ": ")
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void refusesStoragesThatDoNotFit() throws IOException {
    long[] two = {2};
    long[] one = {1};
    refuses(
        new TorchFile().tensor("a", numbers(4), 4).wrongSize(-4),
        "a is on storage 0 of 12 bytes, 4 numbers in F32 should have 16");
    refuses(
        new TorchFile().tensor("a", numbers(4), 4).wrongSize(4_000),
        "which the archive does not hold");
    refuses(
        new TorchFile().view("a", "FloatStorage", "7", 2, 0, two, one),
        "a is on storage 7, which the archive does not hold");
    TorchFile outside = new TorchFile().storage("0", floats(1, 2));
    refuses(
        outside.view("a", "FloatStorage", "0", 2, 1, two, one),
        "a reaches byte 12 of storage 0, which has 8");
    refuses(
        new TorchFile()
            .storage("0", floats(1, 2))
            .view("a", "FloatStorage", "0", 2, 0, two, new long[] {Long.MAX_VALUE}),
        "a is larger than any file can be");
    refuses(
        new TorchFile()
            .storage("0", floats(1, 2))
            .view("a", "FloatStorage", "0", Long.MAX_VALUE, 0, two, one),
        "a is larger than any file can be");
    refuses(
        new TorchFile()
            .storage("0", floats(1, 2))
            .view("a", "FloatStorage", "0", 2, 0, two, one)
            .view("b", "IntStorage", "0", 2, 0, two, one),
        "b is on storage");
    refuses(
        new TorchFile().tensor("a", numbers(4), 4).entry("archive/byteorder", "big"),
        "holds big-endian numbers");
    refuses(new TorchFile().entry("two/data.pkl", ""), "holds 2 data.pkl, should be one");
    refuses(
        new TorchFile().entry("archive/data.pkl", ""), "holds two entries named archive/data.pkl");
  }

  @Test
  void refusesWhatIsNoWholeArchive() throws IOException {
    Path path = new TorchFile().tensor("a", numbers(N), N).write(file());
    byte[] whole = Files.readAllBytes(path);
    for (int length :
        new int[] {0, 1, 2, 30, 100, whole.length / 2, whole.length - 30, whole.length - 1}) {
      Files.write(path, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> TorchPickle.open(path))
          .as("cut to " + length)
          .isInstanceOfAny(IllegalArgumentException.class, IOException.class)
          .hasMessageStartingWith(path + ": ");
    }
    Files.write(path, new byte[] {(byte) 0x80, 2, (byte) 0x8a, 10});
    assertThatThrownBy(() -> TorchPickle.open(path)).hasMessageContaining("before version 1.6");
    assertThatThrownBy(() -> TorchPickle.open(dir)).hasMessage(dir + ": is not a file");
  }

  /** Whatever a byte is changed to, the answer is a tensor or one line. */
  @Test
  void survivesAnyChangedByte() throws IOException {
    Path path = new TorchFile().tensor("a.weight", numbers(6), 2, 3).write(file());
    byte[] whole = Files.readAllBytes(path);
    Random random = new Random(5);
    try (var scope = TensorScope.open()) {
      for (int i = 0; i < 3_000; i++) {
        byte[] changed = whole.clone();
        changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
        Files.write(path, changed);
        try {
          TorchPickle torch = TorchPickle.open(path);
          for (String name : torch.entries().keySet()) {
            torch.get(name).close();
          }
        } catch (IllegalArgumentException | IOException e) {
          assertThat(e.getMessage()).startsWith(path + ": ").doesNotContain("\n");
        }
      }
    }
  }

  @Test
  void shapeAndNameAreChecked() throws IOException {
    TorchPickle torch =
        TorchPickle.open(new TorchFile().tensor("a", numbers(6), 2, 3).write(file()));
    assertThatThrownBy(() -> torch.get("a", 3, 2))
        .hasMessage(
            file()
                + ": a has shape [2, 3], the model needs [3, 2]: check the sizes in config.json");
    assertThatThrownBy(() -> torch.get("b", 1)).hasMessage(file() + ": has no tensor b");
    Files.write(file(), new byte[] {1}, java.nio.file.StandardOpenOption.APPEND);
    assertThatThrownBy(() -> torch.get("a")).hasMessageContaining("was written to meanwhile");
  }

  @Test
  void foldersOfShards() throws IOException {
    new TorchFile().tensor("a", numbers(2), 2).write(dir.resolve("one.bin"));
    new TorchFile().tensor("b", numbers(3), 3).write(dir.resolve("two.bin"));
    Path index = dir.resolve(Checkpoint.TORCH_INDEX);
    Files.writeString(index, "{\"weight_map\": {\"a\": \"one.bin\", \"b\": \"two.bin\"}}");
    try (var scope = TensorScope.open()) {
      Checkpoint c = Checkpoint.open(dir);
      assertThat(c.entries()).containsOnlyKeys("a", "b");
      assertThat(Tensors.floats(c.get("b", 3))).isEqualTo(numbers(3));
    }
    Files.writeString(index, "{\"weight_map\": {\"a\": \"one.bin\", \"c\": \"two.bin\"}}");
    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessage(index + ": c should be in two.bin, which does not hold it");
    Files.writeString(index, "{\"weight_map\": {\"a\": \"one.safetensors\"}}");
    assertThatThrownBy(() -> Checkpoint.open(dir)).hasMessageContaining("should be a .bin file");
    Files.writeString(index, "{\"weight_map\": {\"a\": \"three.bin\"}}");
    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(IOException.class)
        .hasMessage(index + ": names three.bin for a, which is not there: get it again");
    Files.delete(index);
    new TorchFile().tensor("a", numbers(2), 2).write(dir.resolve(Checkpoint.TORCH_SINGLE));
    assertThat(Checkpoint.open(dir).entries()).containsOnlyKeys("a");
  }
}
