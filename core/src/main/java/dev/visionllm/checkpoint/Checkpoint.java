package dev.visionllm.checkpoint;

import dev.visionllm.nn.Lora;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * A model folder's weights, in one file or in several: safetensors, or else PyTorch's .bin. Where a
 * folder holds both kinds, they are two forms of the same weights and safetensors are read. LoRA
 * adapters, within the weights or in PEFT's files beside them, are merged as tensors are read.
 */
public final class Checkpoint implements Params.Source {
  /** Name of the one file. */
  public static final String SINGLE = "model.safetensors";

  /** Name of the index of several files. */
  public static final String INDEX = "model.safetensors.index.json";

  /** Name of PyTorch's one file. */
  public static final String TORCH_SINGLE = "pytorch_model.bin";

  /** Name of the index of several files of PyTorch's. */
  public static final String TORCH_INDEX = "pytorch_model.bin.index.json";

  /** Names of PEFT's adapters; adapter_config.json lies beside them. */
  static final List<String> ADAPTERS = List.of("adapter_model.safetensors", "adapter_model.bin");

  /** Buffers that older libraries wrote and that sizes determine; no model takes them. */
  private static final Pattern DETERMINED =
      Pattern.compile(".*\\.(rotary_emb\\.inv_freq|embeddings\\.position_ids)");

  private final Path where;
  private final Weights weights;
  private final Map<String, SafeTensors.Entry> entries;

  private Checkpoint(Path where, Weights weights) {
    this.where = where;
    this.weights = weights;
    entries = weights.entries();
  }

  /**
   * Opens the weights of a folder, with the adapter that lies beside them if there is one.
   *
   * @throws IOException if there are none, or they cannot be read
   * @throws IllegalArgumentException if they are malformed, or both forms are there
   */
  public static Checkpoint open(Path dir) throws IOException {
    return open(dir, dir);
  }

  /**
   * Opens the weights of a folder with an adapter.
   *
   * @param adapterDir folder with PEFT's adapter_config.json and adapter_model.*; those may be
   *     missing where it is {@code dir} itself
   */
  public static Checkpoint open(Path dir, Path adapterDir) throws IOException {
    Checkpoint found = open(dir, SINGLE, INDEX);
    found = found == null ? open(dir, TORCH_SINGLE, TORCH_INDEX) : found;
    Path adapter = adapter(adapterDir);
    if (found == null) {
      throw new IOException(dir + noWeights(dir, adapter != null && adapterDir.equals(dir)));
    }
    if (adapter == null && !adapterDir.equals(dir)) {
      throw new IOException(adapterDir + ": holds no adapter, should hold one of " + ADAPTERS);
    }
    Path file = adapterDir.resolve(AdapterConfig.FILE);
    if (adapter != null) {
      if (!Files.exists(file)) {
        throw new IOException(adapter + ": has no " + AdapterConfig.FILE + " beside it");
      }
      return new Checkpoint(
          found.where,
          AdaptedWeights.beside(
              adapter, found.weights, Weights.open(adapter), AdapterConfig.read(file)));
    }
    if (AdaptedWeights.isIn(found.weights)) {
      Lora.Config config = Files.exists(file) ? AdapterConfig.read(file) : null;
      return new Checkpoint(found.where, AdaptedWeights.within(found.where, found.weights, config));
    }
    return found;
  }

  /** The file of a folder that holds an adapter, or null. */
  static Path adapter(Path dir) {
    return ADAPTERS.stream().map(dir::resolve).filter(Files::exists).findFirst().orElse(null);
  }

  private static String noWeights(Path dir, boolean adapter) {
    if (!Files.isDirectory(dir)) {
      return ": there is no such folder";
    }
    if (adapter) {
      return ": holds an adapter only, put it beside the weights that it is for";
    }
    return ": holds no weights, should hold one of "
        + String.join(", ", SINGLE, INDEX, TORCH_SINGLE, TORCH_INDEX);
  }

  private static Checkpoint open(Path dir, String single, String index) throws IOException {
    boolean one = Files.exists(dir.resolve(single));
    boolean several = Files.exists(dir.resolve(index));
    if (one && several) {
      throw new IllegalArgumentException(
          dir + ": holds both " + single + " and " + index + ", remove the one that is not meant");
    }
    if (several) {
      return new Checkpoint(dir.resolve(index), Sharded.open(dir.resolve(index)));
    }
    return one ? new Checkpoint(dir.resolve(single), Weights.open(dir.resolve(single))) : null;
  }

  /** The files that hold the weights, an adapter's included. */
  public List<Path> files() {
    return weights.files();
  }

  /** What is merged into the weights as they are read, in a few words; empty if nothing is. */
  public Optional<String> adapter() {
    return weights instanceof AdaptedWeights lora ? Optional.of(lora.describe()) : Optional.empty();
  }

  /** Every tensor's header entry. */
  public Map<String, SafeTensors.Entry> entries() {
    return entries;
  }

  @Override
  public boolean has(String name) {
    return weights.has(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    return weights.get(name, shape);
  }

  /** A tensor by name, in the file's dtype and shape. */
  public Tensor get(String name) {
    return weights.get(name);
  }

  /** Refuses a tensor that is missing, or not of that shape, without reading it. */
  public void check(String name, long... shape) {
    Weights.checked(where, entries, name, shape);
  }

  /** The same tensors on a device and, where they are floating-point numbers, in its format. */
  public Params.Source withHardware(Hardware hardware) {
    return new OnHardware(this, hardware);
  }

  /**
   * Tensors that nobody took and nobody expects.
   *
   * @param taken names that the model took, as {@code Params.taken().keySet()}
   * @param allowed patterns of whole names that may be left
   */
  public List<String> unexpected(Set<String> taken, Collection<Pattern> allowed) {
    return entries.keySet().stream()
        .filter(name -> !taken.contains(name))
        .filter(name -> !DETERMINED.matcher(name).matches())
        .filter(name -> allowed.stream().noneMatch(p -> p.matcher(name).matches()))
        .toList();
  }

  /**
   * Refuses a checkpoint with tensors that are left over.
   *
   * @throws IllegalArgumentException if {@link #unexpected} finds any: names their number and the
   *     first ones
   */
  public void refuseUnexpected(Set<String> taken, Collection<Pattern> allowed) {
    List<String> left = unexpected(taken, allowed);
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          where
              + ": holds "
              + left.size()
              + (left.size() == 1 ? " tensor" : " tensors")
              + " the model has no place for: "
              + String.join(", ", left.subList(0, Math.min(5, left.size())))
              + (left.size() > 5 ? ", ..." : "")
              + ": check config.json");
    }
  }

  /**
   * Refuses a checkpoint whose tensors differ under names that the model shares: it would use the
   * first name's only.
   *
   * @param taken what the model took, as {@code Params.taken()}
   */
  public void refuseUnequal(Map<String, Tensor> taken) {
    Map<Tensor, String> first = new IdentityHashMap<>();
    taken.forEach(
        (name, tensor) -> {
          String other = has(name) ? first.putIfAbsent(tensor, name) : null;
          if (other != null && !equal(name, other)) {
            throw new IllegalArgumentException(
                where
                    + ": "
                    + name
                    + " and "
                    + other
                    + " are one tensor to the model, but differ: check config.json");
          }
        });
  }

  private boolean equal(String name, String other) {
    try (Tensor a = weights.get(name);
        Tensor b = weights.get(other)) {
      return a.data_ptr().equals(b.data_ptr()) || a.equal(b);
    }
  }
}
