package dev.visionllm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.checkpoint.TorchFile;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.nn.Chain;
import dev.visionllm.nn.Lora;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** A language model with an adapter, in every form that PEFT has written it in. */
class LoraGoldenTest {
  @TempDir Path dir;

  @TestFactory
  Stream<DynamicTest> mergedWeightsAndOutputsEqualTheReference() {
    return Golden.tests(Golden.Kind.LORA, this::forward);
  }

  /** Loss and gradients of adapters, token table and head, with activations kept and without. */
  @TestFactory
  Stream<DynamicTest> trainingEqualsTheReference() {
    return Golden.tests(Golden.Kind.LORA, LoraGoldenTest::train);
  }

  private static void train(Golden g) {
    Lora.Config lora =
        new Lora.Config(
            Lora.Config.REFERENCE.targets(),
            g.meta().get("r").asInt(),
            g.meta().get("lora_alpha").asDouble(),
            false,
            g.meta().get("lora_dropout").asDouble());
    try (Params kept = model(g, lora);
        Params again = model(g, lora)) {
      train(g, kept, false);
      train(g, again, true);
      kept.taken()
          .forEach(
              (name, t) -> {
                if (t.requires_grad()) {
                  Tensor recomputed = again.taken().get(name).grad();
                  Golden.check(g.name(), "recomputed " + name, t.grad(), recomputed, 0);
                }
              });
    }
  }

