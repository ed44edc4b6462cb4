package dev.visionllm.checkpoint;

import dev.visionllm.nn.Lora;
import dev.visionllm.tensor.TensorScope;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Weights with a low-rank adapter (LoRA, Hu et al. 2021), under the names that they have without
 * one. An adapted matrix is merged as it is read: W + scale B A, summed in single precision and
 * given in W's number format. Knows the names that PEFT writes: {@code base_model.model.} before
 * wrapped modules; {@code lora_A.weight} or, with the adapter's name, {@code
 * lora_A.default.weight}; {@code base_layer.weight} or plain {@code weight} beside it; modules that
 * were trained in full.
 */
final class AdaptedWeights implements Weights {
  static final Pattern FACTOR = Pattern.compile("(.+)\\.lora_([AB])(?:\\.([^.]+))?\\.weight");
  static final Pattern SAVED = Pattern.compile("(.+)\\.modules_to_save(\\.[^.]+)?(\\..+)");
  static final String WRAPPER = "base_model.model.";

  /** Prefix of the network that the reference adapts: adapters saved alone count from it. */
  static final String LANGUAGE = "llm.";

  /** A tensor and the file that holds it. */
  private record Home(Weights weights, String name) {
    SafeTensors.Entry entry() {
      return weights.entries().get(name);
    }
  }

  /** What is added to a matrix: A (r, in) and B (out, r). */
  private static final class Factors {
    String adapter;
    Home a;
    Home b;
    double scale;
  }

  private final Path where;
  private final Map<String, Home> homes = new LinkedHashMap<>();
  private final Map<String, Factors> factors = new LinkedHashMap<>();
  private final Map<String, SafeTensors.Entry> entries = new LinkedHashMap<>();
  private int rank;

  private AdaptedWeights(Path where) {
    this.where = where;
  }

  /** Whether a whole checkpoint's names are those of an adapted model. */
  static boolean isIn(Weights weights) {
    return weights.entries().keySet().stream()
        .anyMatch(n -> n.contains(WRAPPER) || n.contains(".lora_") || n.contains(".base_layer."));
  }

  /**
   * A whole checkpoint that holds both the matrices and what is added to them.
   *
   * @param config null if there is no adapter_config.json
   */
  static AdaptedWeights within(Path where, Weights all, Lora.Config config) {
    AdaptedWeights out = new AdaptedWeights(where);
    all.entries().keySet().forEach(name -> out.place(all, name, false));
    out.check(config);
    return out;
  }

  /** A base and an adapter in a file of its own. */
  static AdaptedWeights beside(Path where, Weights base, Weights adapter, Lora.Config config) {
    if (isIn(base)) {
      throw bad(where, "is an adapter for weights that have one already: merge those first");
    }
    AdaptedWeights out = new AdaptedWeights(where);
    base.entries().keySet().forEach(name -> out.homes.put(name, new Home(base, name)));
    adapter.entries().keySet().forEach(name -> out.place(adapter, name, true));
    out.check(config);
    return out;
  }

  /** Rank, scale and number of adapted matrices, for people. */
  String describe() {
    String scales =
        factors.values().stream()
            .map(f -> String.valueOf(f.scale))
            .distinct()
            .collect(Collectors.joining(", "));
    return "LoRA of rank " + rank + ", scale " + scales + ", on " + factors.size() + " matrices";
  }

  /** Sorts one tensor in. @param alone whether an adapter without its base holds it */
  private void place(Weights weights, String name, boolean alone) {
    Matcher factor = FACTOR.matcher(name);
    Matcher saved = SAVED.matcher(name);
    if (factor.matches()) {
      String target = target(factor.group(1), ".weight", alone);
      String adapter = factor.group(3) == null ? "" : factor.group(3);
      Factors f = factors.computeIfAbsent(target, t -> new Factors());
      if (f.adapter != null && !f.adapter.equals(adapter)) {
        throw bad(
            where,
            target
                + " has two adapters, "
                + new TreeSet<>(Arrays.asList(f.adapter, adapter))
                + ", should have one: remove the other");
      }
      f.adapter = adapter;
      if (factor.group(2).equals("A")) {
        f.a = new Home(weights, name);
      } else {
        f.b = new Home(weights, name);
      }
    } else if (name.contains(".lora_")) {
      throw bad(where, name + " is of a kind of LoRA that is not computed here: merge it in PEFT");
    } else if (saved.matches()) {
      homes.put(target(saved.group(1), saved.group(3), alone), new Home(weights, name));
    } else if (name.contains(".original_module.")) {
      homes.putIfAbsent(
          target(name.replace(".original_module.", "."), "", alone), new Home(weights, name));
    } else {
      homes.put(target(name.replace(".base_layer.", "."), "", alone), new Home(weights, name));
    }
  }

