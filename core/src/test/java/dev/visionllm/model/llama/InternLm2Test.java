package dev.visionllm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class InternLm2Test {
  private static final int HEADS = 6;
  private static final int KV = 2;
  private static final int SIZE = 4;
  private static final Llama.Config TINY = config(Llama.Names.INTERNLM2);

  private static final Map<String, String> TWIN =
      Map.ofEntries(
          Map.entry("model.embed_tokens.weight", "model.tok_embeddings.weight"),
          Map.entry("lm_head.weight", "output.weight"),
          Map.entry("self_attn.o_proj", "attention.wo"),
          Map.entry("mlp.gate_proj", "feed_forward.w1"),
          Map.entry("mlp.up_proj", "feed_forward.w3"),
          Map.entry("mlp.down_proj", "feed_forward.w2"),
          Map.entry("input_layernorm", "attention_norm"),
          Map.entry("post_attention_layernorm", "ffn_norm"));

  private final long[] ids = {3, 14, 15, 9, 26, 5, 35};

  private static Llama.Config config(Llama.Names names) {
    return new Llama.Config(50, HEADS * SIZE, 32, 2, HEADS, KV, 1e-5, 1e6, 600, false, names);
  }

  private Tensor run(Llama llm) {
    int t = ids.length;
    return llm.forward(
        llm.embed(Tensors.of(ids, 1, t)), Masks.positions(1, 0, t), Masks.causal(t), null);
  }

  /** What a LLaMA takes, cut out of the packed weights of an InternLM2. */
  private static Tensor unpacked(Map<String, Tensor> packed, String name) {
    if (name.matches(".*self_attn\\.[qkv]_proj\\.weight")) {
      Tensor all = packed.get(name.replaceAll("self_attn\\.[qkv]_proj", "attention.wqkv"));
      int group = HEADS / KV;
      List<Tensor> rows = new ArrayList<>();
      for (int g = 0; g < KV; g++) {
        int first = g * (group + 2);
        int from = name.contains("q_proj") ? 0 : name.contains("k_proj") ? group : group + 1;
        int n = name.contains("q_proj") ? group : 1;
        rows.add(all.narrow(0, (long) (first + from) * SIZE, (long) n * SIZE));
      }
      return F.cat(0, rows);
    }
    String own = name;
    for (Map.Entry<String, String> e : TWIN.entrySet()) {
      own = own.replaceAll("(^|\\.)" + e.getKey().replace(".", "\\."), "$1" + e.getValue());
    }
    return packed.get(own).clone();
  }

  @Test
  void equalsLlamaOnUnpackedWeights() {
    try (var scope = TensorScope.open();
        Params packed = new Params(RandomWeights.of(1))) {
      Llama llm = new Llama(packed, TINY);
      try (Params separate = new Params((name, shape) -> unpacked(packed.taken(), name))) {
        Llama twin = new Llama(separate, config(Llama.Names.LLAMA));
        Golden.check("internlm2", "LLaMA twin", run(twin), run(llm), 1e-6);
        Golden.check(
            "internlm2", "twin's logits", twin.logits(run(twin)), llm.logits(run(llm)), 1e-5);
      }
    }
  }

  @Test
  void cachedDecodingEqualsTheFullForward() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1));
        KvCache cache = new KvCache(TINY)) {
      Llama llm = new Llama(root, TINY);
      Tensor full = run(llm);
      Tensor x = llm.embed(Tensors.of(ids, 1, ids.length));
      for (int i = 0; i < ids.length; i++) {
        Tensor step = llm.forward(x.narrow(1, i, 1), Masks.positions(1, i, 1), null, cache);
        Golden.check("internlm2", "step " + i, full.narrow(1, i, 1), step, 1e-5);
      }
    }
  }

  @Test
  void takesThePublishedNames() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Tensor head = new Llama(root.at("llm"), TINY).head();
      assertThat(head.shape()).containsExactly(50, HEADS * SIZE);
      assertThat(root.taken().keySet())
          .contains("llm.model.tok_embeddings.weight", "llm.output.weight", "llm.model.norm.weight")
          .filteredOn(name -> name.contains("layers.0"))
          .containsExactlyInAnyOrder(
              "llm.model.layers.0.attention.wqkv.weight",
              "llm.model.layers.0.attention.wo.weight",
              "llm.model.layers.0.feed_forward.w1.weight",
              "llm.model.layers.0.feed_forward.w3.weight",
              "llm.model.layers.0.feed_forward.w2.weight",
              "llm.model.layers.0.attention_norm.weight",
              "llm.model.layers.0.ffn_norm.weight");
    }
  }

  @Test
  void gradientsReachEveryParameter() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Llama llm = new Llama(root, TINY);
      root.taken().values().forEach(t -> t.requires_grad_(true));
      torch.sum(llm.logits(run(llm)).square()).backward();
      root.taken().forEach((name, t) -> assertThat(t.grad().defined()).as(name).isTrue());
    }
  }

  @Test
  void leaksNothing() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Llama llm = new Llama(root, TINY);
      NoLeaks.assertFlat(
          () -> {
            try (KvCache cache = new KvCache(TINY)) {
              Tensor x = llm.embed(Tensors.of(ids, 1, ids.length));
              llm.forward(x, Masks.positions(1, 0, 7), Masks.causal(7), cache);
              Tensor one = llm.embed(Tensors.of(new long[] {1}, 1, 1));
              llm.logits(llm.forward(one, Masks.positions(1, 7, 1), null, cache));
            }
          });
    }
  }
}
