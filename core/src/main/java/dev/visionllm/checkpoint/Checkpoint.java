package dev.visionllm.checkpoint;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * A model folder's weights, in one file or in several: safetensors, or else PyTorch's .bin. Where a
 * folder holds both kinds, they are two forms of the same weights and safetensors are read.
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

  private final Path where;
  private final Weights weights;
  private final Map<String, SafeTensors.Entry> entries;

  private Checkpoint(Path where, Weights weights) {
    this.where = where;
    this.weights = weights;
    entries = weights.entries();
  }

  /**
   * Opens the weights of a folder.
   *
   * @throws IOException if there are none, or they cannot be read
   * @throws IllegalArgumentException if they are malformed, or both forms are there
   */
  public static Checkpoint open(Path dir) throws IOException {
    Checkpoint found = open(dir, SINGLE, INDEX);
    found = found == null ? open(dir, TORCH_SINGLE, TORCH_INDEX) : found;
    if (found == null) {
      throw new IOException(
          dir
              + (Files.isDirectory(dir)
                  ? ": holds no weights, should hold one of "
                      + String.join(", ", SINGLE, INDEX, TORCH_SINGLE, TORCH_INDEX)
                  : ": there is no such folder"));
    }
    return found;
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
}
