package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every part of a bench runs at tiny sizes and tells a figure; times are not looked at. */
class ModelBenchTest {
  private static final ModelBench.Work WORK = new ModelBench.Work(2, 20, 3, 64, 90, 3, 8);

  @TempDir static Path dir;
  private static VisionLlmConfig config;

  @BeforeAll
  static void read() throws IOException {
    Native.load();
    config = VisionLlmConfig.read(TinyModel.assembly(dir.resolve("tiny")));
  }

  @Test
  void everyPartTellsItsFigures() {
    List<ModelBench.Row> rows = new ArrayList<>();
    new ModelBench(config, WORK, 2, () -> new Limits(200, 400, 30), rows::add)
        .run(ModelBench.PARTS);
    assertThat(rows)
        .extracting(ModelBench.Row::name)
        .containsExactly(
            "image encoding, 2 tiles",
            "  resident memory with it",
            "prefill, 20 tokens",
            "decode",
            "  resident memory with it",
            "detection, 64 x 90",
            "  resident memory with it",
            "detection, 64 x 90",
            "  resident memory with it",
            "deformable layers, plain formulation",
            "deformable layers",
            "  share of the plain formulation's time",
            "deformable layers",
            "  share of the plain formulation's time",
            "poses, 64 x 90",
            "  resident memory with it",
            "UNet step",
            "  resident memory with it",
            "VAE decode",
            "  resident memory with it");
    assertThat(rows).allMatch(r -> r.best() > 0 && r.median() > 0);
    assertThat(rows.get(0).ratio()).isEqualTo(rows.get(0).limit() / rows.get(0).median());
  }

  /** Both formulations are the same function. */
  @Test
  void bothFormulationsAgree() {
    DeformableBench.Sizes sizes = DeformableBench.Sizes.of(config.gdino(), WORK);
    try (var scope = TensorScope.open()) {
      Params.Source random = ModelBench.random(ScalarType.Float);
      Params.Source shared = // the layer's own attention has the weights of the plain one
          new Params.Source() {
            private final java.util.Map<String, Tensor> given = new java.util.HashMap<>();

            @Override
            public Tensor get(String name, long... shape) {
              String key = name.replace(".ours.", ".");
              return given.computeIfAbsent(key, k -> random.get(k, shape)).clone();
            }
          };
      try (Params p = new Params(shared)) {
        DeformableBench bench = new DeformableBench(p, sizes);
        Tensor x =
            torch.randn(
                new long[] {1, sizes.tokens(), sizes.hidden()}, Tensors.options(ScalarType.Float));
        float[] ours = Tensors.floats(bench.ours(x));
        float[] plain = Tensors.floats(bench.plain(x));
        double most = 0;
        for (int i = 0; i < ours.length; i++) {
          most = Math.max(most, Math.abs(ours[i] - plain[i]));
        }
        System.out.printf("deformable layers, both formulations: maximum difference %.2e%n", most);
        assertThat(most).isCloseTo(0, within(1e-4));
      }
    }
  }

  @Test
  void presetsAndPartsAreChecked() {
    MainTest.Run run = MainTest.run("bench", "--preset", "v9");
    assertThat(run.err()).contains("should be v2-7b");
    assertThat(run.code()).isEqualTo(Main.BAD_INPUT);
    run = MainTest.run("bench", "--preset", "v2-7b", "--parts", "llm,wheel");
    assertThat(run.err()).contains("names wheel");
    assertThat(run.code()).isEqualTo(Main.BAD_INPUT);
  }
}