  private static Params model(Golden g, Lora.Config lora) {
    Params.Source file = // one file holds both
        (name, shape) -> {
          try {
            return SafeTensors.open(g.dir().resolve("weights.safetensors")).get(peft(name), shape);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    return new Params(file).adapted(lora, file);
  }

  /** The name that PEFT gives a tensor of the tree. */
  private static String peft(String name) {
    return name.replaceFirst("^llm\\.", "llm.base_model.model.")
        .replaceFirst("\\.lora_([AB])\\.", ".lora_$1.default.");
  }

  private static void train(Golden g, Params p, boolean recompute) {
    Llama llama = new Llama(p.at("llm"), LlamaGoldenTest.config(g));
    p.taken().forEach((name, t) -> t.requires_grad_(g.has("grad." + peft(name))));
    Tensor ids = g.io("input_ids");
    int b = (int) ids.size(0);
    int t = (int) ids.size(1);
    boolean[][] valid = LlamaGoldenTest.rows(Tensors.booleans(g.io("attention_mask")), b, t);
    Chain chain =
        llama.train(llama.embed(ids), Masks.positions(b, 0, t), Masks.padded(valid, t), recompute);
    Tensor loss = LanguageLoss.ofHidden(chain.output(), llama.head(), g.io("labels"));
    g.check("last_hidden_lora", chain.output(), 5e-6);
    g.check("loss", loss, 4e-6);
    loss.backward();
    chain.backward();
    int checked = 0;
    for (Map.Entry<String, Tensor> e : p.taken().entrySet()) {
      String name = "grad." + peft(e.getKey());
      if (g.has(name)) {
        double most = Tensors.floats(g.io(name).abs().max())[0];
        g.check(name, e.getValue().grad(), 1e-5 * most);
        checked++;
      } else {
        assertThat(e.getValue().grad().defined()).as("gradient of " + e.getKey()).isFalse();
      }
    }
    assertThat(checked).isEqualTo(g.meta().get("trainable_llm_parameters").size());
  }

  private void forward(Golden g) {
    try {
      Map<String, Tensor> all = new LinkedHashMap<>();
      SafeTensors file = SafeTensors.open(g.dir().resolve("weights.safetensors"));
      file.entries().keySet().forEach(name -> all.put(name, file.get(name)));

      Path old = folder(g, "within-old");
      SafeTensorsWriter.write(old.resolve(Checkpoint.SINGLE), all);
      Params merged = new Params(Checkpoint.open(old));
      outputs(g, merged);

      Path current = folder(g, "within-new");
      SafeTensorsWriter.write(current.resolve(Checkpoint.SINGLE), wrapped(all));
      same(merged, current);

      Path beside = folder(g, "beside");
      SafeTensorsWriter.write(beside.resolve(Checkpoint.SINGLE), base(all));
      SafeTensorsWriter.write(beside.resolve("adapter_model.safetensors"), adapter(all, ""));
      same(merged, beside);

      Path pickled = folder(g, "beside-bin");
      SafeTensorsWriter.write(pickled.resolve(Checkpoint.SINGLE), base(all));
      TorchFile bin = new TorchFile();
      adapter(all, ".default").forEach((n, t) -> bin.tensor(n, Tensors.floats(t), t.shape()));
      bin.write(pickled.resolve("adapter_model.bin"));
      same(merged, pickled);

      Path none = folder(g, "none");
      SafeTensorsWriter.write(none.resolve(Checkpoint.SINGLE), base(all));
      Params plain = new Params(Checkpoint.open(none));
      g.check(
          "logits_base", logits(g, new Llama(plain.at("llm"), LlamaGoldenTest.config(g))), 1e-5);
      plain.close();
      merged.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void outputs(Golden g, Params merged) {
    Llama llama = new Llama(merged.at("llm"), LlamaGoldenTest.config(g));
    int checked = 0;
    for (Map.Entry<String, Tensor> e : merged.taken().entrySet()) {
      if (g.has("merged." + e.getKey())) {
        g.check("merged." + e.getKey(), e.getValue(), 1e-7);
        checked++;
      }
    }
    assertThat(checked).isEqualTo(g.meta().get("lora_modules").size());
    Tensor logits = logits(g, llama);
    g.check("logits_merged", logits, 1e-5);
    g.check("logits_lora", logits, 1e-5); // unmerged: W x + scale B (A x)
    g.check("last_hidden_lora", hidden(g, llama), 5e-6);
    g.check("loss", LanguageLoss.ofLogits(logits, g.io("labels")), 4e-6);
  }

  private static Tensor logits(Golden g, Llama llama) {
    return llama.logits(hidden(g, llama));
  }

  private static Tensor hidden(Golden g, Llama llama) {
    Tensor ids = g.io("input_ids");
    int b = (int) ids.size(0);
    int t = (int) ids.size(1);
    boolean[] flat = Tensors.booleans(g.io("attention_mask"));
    boolean[][] valid = new boolean[b][];
    for (int i = 0; i < b; i++) {
      valid[i] = Arrays.copyOfRange(flat, i * t, (i + 1) * t);
    }
    return llama.forward(llama.embed(ids), Masks.positions(b, 0, t), Masks.padded(valid, t), null);
  }

  private Path folder(Golden g, String name) throws IOException {
    Path folder = Files.createDirectories(dir.resolve(g.name()).resolve(name));
    return name.equals("none") ? folder : config(g, folder);
  }

  private static Path config(Golden g, Path folder) throws IOException {
    Files.writeString(
        folder.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": %s, \"lora_alpha\": %s, \"bias\": \"none\"}"
            .formatted(g.meta().get("r"), g.meta().get("lora_alpha")));
    return folder;
  }

  private static void same(Params merged, Path folder) throws IOException {
    Checkpoint other = Checkpoint.open(folder);
    assertThat(other.entries().keySet()).isEqualTo(merged.taken().keySet());
    merged
        .taken()
        .forEach(
            (name, t) ->
                assertThat(Tensors.floats(other.get(name, t.shape())))
                    .as(folder.getFileName() + " " + name)
                    .isEqualTo(Tensors.floats(t)));
  }

  /** Newer PEFT's names: what is adapted is a module of its own. */
  private static Map<String, Tensor> wrapped(Map<String, Tensor> all) {
    Set<String> adapted =
        all.keySet().stream()
            .filter(n -> n.contains(".lora_A."))
            .map(n -> n.substring(0, n.indexOf(".lora_A.")))
            .collect(Collectors.toSet());
    Map<String, Tensor> out = new LinkedHashMap<>();
    all.forEach(
        (name, t) -> {
          String module = name.replaceFirst("\\.weight$", "");
          out.put(adapted.contains(module) ? module + ".base_layer.weight" : name, t);
        });
    return out;
  }

  private static Map<String, Tensor> base(Map<String, Tensor> all) {
    Map<String, Tensor> out = new LinkedHashMap<>();
    all.forEach(
        (name, t) -> {
          if (!name.contains(".lora_")) {
            out.put(name.replace("base_model.model.", ""), t);
          }
        });
    return out;
  }

  /** As PEFT saves the language model's adapter alone. */
  private static Map<String, Tensor> adapter(Map<String, Tensor> all, String adapterName) {
    Map<String, Tensor> out = new LinkedHashMap<>();
    all.forEach(
        (name, t) -> {
          if (name.contains(".lora_")) {
            out.put(name.substring("llm.".length()).replace(".default", adapterName), t);
          }
        });
    return out;
  }
}
