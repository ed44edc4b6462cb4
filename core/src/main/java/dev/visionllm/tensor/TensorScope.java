package dev.visionllm.tensor;

import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Lifetime of native tensors. A tensor made on a thread belongs to the innermost scope of that
 * thread and is freed when the scope closes. Entry points open an outer scope with {@link #open};
 * every turn of a loop over blocks, tokens or steps runs in {@link #of} or {@link #all}.
 */
public final class TensorScope {
  private TensorScope() {}

  /** Opens a scope; everything allocated until {@code close()} is freed then. */
  public static PointerScope open() {
    return new PointerScope();
  }

  /**
   * Runs body in its own scope; only the tensor it returns outlives it, owned by the caller's
   * scope.
   */
  public static Tensor of(Supplier<Tensor> body) {
    PointerScope outer = enclosing();
    try (PointerScope inner = new PointerScope()) {
      Tensor result = body.get();
      outer.attach(result);
      return result;
    }
  }

  /** As {@link #of}, for a body that returns several tensors. */
  public static List<Tensor> all(Supplier<List<Tensor>> body) {
    PointerScope outer = enclosing();
    try (PointerScope inner = new PointerScope()) {
      List<Tensor> results = body.get();
      results.forEach(outer::attach);
      return results;
    }
  }

  /** As {@link #of}, for a body that returns a value of plain Java: no tensor leaves. */
  public static <T> T value(Supplier<T> body) {
    try (PointerScope inner = new PointerScope()) {
      return body.get();
    }
  }

  /**
   * Feeds x through the steps, each in its own scope; a step's result is freed as soon as the next
   * one has used it. x itself stays the caller's.
   */
  public static Tensor chain(Tensor x, List<? extends UnaryOperator<Tensor>> steps) {
    Tensor current = x;
    for (UnaryOperator<Tensor> step : steps) {
      Tensor input = current;
      current = of(() -> step.apply(input));
      if (input != x && input != current) {
        input.close();
      }
    }
    return current;
  }

  /**
   * Takes a tensor, or another native object, out of every scope: the caller now owns it and must
   * {@code close()} it. For state that outlives a call, such as parameters, a KV cache or optimizer
   * moments.
   */
  public static <P extends Pointer> P keep(P t) {
    PointerScope scope = PointerScope.getInnerScope();
    t.retainReference();
    if (scope != null) {
      scope.detach(t);
    }
    return t;
  }

  private static PointerScope enclosing() {
    PointerScope outer = PointerScope.getInnerScope();
    if (outer == null) {
      throw new IllegalStateException(
          "TensorScope needs an enclosing scope to receive its result: open one at the entry"
              + " point");
    }
    return outer;
  }
}
