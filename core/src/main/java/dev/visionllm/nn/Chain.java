package dev.visionllm.nn;

import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;

/**
 * Blocks one after the other in training, and the way back through them. A chain that recomputes
 * keeps of each block its input alone and runs the block again on the way back (Chen et al. 2016,
 * Training deep nets with sublinear memory cost), so that the activations of one block are in
 * memory at a time. Losses end at the chain's levels, and {@link #backward} goes on from there:
 *
 * <pre>
 * Chain chain = llm.train(embeddings, positions, mask, true);
 * Tensor loss = losses(chain.output()); // any number, of any level
 * loss.backward(); // to the chain's levels
 * chain.backward(); // through the blocks, and on through what made their input
 * </pre>
 *
 * <p>What blocks read besides their input must be parameters or tensors without a gradient. Tensors
 * belong to the scope in which the chain is made.
 */
public final class Chain {
  private final Tensor x;
  private final List<? extends UnaryOperator<Tensor>> blocks; // none where autograd knows the way
  private final List<Tensor> levels = new ArrayList<>();
  private final List<Tensor> random = new ArrayList<>(); // generator's state before each block
  private final boolean autocast;

  private Chain(Tensor x, List<? extends UnaryOperator<Tensor>> blocks) {
    this.x = x;
    this.blocks = blocks;
    autocast = torch.is_autocast_enabled(device());
  }

  /** Runs blocks as autograd does: all activations stay until the way back. */
  public static Chain keeping(Tensor x, List<? extends UnaryOperator<Tensor>> blocks) {
    Chain chain = new Chain(x, List.of());
    chain.levels.add(x);
    for (UnaryOperator<Tensor> block : blocks) {
      Tensor in = chain.output();
      chain.levels.add(TensorScope.of(() -> block.apply(in)));
    }
    return chain;
  }

  /** Runs blocks without keeping what is inside them. */
  public static Chain recomputing(Tensor x, List<? extends UnaryOperator<Tensor>> blocks) {
    Chain chain = new Chain(x, List.copyOf(blocks));
    chain.levels.add(x.detach().requires_grad_(x.requires_grad()));
    for (UnaryOperator<Tensor> block : blocks) {
      Tensor in = chain.output();
      chain.random.add(chain.generator().get_state());
      chain.levels.add(
          TensorScope.of(
              () -> {
                try (NoGradGuard guard = new NoGradGuard()) {
                  return block.apply(in).detach().requires_grad_(true);
                }
              }));
    }
    if (chain.autocast) {
      torch.clear_cache(); // it holds weights that were cast without a way back
    }
    return chain;
  }

  /** What the first block reads and what each block gives. */
  public List<Tensor> levels() {
    return Collections.unmodifiableList(levels);
  }

  /** What the last block gives. */
  public Tensor output() {
    return levels.get(levels.size() - 1);
  }

  /**
   * Takes the gradient that losses have left at the levels back through the blocks, to their
   * parameters and to what the chain's input was made of. Randomness inside blocks is drawn again
   * as it was. Does nothing where all activations were kept: there the losses' own way back has
   * done it.
   *
   * @throws IllegalStateException if the output has no gradient: no loss was taken back, or this
   *     was called before
   */
  public void backward() {
    if (blocks.isEmpty()) {
      return;
    }
    if (!output().grad().defined()) {
      throw new IllegalStateException(
          "the chain's output has no gradient: call backward() of a loss that depends on it before"
              + " the chain's, and that once");
    }
    TensorScope.value(
        () -> {
          Tensor after = generator().get_state();
          for (int i = blocks.size() - 1; i >= 0; i--) {
            back(i);
          }
          generator().set_state(after);
          if (x.requires_grad()) {
            backward(x, levels.get(0).grad());
          }
          return null;
        });
  }

  private void back(int block) {
    TensorScope.value(
        () -> {
          generator().set_state(random.get(block));
          Tensor out = again(block);
          Tensor given = levels.get(block + 1);
          if (out.requires_grad()) { // not the first block if nothing up to it learns
            backward(out, given.grad());
          }
          given.mutable_grad().reset();
          return null;
        });
  }

  /** A block's output with its way back, in the number format that it had at first. */
  private Tensor again(int block) {
    boolean now = torch.is_autocast_enabled(device());
    torch.set_autocast_enabled(device(), autocast);
    try {
      return TensorScope.of(() -> blocks.get(block).apply(levels.get(block)));
    } finally {
      if (autocast) {
        torch.clear_cache();
      }
      torch.set_autocast_enabled(device(), now);
    }
  }

  private static void backward(Tensor y, Tensor gradient) {
    y.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
  }

  private DeviceType device() {
    return x.device().type();
  }

  private Generator generator() {
    return torch.globalContext().defaultGenerator(x.device());
  }
}
