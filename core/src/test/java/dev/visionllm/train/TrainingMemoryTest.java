package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.checkpoint.Init;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.nn.Chain;
import dev.visionllm.nn.Lora;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class TrainingMemoryTest {
  private static final int TOKENS = 1024;

  private static Llama.Config released(int layers) {
    Llama.Config c = Llama.Config.VICUNA_7B;
    return new Llama.Config(
        c.vocab(), c.hidden(), c.mlp(), layers, 32, 32, c.eps(), c.ropeTheta(), 4096, false);
  }

  private static Llama.Config small() {
    return new Llama.Config(1000, 512, 1376, 12, 8, 8, 1e-5, 10_000, 2048, false);
  }

  private static TrainingMemory estimate(Llama.Config c, Hardware.Dtype base) {
    return TrainingMemory.of(c, Lora.Config.REFERENCE, n -> n.contains(".lora_"), base, 1, TOKENS);
  }

  @Test
  void countsTheReleasedSize() {
    TrainingMemory m = estimate(released(32), Hardware.Dtype.BF16);
    long matrices = 32 * (4L * 4096 * 4096 + 3L * 4096 * 11008) + 2L * 32026 * 4096;
    assertThat(m.weights()).isEqualTo(2 * (matrices + 65 * 4096)); // and the norms
    long adapters = 32 * 32 * (4L * 2 * 4096 + 2L * (4096 + 11008));
    assertThat(m.learning()).isEqualTo(4 * adapters).isEqualTo(m.gradients());
    assertThat(m.moments()).isEqualTo(8 * adapters);
    assertThat(m.inputs()).isEqualTo(34L * TOKENS * 4096 * 2);
    assertThat(m.peak()).isBetween(15_000_000_000L, 17_000_000_000L);
    TrainingMemory more = estimate(released(33), Hardware.Dtype.BF16);
    assertThat(more.block()).isEqualTo(m.block());
  }

  /** A step in a process of its own, at 1,024 tokens. */
  @Test
  @Tag("slow")
  @EnabledOnOs(OS.LINUX)
  void recomputingHalvesThePeak() throws Exception {
    Peak kept = measure("small", 12, false);
    Peak again = measure("small", 12, true);
    System.out.printf(
        "12 blocks of 512 channels, fp32, 1,024 tokens: activations kept %s, recomputed %s; %.2f%n",
        kept, again, (double) again.own() / kept.own());
    TrainingMemory m = estimate(small(), Hardware.Dtype.F32);
    System.out.printf("estimate %.0f MB, %s%n", m.peak() / 1e6, m);
    assertThat(again.own()).isLessThan(kept.own() / 2);
  }

  @Test
  @Tag("slow")
  @EnabledOnOs(OS.LINUX)
  void theEstimateIsThatOfAMeasuredSlice() throws Exception {
    long one = measure("released", 1, true).own();
    long two = measure("released", 2, true).own();
    TrainingMemory slice = estimate(released(2), Hardware.Dtype.BF16);
    TrainingMemory whole = estimate(released(32), Hardware.Dtype.BF16);
    double predicted = two + 30.0 * (two - one);
    System.out.printf(
        "blocks of 7B, bf16, adapters in fp32, 1,024 tokens: 1 block %.0f MB, 2 blocks %.0f MB,"
            + " estimate of 2 %.0f MB%n",
        one / 1e6, two / 1e6, slice.peak() / 1e6);
    System.out.printf(
        "32 blocks: predicted of these %.2f GB, estimate %.2f GB, %s%n",
        predicted / 1e9, whole.peak() / 1e9, whole);
    assertThat(slice.peak() / (double) two).isBetween(0.9, 1.1);
    assertThat(whole.peak() / predicted).isBetween(0.9, 1.1);
  }

  /**
   * Resident memory of a process, bytes.
   *
   * @param before the model was built
   * @param most while it trained
   */
  private record Peak(long before, long most) {
    long own() {
      return most - before;
    }

    @Override
    public String toString() {
      return "%.0f MB (%.0f at most, %.0f before)".formatted(own() / 1e6, most / 1e6, before / 1e6);
    }
  }

  private static Peak measure(String sizes, int layers, boolean recompute) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                Step.class.getName(),
                sizes,
                String.valueOf(layers),
                String.valueOf(recompute))
            .redirectErrorStream(true);
    builder.environment().put("MALLOC_MMAP_THRESHOLD_", "131072"); // what is freed is gone
    Process child = builder.start();
    String printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor()).as(printed).isZero();
    String[] numbers = printed.lines().reduce((a, b) -> b).orElseThrow().split(" ");
    return new Peak(Long.parseLong(numbers[0]), Long.parseLong(numbers[1]));
  }

  /** What the child JVMs run: two optimiser steps. */
  static final class Step {
    private Step() {}

    public static void main(String[] args) throws IOException {
      boolean released = args[0].equals("released");
      boolean recompute = Boolean.parseBoolean(args[2]);
      ScalarType dtype = released ? ScalarType.BFloat16 : ScalarType.Float;
      Llama.Config tiny = new Llama.Config(100, 64, 96, 1, 2, 2, 1e-5, 10_000, 2048, false);
      run(tiny, dtype, recompute); // loads the libraries
      Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // the peak so far is forgotten
      long before = status("VmRSS:");
      run(released ? released(Integer.parseInt(args[1])) : small(), dtype, recompute);
      System.out.println(before + " " + status("VmHWM:"));
    }

    private static void run(Llama.Config c, ScalarType dtype, boolean recompute) {
      try (var scope = TensorScope.open();
          Params p = new Params(random(dtype)).adapted(Lora.Config.REFERENCE, new Init(1))) {
        Llama llama = new Llama(p.at("llm"), c);
        Map<String, Tensor> learning = new LinkedHashMap<>();
        p.taken()
            .forEach(
                (name, t) -> {
                  if (name.contains(".lora_")) {
                    learning.put(name, t.requires_grad_(true));
                  }
                });
        try (AdamW adam = new AdamW(List.of(new AdamW.Group(1e-3, 0, learning)))) {
          for (int step = 0; step < 2; step++) {
            TensorScope.value(
                () -> {
                  long[] ids = new java.util.Random(1).longs(TOKENS, 0, c.vocab()).toArray();
                  Tensor labels = Tensors.of(ids, 1, TOKENS);
                  Chain chain =
                      llama.train(
                          llama.embed(labels),
                          Masks.positions(1, 0, TOKENS),
                          Masks.causal(TOKENS),
                          recompute);
                  LanguageLoss.ofHidden(chain.output(), llama.head(), labels).backward();
                  chain.backward();
                  adam.step(1);
                  adam.zeroGrad();
                  return null;
                });
          }
        }
      }
    }

    private static Params.Source random(ScalarType dtype) {
      return (name, shape) -> {
        try (TensorOptions options = Tensors.options(dtype)) {
          Tensor t = torch.empty(shape, options, null);
          return shape.length == 1 ? t.fill_(new Scalar(1)) : t.uniform_(-0.02, 0.02, null);
        }
      };
    }

    private static long status(String field) throws IOException {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(l -> l.startsWith(field))
          .mapToLong(l -> 1024 * Long.parseLong(l.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }
}
