package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.NoLeaks;
import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.checkpoint.ShardWriter;
import dev.visionllm.checkpoint.TorchFile;
import dev.visionllm.image.Raster;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The released layout, in the forms in which checkpoints come, loaded and converted. */
class ReleasedFolderTest {
  @TempDir private static Path shared;
  @TempDir private Path dir;

  private static Path model;
  private static Params weights;
  private static String answer;

  @BeforeAll
  static void write() throws IOException {
    model = Assembled.write(shared.resolve("model"));
    weights = Assembled.weights(model);
    answer = ask(model);
    assertThat(answer).isNotEmpty();
  }

  @AfterAll
  static void close() {
    weights.close();
  }

  private static String ask(Path folder) throws IOException {
    byte[] rgb = new byte[50 * 40 * 3];
    new Random(5).nextBytes(rgb);
    try (VisionLlm m = VisionLlm.load(folder)) {
      Prompt prompt = Prompt.of("What is this?", new Raster(50, 40, rgb));
      return m.ask(prompt, new VisionLlm.Options(12, 1, m.options().sampling(), 0)).toString()
          + m.detect(prompt.images().get(0), List.of("dog", "cat"), 0);
    }
  }

  @Test
  void theLayoutIsWhatTheModelTakes() throws IOException {
    Layout layout = Layout.of(VisionLlmConfig.read(model));
    assertThat(List.copyOf(layout.parameters().keySet()))
        .isEqualTo(List.copyOf(weights.taken().keySet()));
    weights
        .taken()
        .forEach(
            (name, t) -> assertThat(layout.parameters().get(name).shape()).isEqualTo(t.shape()));
    assertThat(layout.parts())
        .contains("vis_encoder", "llm", "vl_bridge", "region_encoder", "emb_embeddings_edit")
        .endsWith("gdino", "unipose", "sd", "ip2p");
    Layout.Parameter again =
        layout.parameters().get("unipose.transformer.decoder.bbox_embed.1.layers.0.weight");
    assertThat(again.source()).isEqualTo("unipose.bbox_embed.0.layers.0.weight");
    assertThat(again.again()).isTrue();
    String index = "unipose.backbone.0.layers.0.blocks.0.attn.relative_position_index";
    assertThat(layout.parameters().get(index).whole())
        .isEqualTo(Tensors.longs(weights.taken().get(index)));
  }

  /** PyTorch's shards: what shares a tensor shares its storage, as torch.save keeps it. */
  private Path torchShards() throws IOException {
    Path folder = Assembled.files(dir.resolve("torch"));
    Map<String, String> places = new LinkedHashMap<>();
    List<TorchFile> files = List.of(new TorchFile(), new TorchFile());
    Layout layout = Layout.of(VisionLlmConfig.read(model));
    try (var scope = TensorScope.open()) {
      weights
          .taken()
          .forEach(
              (name, t) -> {
                Layout.Parameter p = layout.parameters().get(name);
                if (p.whole() == null) {
                  int file = Math.floorMod(p.source().hashCode(), 2);
                  if (p.again()) {
                    files.get(file).again(name, p.source());
                  } else {
                    files.get(file).tensor(name, Tensors.floats(t), t.shape());
                  }
                  places.put(name, "pytorch_model-0000" + (file + 1) + "-of-00002.bin");
                }
              });
    }
    files.get(0).write(folder.resolve("pytorch_model-00001-of-00002.bin"));
    files.get(1).write(folder.resolve("pytorch_model-00002-of-00002.bin"));
    String map =
        places.entrySet().stream()
            .map(e -> "\"" + e.getKey() + "\": \"" + e.getValue() + "\"")
            .collect(Collectors.joining(", "));
    Files.writeString(folder.resolve(Checkpoint.TORCH_INDEX), "{\"weight_map\": {" + map + "}}");
    return folder;
  }

  @Test
  void shardsOfPyTorchAreTheSameModel() throws IOException {
    assertThat(ask(torchShards())).isEqualTo(answer);
  }

