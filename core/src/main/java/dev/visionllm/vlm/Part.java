package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.TensorScope;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/** A decoder that is read from the checkpoint when it is first needed, and can be let go. */
final class Part<T> implements AutoCloseable {
  private final String name;
  private final Checkpoint checkpoint;
  private final Hardware hardware;
  private final Function<Params, T> build; // or null
  private Params params;
  private T value;

  /**
   * @param name first word of its tensors' names
   * @param build its constructor on a cursor at {@code name}, or null if the model has none
   */
  Part(String name, Checkpoint checkpoint, Hardware hardware, Function<Params, T> build) {
    this.name = name;
    this.checkpoint = checkpoint;
    this.hardware = hardware;
    this.build = build;
  }

  /** First word of its tensors' names. */
  String name() {
    return name;
  }

  /** Whether the model has this part. */
  boolean exists() {
    return build != null;
  }

  /** Whether it is in memory. */
  boolean loaded() {
    return value != null;
  }

  /**
   * The decoder, read now if it was not before.
   *
   * @throws IllegalArgumentException if the model has none, or the checkpoint lacks a tensor or has
   *     too many
   */
  T get() {
    if (build == null) {
      throw new IllegalArgumentException(
          "this model cannot do that: config.json's use_" + name + " is false");
    }
    if (value == null) {
      Params p = new Params(checkpoint.withHardware(hardware));
      try (var scope = TensorScope.open()) {
        T built = build.apply(p.at(name));
        Pattern others = Pattern.compile("(?!" + Pattern.quote(name + ".") + ").*");
        checkpoint.refuseUnexpected(p.taken().keySet(), List.of(others));
        checkpoint.refuseUnequal(p.taken());
        value = built;
        params = p;
      } catch (RuntimeException e) {
        p.close();
        throw e;
      }
    }
    return value;
  }

  /** Frees its memory; the next use reads it again. */
  @Override
  public void close() {
    if (params != null) {
      params.close();
    }
    params = null;
    value = null;
  }
}
