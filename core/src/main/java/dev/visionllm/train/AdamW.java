package dev.visionllm.train;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), step by step as PyTorch's. Owns
 * two moments per parameter, freed by {@link #close}; parameters belong to their model. A parameter
 * that has no gradient in a step is left alone in it, weight decay included. A tensor listed under
 * several names is optimised once, under the first.
 */
public final class AdamW implements AutoCloseable {
  /**
   * Parameters that share their settings.
   *
   * @param learningRate base rate, multiplied by the schedule's factor
   * @param weightDecay times the learning rate: the share of each weight that a step takes away
   * @param parameters by name
   */
  public record Group(double learningRate, double weightDecay, Map<String, Tensor> parameters) {
    /** Refuses negative rates. */
    public Group {
      if (!(learningRate >= 0) || !(weightDecay >= 0)) {
        throw new IllegalArgumentException(
            "learning rate "
                + learningRate
                + " and weight decay "
                + weightDecay
                + " must not be negative");
      }
    }
  }

  private static final class Slot {
    final String name;
    final Tensor parameter;
    final Group group;
    final boolean mine;
    long step;
    Tensor mean; // null before the first gradient
    Tensor square;

    Slot(String name, Tensor parameter, Group group, boolean mine) {
      this.name = name;
      this.parameter = parameter;
      this.group = group;
      this.mine = mine;
    }
  }

  private static final String STEP = ".step";
  private static final String MEAN = ".exp_avg";
  private static final String SQUARE = ".exp_avg_sq";

  private final double beta1;
  private final double beta2;
  private final double eps;
  private final List<Slot> slots = new ArrayList<>();

  /** PyTorch's usual settings: betas 0.9 and 0.999, eps 1e-8. */
  public AdamW(List<Group> groups) {
    this(groups, name -> true);
  }

  /**
   * As one of several that share the parameters among them.
   *
   * @param mine whether this one moves a parameter and keeps its moments
   */
  AdamW(List<Group> groups, Predicate<String> mine) {
    this(groups, 0.9, 0.999, 1e-8, mine);
  }

  /**
   * @throws IllegalArgumentException if a name or a tensor is in two groups
   */
  public AdamW(List<Group> groups, double beta1, double beta2, double eps) {
    this(groups, beta1, beta2, eps, name -> true);
  }

  private AdamW(
      List<Group> groups, double beta1, double beta2, double eps, Predicate<String> mine) {
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.eps = eps;
    Map<Tensor, Group> seen = new IdentityHashMap<>();
    Set<String> names = new TreeSet<>();
    for (Group group : groups) {
      group
          .parameters()
          .forEach(
              (name, parameter) -> {
                Group before = seen.put(parameter, group);
                if ((before != null && before != group) || !names.add(name)) {
                  throw new IllegalArgumentException(
                      "parameter " + name + " is in two groups of the optimiser");
                }
                if (before == null) {
                  slots.add(new Slot(name, parameter, group, mine.test(name)));
                }
              });
    }
  }

  /** The tensors that are optimised, each once. */
  public List<Tensor> parameters() {
    return slots.stream().map(s -> s.parameter).toList();
  }

  /**
   * One step along the gradients.
   *
   * @param factor of every group's base learning rate: {@link LearningRate#factor}
   */
  public void step(double factor) {
    try (NoGradGuard guard = new NoGradGuard()) {
      for (Slot slot : slots) {
        TensorScope.value(
            () -> {
              Tensor gradient = slot.parameter.grad();
              if (slot.mine && gradient.defined()) {
                update(slot, gradient, slot.group.learningRate() * factor);
              }
              return null;
            });
      }
    }
  }

  private void update(Slot slot, Tensor gradient, double rate) {
    if (slot.mean == null) {
      slot.mean = TensorScope.keep(torch.zeros_like(slot.parameter));
      slot.square = TensorScope.keep(torch.zeros_like(slot.parameter));
    }
    slot.step++;
    double correction1 = 1 - Math.pow(beta1, slot.step);
    double correction2 = 1 - Math.pow(beta2, slot.step);
    slot.parameter.mul_(new Scalar(1 - rate * slot.group.weightDecay()));
    slot.mean.mul_(new Scalar(beta1)).add_(gradient, new Scalar(1 - beta1));
    slot.square.mul_(new Scalar(beta2)).addcmul_(gradient, gradient, new Scalar(1 - beta2));
    Tensor scale = slot.square.sqrt().div_(new Scalar(Math.sqrt(correction2)));
    scale.add_(new Scalar(eps));
    slot.parameter.addcdiv_(slot.mean, scale, new Scalar(-rate / correction1));
  }

  /** Forgets all gradients; the next backward pass starts afresh. */
  public void zeroGrad() {
    TensorScope.value(
        () -> {
          slots.forEach(s -> s.parameter.mutable_grad().reset());
          return null;
        });
  }

  /** Names of a parameter's steps and moments in {@link #state}. */
  static List<String> keys(String parameter) {
    return List.of(parameter + STEP, parameter + MEAN, parameter + SQUARE);
  }

  /**
   * Everything a resumed run needs: NAME.step (int64), NAME.exp_avg and NAME.exp_avg_sq of each
   * parameter that has been updated. The moments are the live tensors, not copies: write them
   * before the next step.
   */
  public Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    for (Slot s : slots) {
      if (s.mean != null) {
        state.put(s.name + STEP, Tensors.of(new long[] {s.step}, 1));
        state.put(s.name + MEAN, s.mean);
        state.put(s.name + SQUARE, s.square);
      }
    }
    return Collections.unmodifiableMap(state);
  }

  /**
   * Takes over a state that {@link #state} gave, by copy; what this optimiser held is forgotten.
   *
   * @throws IllegalArgumentException if the state names parameters that are not optimised here,
   *     lacks a part, or has other shapes
   */
  public void load(Map<String, Tensor> state) {
    Set<String> left = new TreeSet<>(state.keySet());
    for (Slot s : slots) {
      if (left.remove(s.name + STEP)) {
        check(s, state.get(s.name + MEAN), MEAN);
        check(s, state.get(s.name + SQUARE), SQUARE);
        left.remove(s.name + MEAN);
        left.remove(s.name + SQUARE);
      }
    }
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "the optimiser state has "
              + left.iterator().next()
              + ", which belongs to no parameter that this run trains: resume with the recipe the"
              + " run was started with");
    }
    close();
    for (Slot s : slots) {
      Tensor step = state.get(s.name + STEP);
      if (s.mine && step != null) {
        s.step = Tensors.longs(step)[0];
        s.mean = copy(s, state.get(s.name + MEAN));
        s.square = copy(s, state.get(s.name + SQUARE));
      }
    }
  }

  private static Tensor copy(Slot s, Tensor from) {
    return TensorScope.value(
        () -> {
          Tensor to = torch.zeros_like(s.parameter.detach());
          to.copy_(from);
          return TensorScope.keep(to);
        });
  }

  private static void check(Slot s, Tensor t, String part) {
    if (t == null || !Arrays.equals(t.shape(), s.parameter.shape())) {
      throw new IllegalArgumentException(
          "the optimiser state of "
              + s.name
              + part
              + (t == null ? " is missing" : " has shape " + Arrays.toString(t.shape()))
              + ", the parameter has shape "
              + Arrays.toString(s.parameter.shape()));
    }
  }

  /** Frees the moments; the optimiser is then as new. */
  @Override
  public void close() {
    for (Slot s : slots) {
      if (s.mean != null) {
        s.mean.close();
        s.square.close();
        s.mean = null;
        s.square = null;
      }
      s.step = 0;
    }
  }
}
