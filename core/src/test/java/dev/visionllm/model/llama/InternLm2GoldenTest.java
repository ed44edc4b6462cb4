package dev.visionllm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** InternLM2 of the 26B line: the same network as LLaMA from weights of another packing. */
class InternLm2GoldenTest {
  @TestFactory
  Stream<DynamicTest> equalsTheReference() {
    return Golden.tests(Golden.Kind.INTERNLM2, InternLm2GoldenTest::forward);
  }

  @TestFactory
  Stream<DynamicTest> greedyDecodingEqualsTheReference() {
    return Golden.tests(Golden.Kind.INTERNLM2, InternLm2GoldenTest::generate);
  }

  private static void forward(Golden g) {
    try (Params root = g.weights();
        KvCache cache = new KvCache(config(g))) {
      Llama llm = new Llama(root.at("llm"), config(g));
      Tensor ids = g.io("input_ids");
      int b = (int) ids.size(0);
      int t = (int) ids.size(1);
      boolean[][] valid = LlamaGoldenTest.rows(Tensors.booleans(g.io("attention_mask")), b, t);
      // the reference's positions are a plain range, padding or not
      Tensor positions = Masks.positions(b, 0, t);
      List<Tensor> levels = llm.levels(llm.embed(ids), positions, Masks.padded(valid, t), cache);
      for (int i = 0; i < levels.size(); i++) {
        g.check("hidden_states." + i, levels.get(i), 5e-6);
      }
      g.check("logits", llm.logits(levels.get(levels.size() - 1)), 5e-6);
      for (int i = 0; i < llm.config().layers(); i++) {
        KvCache.Pair past = cache.layer(i);
        g.check("past." + i + ".key", past.keys(), 5e-6);
        g.check("past." + i + ".value", past.values(), 5e-6);
      }
    }
  }

  private static void generate(Golden g) {
    try (Params root = g.weights();
        KvCache cache = new KvCache(config(g))) {
      Llama llm = new Llama(root.at("llm"), config(g));
      long[] expected = Tensors.longs(g.io("greedy.sequence"));
      Tensor golden = g.io("greedy.step_logits");
      int steps = (int) golden.size(0);
      int t = expected.length - steps;
      Tensor prompt = g.io("greedy.sequence").narrow(1, 0, t);
      Tensor hidden =
          llm.forward(llm.embed(prompt), Masks.positions(1, 0, t), Masks.causal(t), cache);
      Sampler sampler = Sampling.GREEDY.sampler();
      List<Long> tokens = new ArrayList<>();
      float[] all = new float[steps * llm.config().vocab()];
      for (int i = 0; i < steps; i++) {
        Tensor last = hidden.select(1, hidden.size(1) - 1);
        float[] logits = TensorScope.value(() -> Tensors.floats(llm.logits(last)));
        System.arraycopy(logits, 0, all, i * logits.length, logits.length);
        long next = sampler.next(logits, new int[0]);
        tokens.add(next);
        hidden =
            llm.forward(
                llm.embed(Tensors.of(new long[] {next}, 1, 1)),
                Masks.positions(1, cache.length(), 1),
                null,
                cache);
      }
      assertThat(tokens.stream().mapToLong(Long::longValue).toArray())
          .isEqualTo(java.util.Arrays.copyOfRange(expected, t, expected.length));
      g.check("greedy.step_logits", Tensors.of(all, steps, llm.config().vocab()), 5e-6);
    }
  }

  static Llama.Config config(Golden g) {
    return new Llama.Config(
        g.config("vocab_size").asInt(),
        g.config("hidden_size").asInt(),
        g.config("intermediate_size").asInt(),
        g.config("num_hidden_layers").asInt(),
        g.config("num_attention_heads").asInt(),
        g.config("num_key_value_heads").asInt(),
        g.config("rms_norm_eps").asDouble(),
        g.config("rope_theta").asDouble(),
        g.config("max_position_embeddings").asInt(),
        g.config("tie_word_embeddings").asBoolean(),
        Llama.Names.INTERNLM2);
  }
}
