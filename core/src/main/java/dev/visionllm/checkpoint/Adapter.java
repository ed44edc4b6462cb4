package dev.visionllm.checkpoint;

import dev.visionllm.nn.Lora;
import dev.visionllm.nn.Params;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * A language model's LoRA adapter in a folder of its own, apart from the weights that it is for:
 * adapter_config.json and adapter_model.safetensors as PEFT writes them. Tensors go by the names
 * that they have in the model's tree, such as {@code
 * llm.model.layers.0.self_attn.q_proj.lora_A.weight}; files count from the language model. To have
 * an adapter merged instead, open both as a {@link Checkpoint}.
 */
public final class Adapter implements Params.Source {
  private final Path where;
  private final Weights weights;
  private final Lora.Config config;
  private final Map<String, String> names; // in the tree -> in the file

  private Adapter(Path where, Weights weights, Lora.Config config, Map<String, String> names) {
    this.where = where;
    this.weights = weights;
    this.config = config;
    this.names = names;
  }

  /**
   * Opens a folder, to go on training its adapter.
   *
   * @throws IOException if it holds none, or it cannot be read
   */
  public static Adapter open(Path dir) throws IOException {
    Path file = Checkpoint.adapter(dir);
    if (file == null) {
      throw new IOException(dir + ": holds no adapter, should hold one of " + Checkpoint.ADAPTERS);
    }
    Path json = dir.resolve(AdapterConfig.FILE);
    Weights.exists(json);
    Lora.Config config = AdapterConfig.read(json);
    Weights weights = Weights.open(file);
    Map<String, String> names = new LinkedHashMap<>();
    List<String> targets = new ArrayList<>();
    for (String name : weights.entries().keySet()) {
      String below = name.replaceFirst("^" + Pattern.quote(AdaptedWeights.WRAPPER), "");
      Matcher factor = AdaptedWeights.FACTOR.matcher(below);
      Matcher saved = AdaptedWeights.SAVED.matcher(below);
      if (factor.matches()) {
        String path = AdaptedWeights.LANGUAGE + factor.group(1);
        names.put(path + ".lora_" + factor.group(2) + ".weight", name);
        targets.add(Pattern.quote(path));
      } else {
        String bare = saved.matches() ? saved.group(1) + saved.group(3) : below;
        names.put(AdaptedWeights.LANGUAGE + bare, name);
      }
    }
    return new Adapter(
        file, weights, config.withTargets(targets.stream().distinct().toList()), names);
  }

  /**
   * Writes a folder, each file all or nothing.
   *
   * @param dir new or existing; files of these names are replaced
   * @param learnt tensors of the language model by their names in the tree: those of the adapters,
   *     and modules that learnt in full, such as {@code llm.lm_head.weight}
   * @param c what the adapters were made with
   * @throws IllegalArgumentException if there is no adapter, or a tensor of another part
   */
  public static void write(Path dir, Map<String, Tensor> learnt, Lora.Config c) throws IOException {
    Map<String, Tensor> out = new LinkedHashMap<>();
    learnt.forEach(
        (name, t) -> {
          if (!name.startsWith(AdaptedWeights.LANGUAGE)) {
            throw new IllegalArgumentException(
                dir
                    + ": an adapter is of the language model alone, "
                    + name
                    + " is of another part: save that with the model");
          }
          out.put(AdaptedWeights.WRAPPER + below(name), t);
        });
    Files.createDirectories(dir);
    describe(dir, learnt.keySet(), c);
    SafeTensorsWriter.write(dir.resolve(Checkpoint.ADAPTERS.get(0)), out, Map.of("format", "pt"));
  }

  /**
   * Writes adapter_config.json alone, all or nothing: for weights in the same folder that hold
   * adapters beside what they are for, such as a run's, and are then merged as they are read.
   *
   * @param learnt names in the tree; those of other parts are left out
   * @throws IllegalArgumentException if there is no adapter
   */
  public static void describe(Path dir, Collection<String> learnt, Lora.Config c)
      throws IOException {
    Set<String> modules = new LinkedHashSet<>();
    Set<String> full = new LinkedHashSet<>();
    for (String name : learnt) {
      if (name.startsWith(AdaptedWeights.LANGUAGE)) {
        String below = below(name);
        Matcher factor = AdaptedWeights.FACTOR.matcher(below);
        if (factor.matches()) {
          modules.add(factor.group(1));
        } else {
          full.add(below.substring(0, below.lastIndexOf('.')));
        }
      }
    }
    if (modules.isEmpty()) {
      throw new IllegalArgumentException(
          dir + ": there is no adapter to write: no layer is adapted, or none learns");
    }
    AdapterConfig.write(dir.resolve(AdapterConfig.FILE), c, modules, full);
  }

  private static String below(String name) {
    return name.substring(AdaptedWeights.LANGUAGE.length());
  }

  /** What it was made with; its targets are the layers that it holds matrices for. */
  public Lora.Config config() {
    return config;
  }

  /** The model's other tensors from elsewhere, but this one's where it has them. */
  public Params.Source over(Params.Source base) {
    return new Params.Source() {
      @Override
      public Tensor get(String name, long... shape) {
        return (Adapter.this.has(name) ? Adapter.this : base).get(name, shape);
      }

      @Override
      public boolean has(String name) {
        return Adapter.this.has(name) || base.has(name);
      }
    };
  }

  /** Refuses an adapter with tensors that the model has not taken. */
  public void refuseUnexpected(Set<String> taken) {
    for (String name : names.keySet()) {
      if (!taken.contains(name)) {
        throw new IllegalArgumentException(
            where
                + ": holds "
                + name
                + ", which the model has no place for: it is of another model");
      }
    }
  }

  @Override
  public boolean has(String name) {
    return names.containsKey(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    return weights.get(names.getOrDefault(name, name), shape);
  }
}
