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
import tools.jackson.databind.JsonNode;

class LlamaGoldenTest {
  @TestFactory
  Stream<DynamicTest> equalsTheReference() {
    return Golden.tests(Golden.Kind.LLAMA, LlamaGoldenTest::forward);
  }

  @TestFactory
  Stream<DynamicTest> greedyDecodingEqualsTheReference() {
    return Golden.tests(Golden.Kind.LLAMA, LlamaGoldenTest::generate);
  }

  private static void forward(Golden g) {
    try (Params root = g.weights();
        KvCache cache = new KvCache(config(g))) {
      Llama llama = new Llama(root.at("llm"), config(g));
      Tensor ids = g.io("input_ids");
      int b = (int) ids.size(0);
      int t = (int) ids.size(1);
      boolean[][] valid = rows(Tensors.booleans(g.io("attention_mask")), b, t);
      Tensor mask = Masks.padded(valid, t);
      // the reference's positions are a plain range, padding or not
      Tensor positions = Masks.positions(b, 0, t);
      List<Tensor> levels = llama.levels(llama.embed(ids), positions, mask, cache);
      for (int i = 0; i < levels.size(); i++) {
        g.check("hidden_states." + i, levels.get(i), 2e-5);
      }
      Tensor logits = llama.logits(levels.get(levels.size() - 1));
      g.check("logits", logits, 1e-4);
      for (int i = 0; i < llama.config().layers(); i++) {
        KvCache.Pair past = cache.layer(i);
        g.check("past." + i + ".key", past.keys(), 2e-5);
        g.check("past." + i + ".value", past.values(), 2e-5);
      }
      Tensor hidden = llama.forward(llama.embed(ids), positions, mask, null);
      Golden.check(g.name(), "forward = levels", levels.get(levels.size() - 1), hidden, 0);
      loss(g, logits);
    }
  }

  /** Mean cross-entropy of the shifted labels, in double precision. */
  private static void loss(Golden g, Tensor logits) {
    long[] labels = Tensors.longs(g.io("labels"));
    float[] scores = Tensors.floats(logits);
    int t = (int) logits.size(1);
    int vocab = (int) logits.size(2);
    double sum = 0;
    int n = 0;
    for (int i = 0; i + 1 < labels.length; i++) {
      if (i % t != t - 1 && labels[i + 1] >= 0) {
        float[] row = java.util.Arrays.copyOfRange(scores, i * vocab, (i + 1) * vocab);
        sum -= Sampling.logSoftmax(row)[(int) labels[i + 1]];
        n++;
      }
    }
    g.check("loss", Tensors.of(new float[] {(float) (sum / n)}, 1).squeeze(), 1e-5);
  }

  private static void generate(Golden g) {
    try (Params root = g.weights();
        KvCache cache = new KvCache(config(g))) {
      Llama llama = new Llama(root.at("llm"), config(g));
      Tensor prompt = g.io("generate.prompt");
      int t = (int) prompt.size(1);
      long[] expected = Tensors.longs(g.io("generate.sequence"));
      List<Long> sequence = new ArrayList<>();
      for (long id : Tensors.longs(prompt)) {
        sequence.add(id);
      }
      Sampler sampler = Sampling.GREEDY.sampler();
      Tensor hidden =
          llama.forward(llama.embed(prompt), Masks.positions(1, 0, t), Masks.causal(t), cache);
      float[][] steps = new float[expected.length - t][];
      for (int i = 0; i < steps.length; i++) {
        Tensor last = hidden;
        steps[i] =
            TensorScope.value(() -> Tensors.floats(llama.logits(last.select(1, last.size(1) - 1))));
        // the golden's run cannot end early
        steps[i][g.config("eos_token_id").asInt()] = Float.NEGATIVE_INFINITY;
        long next = sampler.next(steps[i], new int[0]);
        sequence.add(next);
        hidden =
            llama.forward(
                llama.embed(Tensors.of(new long[] {next}, 1, 1)),
                Masks.positions(1, cache.length(), 1),
                null,
                cache);
      }
      assertThat(sequence.stream().mapToLong(Long::longValue).toArray()).isEqualTo(expected);
      g.check("generate.step_logits", known(g, steps), 1e-4);

      Tensor full =
          llama.forward(
              llama.embed(g.io("generate.sequence")),
              Masks.positions(1, 0, expected.length),
              Masks.causal(expected.length),
              null);
      g.check("generate.full_logits_no_cache", llama.logits(full), 1e-4);
      Golden.check(
          g.name(),
          "last cached step = full forward",
          full.narrow(1, expected.length - 1, 1),
          hidden,
          1e-5);
    }
  }

  /** The steps' logits, with the golden's own value where the test forbids the end token. */
  private static Tensor known(Golden g, float[][] steps) {
    float[] golden = Tensors.floats(g.io("generate.step_logits"));
    int eos = g.config("eos_token_id").asInt();
    int vocab = steps[0].length;
    float[] out = new float[golden.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = i % vocab == eos ? golden[i] : steps[i / vocab][i % vocab];
    }
    return Tensors.of(out, steps.length, vocab);
  }

  static boolean[][] rows(boolean[] flat, int b, int t) {
    boolean[][] out = new boolean[b][];
    for (int i = 0; i < b; i++) {
      out[i] = java.util.Arrays.copyOfRange(flat, i * t, (i + 1) * t);
    }
    return out;
  }

  static Llama.Config config(Golden g) {
    JsonNode tied = g.meta().get("config").get("tie_word_embeddings");
    return new Llama.Config(
        g.config("vocab_size").asInt(),
        g.config("hidden_size").asInt(),
        g.config("intermediate_size").asInt(),
        g.config("num_hidden_layers").asInt(),
        g.config("num_attention_heads").asInt(),
        g.config("num_key_value_heads").asInt(),
        g.config("rms_norm_eps").asDouble(),
        g.meta().get("config").path("rope_theta").asDouble(10_000), // transformers' default
        g.config("max_position_embeddings").asInt(),
        tied != null && tied.asBoolean());
  }
}