  /** The name that a tensor has without an adapter. */
  private String target(String module, String rest, boolean alone) {
    String name = module.replaceFirst(Pattern.quote(WRAPPER), "") + rest;
    if (!alone || homes.containsKey(name)) {
      return name;
    }
    if (!homes.containsKey(LANGUAGE + name)) {
      throw bad(
          where, "is for " + name + ", which the weights do not have: it is of another model");
    }
    return LANGUAGE + name;
  }

  /** Every matrix has both factors, of shapes that fit, and a known scale. */
  private void check(Lora.Config config) {
    factors.forEach(
        (name, f) -> {
          if (f.a == null || f.b == null) {
            throw bad(where, name + " has lora_" + (f.a == null ? "B" : "A") + " only");
          }
          if (!homes.containsKey(name)) {
            throw bad(where, name + " is adapted, but the weights do not have it");
          }
          long[] w = homes.get(name).entry().shape();
          long[] a = f.a.entry().shape();
          long[] b = f.b.entry().shape();
          if (w.length != 2 || a.length != 2 || b.length != 2 || a[1] != w[1] || b[0] != w[0]) {
            throw mismatch(name, w, a, b, "lora_A [r, in] and lora_B [out, r] of [out, in]");
          }
          // the reference's config.json does not repeat what its adapters are made with
          Lora.Config own = config == null ? Lora.Config.REFERENCE : config;
          if (a[0] != b[1] || config != null && a[0] != own.rank()) {
            throw mismatch(name, w, a, b, "one rank" + (config == null ? "" : ", r " + own.rank()));
          }
          if (a[0] != own.rank()) {
            throw bad(
                where,
                "is adapted with rank "
                    + a[0]
                    + ", the reference's is "
                    + own.rank()
                    + ": put adapter_config.json with r and lora_alpha beside it");
          }
          f.scale = own.scale();
          rank = own.rank();
        });
    homes.forEach(
        (name, home) -> {
          SafeTensors.Entry e = home.entry();
          entries.put(name, new SafeTensors.Entry(name, e.dtype(), e.shape(), e.from(), e.to()));
        });
  }

  private IllegalArgumentException mismatch(
      String name, long[] w, long[] a, long[] b, String should) {
    return bad(
        where,
        name
            + " of shape "
            + Arrays.toString(w)
            + " has lora_A "
            + Arrays.toString(a)
            + " and lora_B "
            + Arrays.toString(b)
            + ", should have "
            + should);
  }

  @Override
  public Map<String, SafeTensors.Entry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  @Override
  public List<Path> files() {
    return Stream.concat(
            homes.values().stream().map(Home::weights),
            factors.values().stream().map(f -> f.a.weights))
        .distinct()
        .flatMap(w -> w.files().stream())
        .distinct()
        .toList();
  }

  @Override
  public boolean has(String name) {
    return entries.containsKey(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    return get(Weights.checked(where, entries, name, shape).name());
  }

  @Override
  public Tensor get(String name) {
    Home home = homes.get(Weights.named(where, entries, name).name());
    Factors f = factors.get(name);
    if (f == null) {
      return home.weights.get(home.name);
    }
    PointerScope outer = PointerScope.getInnerScope();
    try (PointerScope inner = new PointerScope()) {
      Tensor w = home.weights.get(home.name);
      Tensor a = f.a.weights.get(f.a.name);
      Tensor b = f.b.weights.get(f.b.name);
      Tensor merged = Lora.merged(w, a, b, f.scale);
      if (outer == null) {
        TensorScope.keep(merged);
      } else {
        outer.attach(merged);
      }
      return merged;
    }
  }

  private static IllegalArgumentException bad(Path where, String what) {
    return new IllegalArgumentException(where + ": " + what);
  }
}