  /**
   * As transformers writes safetensors: of names that share a tensor it keeps the first it meets.
   */
  @Test
  void oneNameOfASharedTensorIsEnough() throws IOException {
    Path few = Assembled.files(dir.resolve("few"));
    Map<String, Tensor> kept = new LinkedHashMap<>(weights.taken());
    Layout layout = Layout.of(VisionLlmConfig.read(model));
    Map<String, String> last = new HashMap<>(); // name by source
    for (Layout.Parameter p : layout.parameters().values()) {
      if (p.whole() == null) {
        String before = last.put(p.source(), p.name());
        if (before != null) {
          kept.remove(before);
        }
      }
    }
    assertThat(kept)
        .doesNotContainKeys(
            "gdino.bbox_embed.0.layers.0.weight",
            "gdino.mask_embed.0.layers.0.weight",
            "unipose.pose_embed.1.layers.0.weight")
        .containsKeys("gdino.model.decoder.bbox_embed.1.layers.0.weight");
    Assembled.save(few, kept);
    assertThat(ask(few)).isEqualTo(answer);
    try (Params all = new Params(Checkpoint.open(few));
        var scope = TensorScope.open()) {
      Layout.build(all, VisionLlmConfig.read(few), SpecialTokens.DEFAULT_TOKENS::indexOf);
      assertThat(all.taken().keySet()).isEqualTo(weights.taken().keySet());
    }
    Path out = dir.resolve("out");
    run(Conversion.start(few, few, out, null, Long.MAX_VALUE));
    assertThat(Checkpoint.open(out).entries().keySet()).isEqualTo(kept.keySet());
    assertThat(layout.missing(kept::containsKey)).isEmpty();
    kept.keySet().removeIf(n -> n.startsWith("gdino.model.decoder.bbox_embed."));
    assertThat(layout.missing(kept::containsKey))
        .extracting(Layout.Parameter::name)
        .contains("gdino.bbox_embed.0.layers.0.weight")
        .allMatch(n -> n.startsWith("gdino.bbox_embed.0."));
    Assembled.save(few, kept);
    assertThatThrownBy(() -> ask(few))
        .hasMessageContaining("has no tensor gdino.bbox_embed.0.layers.0.weight");
  }

  @Test
  void conversionKeepsNumbersAndChoosesTheirFormat() throws IOException {
    Path torchFolder = torchShards();
    Path same = dir.resolve("same");
    run(Conversion.start(torchFolder, torchFolder, same, null, 100_000));
    assertThat(Checkpoint.open(same).files()).hasSizeGreaterThan(3);
    assertThat(same.resolve("sd/unet/config.json")).exists();
    assertThat(ask(same)).isEqualTo(answer);

    for (Hardware.Dtype dtype : Hardware.Dtype.values()) {
      Path out = dir.resolve(dtype.name());
      run(Conversion.start(model, model, out, dtype, Long.MAX_VALUE));
      Checkpoint c = Checkpoint.open(out);
      assertThat(c.entries().keySet()).isEqualTo(weights.taken().keySet());
      try (var scope = TensorScope.open()) {
        for (Map.Entry<String, Tensor> e : weights.taken().entrySet()) {
          boolean number = e.getValue().is_floating_point();
          SafeTensors.Entry entry = c.entries().get(e.getKey());
          assertThat(entry.dtype()).isEqualTo(number ? dtype.name() : "I64");
          Tensor expected =
              number ? e.getValue().to(new Hardware("cpu", dtype).scalar()) : e.getValue();
          assertThat(c.get(e.getKey()).equal(expected)).as(e.getKey()).isTrue();
        }
        // the format of the files does not bind the model's
        Params.Source half = c.withHardware(new Hardware("cpu", Hardware.Dtype.F16));
        assertThat(half.get("llm.model.norm.weight", 32).scalar_type().intern())
            .isEqualTo(torch.ScalarType.Half);
      }
      assertThat(Files.readString(out.resolve("config.json")))
          .contains(
              Map.of("F32", "float32", "BF16", "bfloat16", "F16", "float16").get(dtype.name()));
      assertThat(ask(out)).isNotEmpty();
    }
    assertThat(ask(dir.resolve("F32"))).isEqualTo(answer);
    assertThatThrownBy(() -> Conversion.start(model, model, same, null, 100_000))
        .hasMessageContaining("holds weights already (model.safetensors.index.json)");
  }

