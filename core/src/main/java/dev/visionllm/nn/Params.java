package dev.visionllm.nn;

import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * A cursor into a model's parameter tree. A module's constructor takes its tensors from here by the
 * published checkpoint's names, so loading is constructing. All cursors made from one root share
 * the record of what was taken.
 */
public final class Params implements AutoCloseable {
  /** Where tensors come from: a checkpoint, an initialiser, or a lambda in a test. */
  public interface Source {
    /**
     * @param name full dotted name
     * @param shape shape the module needs
     * @return a tensor of that shape; ownership passes to the caller
     * @throws IllegalArgumentException if there is no such tensor or its shape differs
     */
    Tensor get(String name, long... shape);

    /** Whether the source can give that tensor; for optional parts such as LoRA. */
    default boolean has(String name) {
      return true;
    }
  }

  /** Which linear layers have adapters, and where those come from. */
  private record Adapters(Lora.Config config, Source source) {}

  private final Source source;
  private final String prefix;
  private final List<String> others; // prefixes of the same place
  private final Map<String, Tensor> taken;
  private final Adapters adapters; // or null

  /** A cursor at the root of the tree. */
  public Params(Source source) {
    this(source, "", List.of(), new LinkedHashMap<>(), null);
  }

  private Params(
      Source source,
      String prefix,
      List<String> others,
      Map<String, Tensor> taken,
      Adapters adapters) {
    this.source = source;
    this.prefix = prefix;
    this.others = others;
    this.taken = taken;
    this.adapters = adapters;
  }

  /**
   * This cursor to a tree where linear layers have adapters: each takes two tensors more, {@code
   * lora_A.weight} and {@code lora_B.weight} below its path.
   *
   * @param lora which layers, and how
   * @param from where those tensors come from, such as an initialiser; so they can have another
   *     number format than the layers
   */
  public Params adapted(Lora.Config lora, Source from) {
    return new Params(source, prefix, others, taken, new Adapters(lora, from));
  }

  /** The cursor one level (or, with dots in the name, several levels) down. */
  public Params at(Object name) {
    return new Params(
        source,
        full(name.toString()),
        others.stream().map(o -> o + "." + name).toList(),
        taken,
        adapters);
  }

  /**
   * This cursor with other published names of the same place: what the source does not hold under
   * this one's name is taken under the first of theirs that it holds, and recorded under this
   * one's. Files may keep one name only of a tensor that several names share.
   */
  public Params or(List<Params> same) {
    return new Params(source, prefix, same.stream().map(p -> p.prefix).toList(), taken, adapters);
  }

  /** Whether the tree has a tensor of that name below this cursor. */
  public boolean has(String name) {
    return source.has(full(name));
  }

  /** The full dotted name of this place in the tree. */
  public String path() {
    return prefix;
  }

  /**
   * Takes a tensor: loads it, checks its shape, keeps it beyond all scopes and records it.
   *
   * @throws IllegalStateException if it was taken before
   */
  public Tensor tensor(String name, long... shape) {
    String key = full(name);
    if (taken.containsKey(key)) {
      throw new IllegalStateException("parameter " + key + " is taken twice");
    }
    String held =
        source.has(key)
            ? key
            : others.stream().map(o -> o + "." + name).filter(source::has).findFirst().orElse(key);
    Tensor t = source.get(held, shape);
    if (!Arrays.equals(t.shape(), shape)) {
      throw new IllegalArgumentException(
          "parameter "
              + key
              + " has shape "
              + Arrays.toString(t.shape())
              + ", the model needs "
              + Arrays.toString(shape)
              + ": check the sizes in config.json");
    }
    taken.put(key, TensorScope.keep(t));
    return t;
  }

  /**
   * Records a second published name of a tensor taken before, e.g. a head shared by all layers. The
   * name is written again by the checkpoint writer and not optimised twice.
   */
  public void alias(String name, Tensor same) {
    String key = full(name);
    if (taken.putIfAbsent(key, same) != null) {
      throw new IllegalStateException("parameter " + key + " is taken twice");
    }
  }

  /** Records everything taken below another cursor under this one's names too. */
  public void alias(Params same) {
    String from = same.prefix + ".";
    for (Map.Entry<String, Tensor> e : List.copyOf(taken.entrySet())) {
      if (e.getKey().startsWith(from)) {
        alias(e.getKey().substring(from.length()), e.getValue());
      }
    }
  }

  /** What adapts the linear layer of this place, or null. */
  Lora lora(long in, long out) {
    return adapters == null || !adapters.config.adapts(prefix)
        ? null
        : new Lora(
            new Params(adapters.source, prefix, List.of(), taken, null), in, out, adapters.config);
  }

  /** n modules at 0, 1, ... below this cursor. */
  public <M> List<M> list(int n, Function<Params, M> module) {
    List<M> out = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      out.add(module.apply(at(i)));
    }
    return Collections.unmodifiableList(out);
  }

  /** Everything taken through any cursor of this tree, in order of construction. */
  public Map<String, Tensor> taken() {
    return Collections.unmodifiableMap(taken);
  }

  /** Frees every taken tensor. */
  @Override
  public void close() {
    taken.values().forEach(Tensor::close);
    taken.clear();
  }

  private String full(String name) {
    return prefix.isEmpty() ? name : prefix + "." + name;
  }
}
