package dev.visionllm.train;

import dev.visionllm.checkpoint.Shapes;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.nn.Lora;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.TensorScope;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/**
 * Bytes that a training step of a language model takes whose blocks are run again on the way back
 * ({@link dev.visionllm.nn.Chain}), counted from its sizes. What learns is held in single
 * precision, with AdamW's moments; kernels' own buffers are not counted.
 *
 * @param weights of what is frozen
 * @param learning weights of what learns
 * @param gradients of what learns
 * @param moments of what learns
 * @param inputs of every block, kept until the way back
 * @param block what one block makes when it is run again
 * @param loss scores of every token over the vocabulary and their gradients, gone before the blocks
 */
public record TrainingMemory(
    long weights, long learning, long gradients, long moments, long inputs, long block, long loss) {
  private static final int CHUNK = 512; // query rows of attention in short formats: nn.F

  /**
   * Counts.
   *
   * @param lora what is added to its layers; null for nothing
   * @param learns whether a parameter of that name learns, such as {@link Recipe#trains}
   * @param base number format of what is frozen, and of activations
   * @param rows of a batch
   * @param tokens of a row, all of them supervised
   */
  public static TrainingMemory of(
      Llama.Config c,
      Lora.Config lora,
      Predicate<String> learns,
      Hardware.Dtype base,
      int rows,
      int tokens) {
    long bytes = base == Hardware.Dtype.F32 ? 4 : 2;
    long n = (long) rows * tokens;
    long frozen = 0;
    long learning = 0;
    long adapters = 0; // numbers per token that those of a block make
    try (Params root = new Params(new Shapes());
        var scope = TensorScope.open()) {
      Params tree = lora == null ? root : root.adapted(lora, new Shapes());
      new Llama(tree.at("llm"), c);
      for (Map.Entry<String, Tensor> e : root.taken().entrySet()) {
        long numbers = e.getValue().numel();
        if (learns.test(e.getKey())) {
          learning += 4 * numbers;
        } else {
          frozen += bytes * numbers;
        }
        if (e.getKey().startsWith("llm.model.layers.0.")) {
          adapters += activations(e.getKey(), e.getValue(), lora);
        }
      }
    }
    return new TrainingMemory(
        frozen,
        learning,
        learning,
        2 * learning,
        bytes * n * c.hidden() * (c.layers() + 2), // the final norm's, and the output
        block(c, bytes, rows, tokens) + bytes * n * adapters,
        3 * 4 * n * c.vocab()); // logarithms, their gradient, the scores' gradient
  }

  /** A: the input with some dropped, and which were; the product with A. B: what it gives. */
  private static long activations(String name, Tensor t, Lora.Config lora) {
    if (name.endsWith(".lora_A.weight")) {
      return t.size(0) + (lora.dropout() > 0 ? 2 * t.size(1) : 0);
    }
    return name.endsWith(".lora_B.weight") ? t.size(0) : 0;
  }

  /** What {@code LlamaBlock.forward} makes without adapters, all of it there at its end. */
  private static long block(Llama.Config c, long bytes, int rows, int tokens) {
    long n = (long) rows * tokens;
    long d = c.hidden();
    long kv = (long) c.kvHeads() * c.headSize();
    boolean fused = bytes == 4; // attention in one kernel
    long norms = 2 * d * (fused ? 3 * 4 : 3 * 4 + 2 * 2); // in single precision, then converted
    long attention = 5 * d + 6 * kv + (kv < d ? 2 * d : 0); // q, k, v, rotated, keys shared
    long attended = d * (fused ? 2 : 4); // scaled queries, chunks, joined, heads joined
    long outputs = 4 * d; // of both parts, and the sums with their inputs
    long mlp = 4L * c.mlp();
    long scores = 0;
    for (long first = 0; !fused && first < tokens; first += CHUNK) {
      long to = Math.min(tokens, first + CHUNK);
      scores += (to - first) * to;
    }
    return n * norms
        + bytes * n * (attention + attended + outputs + mlp)
        + bytes * rows * c.heads() * scores;
  }

  /** The most at one time. */
  public long peak() {
    return weights + learning + gradients + moments + inputs + Math.max(block, loss);
  }
}
