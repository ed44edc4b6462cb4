package dev.visionllm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Chain;
import dev.visionllm.nn.Lora;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** Adapters with dropout in whole language models, with activations kept and recomputed. */
class LlamaTrainingTest {
  private static final Lora.Config LORA =
      new Lora.Config(Lora.Config.REFERENCE.targets(), 4, 8, false, 0.2);
  private static final int TOKENS = 9;

  private static Llama.Config sizes(Llama.Names names) {
    return new Llama.Config(50, 32, 48, 3, 4, 2, 1e-5, 10_000, 600, false, names);
  }

  /** Gradients of two losses by name, those of the embeddings' maker among them. */
  private static Map<String, Tensor> gradients(
      Llama.Names names, ScalarType dtype, boolean recompute) {
    Map<String, Tensor> out = new LinkedHashMap<>();
    try (Params p = new Params(RandomWeights.of(1, dtype)).adapted(LORA, RandomWeights.of(2))) {
      Llama llama = new Llama(p.at("llm"), sizes(names));
      Tensor bridge = p.at("bridge").tensor("weight", 32, 32);
      p.taken()
          .forEach((name, t) -> t.requires_grad_(name.matches(".*\\.lora_.*|bridge.*|.*embed.*")));
      torch.manual_seed(5);
      long[] ids = new java.util.Random(5).longs(2 * TOKENS, 1, 50).toArray();
      Tensor x = torch.linear(llama.embed(Tensors.of(ids, 2, TOKENS)), bridge);
      Chain chain = llama.train(x, Masks.positions(2, 0, TOKENS), Masks.causal(TOKENS), recompute);
      Tensor hidden = chain.output();
      Tensor language = LanguageLoss.ofHidden(hidden, llama.head(), Tensors.of(ids, 2, TOKENS));
      Tensor link = hidden.select(1, 4).to(ScalarType.Float).square().mean(); // as a decoder's
      language.add(link).backward();
      chain.backward();
      p.taken()
          .forEach(
              (name, t) -> {
                assertThat(t.grad().defined()).as(name).isEqualTo(t.requires_grad());
                if (t.requires_grad()) {
                  out.put(name, t.grad().clone());
                }
              });
    }
    return out;
  }

  @Test
  void recomputingChangesNoGradient() {
    for (Llama.Names names : Llama.Names.values()) {
      for (ScalarType dtype : List.of(ScalarType.Float, ScalarType.BFloat16)) {
        try (var scope = TensorScope.open()) {
          Map<String, Tensor> kept = gradients(names, dtype, false);
          Map<String, Tensor> again = gradients(names, dtype, true);
          assertThat(kept).hasSizeGreaterThan(24).hasSameSizeAs(again);
          kept.forEach((name, g) -> Golden.check(names + " " + dtype, name, g, again.get(name), 0));
        }
      }
    }
  }

  @Test
  void dropsInTrainingOnly() {
    try (var scope = TensorScope.open();
        Params p = new Params(RandomWeights.of(1)).adapted(LORA, RandomWeights.of(2))) {
      Llama llama = new Llama(p.at("llm"), sizes(Llama.Names.LLAMA));
      Tensor x = RandomWeights.tensor(3, 1, TOKENS, 32);
      Tensor positions = Masks.positions(1, 0, TOKENS);
      Tensor mask = Masks.causal(TOKENS);
      float[] once = Tensors.floats(llama.forward(x, positions, mask, null));
      assertThat(Tensors.floats(llama.forward(x, positions, mask, null))).isEqualTo(once);
      assertThat(Tensors.floats(llama.train(x, positions, mask, true).output())).isNotEqualTo(once);
    }
  }
}
