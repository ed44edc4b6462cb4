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

/** A model folder's weights, in one safetensors file or in several. */
public final class Checkpoint implements Params.Source {
  /** Name of the one file. */
  public static final String SINGLE = "model.safetensors";

  /** Name of the index of several files. */
  public static final String INDEX = "model.safetensors.index.json";

  private final Path where;
  private final Params.Source source;
  private final Map<String, SafeTensors.Entry> entries;

  private Checkpoint(Path where, Params.Source source, Map<String, SafeTensors.Entry> entries) {
    this.where = where;
    this.source = source;
    this.entries = entries;
  }

  /**
   * Opens the weights of a folder.
   *
   * @throws IOException if there are none, or they cannot be read
   * @throws IllegalArgumentException if they are malformed, or both forms are there
   */
  public static Checkpoint open(Path dir) throws IOException {
    Path single = dir.resolve(SINGLE);
    Path index = dir.resolve(INDEX);
    if (Files.exists(single) && Files.exists(index)) {
      throw new IllegalArgumentException(
          dir + ": holds both " + SINGLE + " and " + INDEX + ", remove the one that is not meant");
    }
    if (Files.exists(index)) {
      Sharded sharded = Sharded.open(index);
      return new Checkpoint(index, sharded, sharded.entries());
    }
    if (Files.exists(single)) {
      SafeTensors file = SafeTensors.open(single);
      return new Checkpoint(single, file, file.entries());
    }
    throw new IOException(
        dir
            + (Files.isDirectory(dir)
                ? ": holds neither " + SINGLE + " nor " + INDEX
                : ": there is no such folder"));
  }

  /** Every tensor's header entry. */
  public Map<String, SafeTensors.Entry> entries() {
    return entries;
  }

  @Override
  public boolean has(String name) {
    return source.has(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    return source.get(name, shape);
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
