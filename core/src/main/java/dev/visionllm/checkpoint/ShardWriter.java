package dev.visionllm.checkpoint;

import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes the weights of a model folder, in several files where they are large. Each file is written
 * all or nothing, and the index only when all files are there: a run that was stopped leaves no
 * folder that looks whole.
 */
public final class ShardWriter {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /**
   * One file.
   *
   * @param file where it will be
   * @param bytes of its tensors
   */
  public record Shard(Path file, List<Item> items, long bytes) {
    /** Writes the file. */
    public void write() throws IOException {
      SafeTensorsWriter.write(file, items, Map.of("format", "pt"));
    }
  }

  private final Path dir;
  private final List<Shard> shards;

  private ShardWriter(Path dir, List<Shard> shards) {
    this.dir = dir;
    this.shards = shards;
  }

  /**
   * Divides tensors among files, in their order.
   *
   * @param dir existing folder without weights
   * @param largest most bytes of a file; a larger tensor gets a file of its own
   * @throws IllegalArgumentException if the folder holds weights, or the disk has no room
   */
  public static ShardWriter plan(Path dir, List<Item> items, long largest) throws IOException {
    for (String name :
        List.of(
            Checkpoint.SINGLE, Checkpoint.INDEX, Checkpoint.TORCH_SINGLE, Checkpoint.TORCH_INDEX)) {
      if (Files.exists(dir.resolve(name))) {
        throw new IllegalArgumentException(
            dir + ": holds weights already (" + name + "), give a folder without");
      }
    }
    long all = items.stream().mapToLong(Item::bytes).sum();
    long room = Files.getFileStore(dir).getUsableSpace();
    if (all > room) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: the weights need %.1f GB, the disk has %.1f GB left",
              dir,
              all / 1e9,
              room / 1e9));
    }
    List<List<Item>> groups = new ArrayList<>();
    long size = Long.MAX_VALUE;
    for (Item i : items) {
      if (groups.isEmpty() || size + i.bytes() > largest) {
        groups.add(new ArrayList<>());
        size = 0;
      }
      groups.get(groups.size() - 1).add(i);
      size += i.bytes();
    }
    List<Shard> shards = new ArrayList<>();
    for (List<Item> group : groups) {
      String name =
          groups.size() == 1
              ? Checkpoint.SINGLE
              : String.format(
                  Locale.ROOT, "model-%05d-of-%05d.safetensors", shards.size() + 1, groups.size());
      long bytes = group.stream().mapToLong(Item::bytes).sum();
      shards.add(new Shard(dir.resolve(name), List.copyOf(group), bytes));
    }
    return new ShardWriter(dir, List.copyOf(shards));
  }

  /** The files to write, in any order; then {@link #finish}. */
  public List<Shard> shards() {
    return shards;
  }

  /** Writes the index, if there are several files. */
  public void finish() throws IOException {
    if (shards.size() == 1) {
      return;
    }
    Map<String, String> files = new TreeMap<>();
    for (Shard s : shards) {
      if (!Files.exists(s.file())) {
        throw new IOException(s.file() + ": was not written");
      }
      s.items().forEach(i -> files.put(i.name(), s.file().getFileName().toString()));
    }
    Map<String, Object> index = new LinkedHashMap<>();
    index.put("metadata", Map.of("total_size", shards.stream().mapToLong(Shard::bytes).sum()));
    index.put("weight_map", files);
    byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(index);
    AtomicFile.write(dir.resolve(Checkpoint.INDEX), json);
  }

  /** All tensors of all files. */
  public Stream<Item> items() {
    return shards.stream().flatMap(s -> s.items().stream());
  }
}