  @Test
  void conversionRefusesWhatDoesNotFit() throws IOException {
    Path out = dir.resolve("out");
    Path odd = Assembled.files(dir.resolve("odd"));
    String norm = "llm.model.norm.weight";
    try (var scope = TensorScope.open()) {
      Map<String, Tensor> changed = new LinkedHashMap<>(weights.taken());
      changed.put(norm, Tensors.of(new float[] {70_000}, 1).repeat(32));
      Assembled.save(odd, changed);
      ShardWriter plan = Conversion.start(odd, odd, out, Hardware.Dtype.F16, Long.MAX_VALUE);
      assertThatThrownBy(() -> run(plan))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(norm + " holds numbers beyond fp16's largest, 65504: use bf16 or fp32");
      assertThat(out.resolve(Checkpoint.SINGLE)).doesNotExist();
      changed.remove(norm);
      refused(odd, changed, "has no tensor " + norm);
      changed.put(norm, Tensors.of(new float[3], 3));
      refused(odd, changed, norm + " has shape [3], the model needs [32]");
      changed.put(norm, weights.taken().get(norm));
      changed.put("llm.extra", weights.taken().get(norm));
      refused(odd, changed, "no place for: llm.extra");
    }
  }

  private void refused(Path odd, Map<String, Tensor> changed, String message) throws IOException {
    Assembled.save(odd, changed);
    assertThatThrownBy(() -> Conversion.start(odd, odd, dir.resolve("no"), null, Long.MAX_VALUE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
    assertThat(dir.resolve("no")).doesNotExist();
  }

  private static void run(ShardWriter plan) throws IOException {
    for (ShardWriter.Shard s : plan.shards()) {
      s.write();
    }
    plan.finish();
  }

  @Test
  void adaptersAreMergedByLoadingAndByConversion() throws IOException {
    Path adapted = Assembled.files(dir.resolve("adapted"));
    Path config = adapted.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replaceFirst("\\{", "{\"use_llm_lora\": true,"));
    Files.writeString(
        adapted.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 8}");
    Path expected = Assembled.files(dir.resolve("expected"));
    Path out = dir.resolve("merged");
    try (var scope = TensorScope.open()) {
      Map<String, Tensor> wrapped = new LinkedHashMap<>();
      Map<String, Tensor> merged = new LinkedHashMap<>();
      weights
          .taken()
          .forEach(
              (name, t) -> {
                boolean adapts = name.matches("llm.*(q_proj|down_proj)\\.weight");
                String there = name.replaceFirst("^llm\\.", "llm.base_model.model.");
                wrapped.put(adapts ? there.replace(".weight", ".base_layer.weight") : there, t);
                merged.put(name, t);
                if (adapts) {
                  Tensor a = RandomWeights.tensor(name.hashCode(), 2, t.size(1));
                  Tensor b = RandomWeights.tensor(1, t.size(0), 2);
                  wrapped.put(there.replace(".weight", ".lora_A.default.weight"), a);
                  wrapped.put(there.replace(".weight", ".lora_B.default.weight"), b);
                  merged.put(name, t.add(F.scale(torch.matmul(b, a), 4)));
                }
              });
      Assembled.save(adapted, wrapped);
      Assembled.save(expected, merged);
      NoLeaks.assertFlat(
          () -> {
            try {
              Checkpoint.open(adapted).get("llm.model.layers.0.mlp.down_proj.weight").close();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
    String adaptedAnswer = ask(adapted);
    assertThat(adaptedAnswer).isEqualTo(ask(expected)).isNotEqualTo(answer);
    run(Conversion.start(adapted, adapted, out, null, Long.MAX_VALUE));
    assertThat(Files.readString(out.resolve("config.json"))).contains("\"use_llm_lora\" : false");
    assertThat(Checkpoint.open(out).adapter()).isEmpty();
    assertThat(Checkpoint.open(out).entries().keySet()).isEqualTo(weights.taken().keySet());
    assertThat(ask(out)).isEqualTo(adaptedAnswer);
  }

  @Test
  void namesOfOneTensorMustAgreeAndOldBuffersAreIgnored() throws IOException {
    Path odd = Assembled.files(dir.resolve("odd"));
    String second = "gdino.model.decoder.bbox_embed.1.layers.0.weight";
    try (var scope = TensorScope.open()) {
      Map<String, Tensor> changed = new LinkedHashMap<>(weights.taken());
      changed.put("llm.model.layers.0.self_attn.rotary_emb.inv_freq", Tensors.of(new float[2], 2));
      Assembled.save(odd, changed);
      assertThat(ask(odd)).isEqualTo(answer);
      changed.put(second, F.scale(changed.get(second), 2));
      Assembled.save(odd, changed);
      assertThatThrownBy(() -> ask(odd))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(
              second + " and gdino.bbox_embed.0.layers.0.weight are one tensor to the model");
    }
  }

  @Test
  void skeletonsHaveTheReleasesNamesIdsAndFormat() throws IOException {
    Path out = dir.resolve("skeleton");
    Skeleton.Preset preset = Skeleton.Preset.V2_7B;
    Set<String> parts = Set.of("region_encoder", "emb_embeddings_gen", "emb_embeddings_det");
    Path nano = Path.of("..", "models", "nano");
    ShardWriter plan = Skeleton.start(preset, parts, 3, nano, out, 2_000_000);
    run(plan);
    Checkpoint c = Checkpoint.open(out);
    assertThat(c.files()).hasSizeGreaterThan(2);
    assertThat(c.entries().keySet())
        .contains("emb_embeddings_det.weight", "region_encoder.up_dim.weight")
        .allMatch(n -> parts.contains(Layout.part(n)));
    assertThat(c.entries().values()).allMatch(e -> e.dtype().equals("BF16"));
    VisionLlmConfig config = VisionLlmConfig.read(out);
    assertThat(config.multimodal().regionHidden()).isEqualTo(256);
    assertThat(config.gdino()).isNull();
    try (var scope = TensorScope.open();
        var tokenizer = Tokenizer.load(out)) {
      assertThat(tokenizer.size()).isEqualTo(config.multimodal().llm().vocab());
      assertThat(SpecialTokens.of(tokenizer).id("[DET]")).isEqualTo(32012);
      float[] table = Tensors.floats(c.get("emb_embeddings_gen.weight", 64, 4096));
      double mean = 0;
      double square = 0;
      for (float x : table) {
        mean += x / table.length;
        square += x * x / table.length;
      }
      assertThat(mean).isBetween(-0.001, 0.001);
      assertThat(Math.sqrt(square)).isBetween(0.0195, 0.0205);
      assertThat(Tensors.floats(c.get("region_encoder.mask_embedding.1.weight"))).containsOnly(1);
      Path again = dir.resolve("again");
      run(Skeleton.start(preset, parts, 3, nano, again, Long.MAX_VALUE));
      assertThat(Tensors.floats(Checkpoint.open(again).get("emb_embeddings_gen.weight")))
          .isEqualTo(table);
    }
    assertThatThrownBy(() -> Skeleton.start(preset, Set.of("legs"), 0, nano, dir, 1_000_000))
        .hasMessageContaining("parts are [legs], should be of vis_encoder, ");
  }

  @Test
  void thePresetIsTheReleasesConfiguration() throws IOException {
    VisionLlmConfig c = VisionLlmConfig.of(Skeleton.Preset.V2_7B.config(), "v2-7b");
    assertThat(c.multimodal().llm()).isEqualTo(Llama.Config.VICUNA_7B);
    assertThat(c.multimodal().vision()).isEqualTo(ClipVision.Config.VIT_L_14_336);
    assertThat(c.gdino()).isEqualTo(GroundingDino.Config.SWIN_T);
    assertThat(c.unipose()).isEqualTo(UniPose.Config.SWIN_T);
    assertThat(c.sd()).isEqualTo(LatentDiffusion.Config.GENERATION);
    assertThat(c.ip2p()).isEqualTo(LatentDiffusion.Config.EDITING);
    Map<String, Long> numbers = new HashMap<>();
    List<String> shared = new ArrayList<>();
    Layout.of(c)
        .parameters()
        .values()
        .forEach(
            p -> {
              if (p.again()) {
                shared.add(p.name());
              } else {
                numbers.merge(Layout.part(p.name()), p.numbers(), Long::sum);
              }
            });
    // what is published of the parts' sizes: LLaMA-7B with 26 tokens more, ViT-L/14-336, SD 1.5
    assertThat(numbers.get("llm")).isEqualTo(6_738_415_616L + 26L * 2 * 4096);
    assertThat(numbers.get("vis_encoder")).isEqualTo(303_507_456L);
    assertThat(numbers.get("sd")).isEqualTo(859_520_964L + 83_653_863L + 123_060_480L + mapper());
    assertThat(shared).contains("gdino.bbox_embed.5.layers.2.bias");
  }

  private static long mapper() {
    long d = 768;
    long attention = 4 * (d * d + d);
    long ffn = 2 * 4 * d * d + 4 * d + d;
    long norm = 2 * d;
    long encoder = attention + ffn + 2 * norm;
    long decoder = 2 * attention + ffn + 3 * norm;
    return 77 * d + (4096 * d + d) + (d * d + d) + encoder + decoder + 2 * norm;
  }
}
