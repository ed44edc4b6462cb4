package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

class SafeTensorsRoundTripTest {
  record Spec(String name, Dtype dtype, List<Integer> shape) {}

  @Provide
  Arbitrary<List<Spec>> specs() {
    Arbitrary<String> names =
        Arbitraries.strings().ofMinLength(1).ofMaxLength(12).excludeChars('\0');
    return Combinators.combine(
            names.filter(n -> isText(n) && !n.equals("__metadata__")),
            Arbitraries.of(Dtype.class),
            Arbitraries.integers().between(0, 7).list().ofMaxSize(4))
        .as(Spec::new)
        .list()
        .ofMaxSize(6)
        .uniqueElements(Spec::name);
  }

  private static boolean isText(String s) {
    return s.chars().noneMatch(c -> Character.isSurrogate((char) c));
  }

  private static Tensor tensor(Spec s, long seed) {
    long[] shape = s.shape().stream().mapToLong(Integer::longValue).toArray();
    long n = java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    Random random = new Random(seed);
    float[] data = new float[(int) n];
    for (int i = 0; i < n; i++) {
      data[i] = random.nextInt(100);
    }
    return Tensors.of(data, shape).to(s.dtype().scalar);
  }

  @Property(tries = 200)
  void whatIsWrittenIsRead(@ForAll("specs") List<Spec> specs, @ForAll long seed)
      throws IOException {
    Path dir = Files.createTempDirectory("safetensors");
    Path file = dir.resolve("m.safetensors");
    try (var scope = TensorScope.open()) {
      Map<String, Tensor> all = new LinkedHashMap<>();
      specs.forEach(s -> all.put(s.name(), tensor(s, seed)));
      SafeTensorsWriter.write(file, all);
      byte[] bytes = Files.readAllBytes(file);
      SafeTensors read = SafeTensors.open(file);
      assertThat(read.entries().keySet()).containsExactlyInAnyOrderElementsOf(all.keySet());
      for (Spec s : specs) {
        Tensor expected = all.get(s.name());
        Tensor actual = read.get(s.name());
        assertThat(actual.scalar_type().intern()).isEqualTo(s.dtype().scalar);
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(torch.equal(actual, expected)).as(s.name()).isTrue();
        assertThat(read.entries().get(s.name()).from() % s.dtype().bytes).isZero();
      }
      SafeTensorsWriter.write(file, all);
      assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(dir);
    }
  }

  @Example
  void viewsAndGradientsAreWrittenAsTheirNumbers() throws IOException {
    Path dir = Files.createTempDirectory("safetensors");
    Path file = dir.resolve("m.safetensors");
    try (var scope = TensorScope.open()) {
      Tensor a = Tensors.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
      a.requires_grad_(true);
      SafeTensorsWriter.write(file, Map.of("t", a.t()));
      SafeTensors read = SafeTensors.open(file);
      assertThat(Tensors.floats(read.get("t", 3, 2))).containsExactly(1, 4, 2, 5, 3, 6);
      Tensor complex = torch.zeros(2).to(ScalarType.ComplexFloat);
      assertThatThrownBy(() -> SafeTensorsWriter.write(file, Map.of("c", complex)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("c is of ComplexFloat");
      assertThat(Tensors.floats(read.get("t"))).hasSize(6);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(dir);
    }
  }
}
