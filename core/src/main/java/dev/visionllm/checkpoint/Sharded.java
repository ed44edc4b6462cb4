package dev.visionllm.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A checkpoint in several files, safetensors or PyTorch's: an index says which file holds which
 * tensor. Index and files must agree exactly.
 */
public final class Sharded implements Weights {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Path index;
  private final Map<String, Weights> shards; // by tensor

  private Sharded(Path index, Map<String, Weights> shards) {
    this.index = index;
    this.shards = shards;
  }

  /**
   * Opens the index and every file it names; files lie beside the index.
   *
   * @param index {@code model.safetensors.index.json} or {@code pytorch_model.bin.index.json}; it
   *     names files of its own kind
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException if one is malformed or they disagree
   */
  public static Sharded open(Path index) throws IOException {
    JsonNode map;
    try {
      JsonNode root = JSON.readTree(Files.readString(index));
      map = root.get("weight_map");
    } catch (java.nio.charset.CharacterCodingException e) {
      throw bad(index, "is not UTF-8 text");
    } catch (JacksonException e) {
      throw bad(index, "is not valid JSON: " + e.getOriginalMessage().replaceAll("\\s+", " "));
    }
    if (map == null || !map.isObject() || map.isEmpty()) {
      throw bad(index, "has no weight_map, should be an object from tensor to file");
    }
    String kind = index.getFileName().toString().contains(".bin") ? "bin" : "safetensors";
    Map<String, Weights> files = new TreeMap<>();
    Map<String, Weights> shards = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> f : map.properties()) {
      String tensor = f.getKey();
      String name = f.getValue().isString() ? f.getValue().asString() : "";
      if (!name.matches("[^/\\\\]+\\." + kind)) {
        throw bad(
            index,
            tensor
                + " is in "
                + f.getValue()
                + ", should be a ."
                + kind
                + " file beside the index");
      }
      Weights shard = files.get(name);
      if (shard == null) {
        Path file = index.resolveSibling(name);
        if (!Files.isRegularFile(file)) {
          throw new IOException(
              index + ": names " + name + " for " + tensor + ", which is not there: get it again");
        }
        shard = Weights.open(file);
        files.put(name, shard);
      }
      if (!shard.has(tensor)) {
        throw bad(index, tensor + " should be in " + name + ", which does not hold it");
      }
      shards.put(tensor, shard);
    }
    files.forEach(
        (name, shard) -> {
          for (String tensor : shard.entries().keySet()) {
            if (shards.get(tensor) != shard) {
              throw bad(
                  index, name + " holds " + tensor + ", which the index does not place there");
            }
          }
        });
    return new Sharded(index, Collections.unmodifiableMap(shards));
  }

  /** Entries of all files by tensor; their offsets count within their own file. */
  @Override
  public Map<String, SafeTensors.Entry> entries() {
    Map<String, SafeTensors.Entry> all = new LinkedHashMap<>();
    shards.forEach((name, shard) -> all.put(name, shard.entries().get(name)));
    return all;
  }

  @Override
  public List<Path> files() {
    return shards.values().stream().distinct().flatMap(s -> s.files().stream()).toList();
  }

  @Override
  public Tensor get(String name) {
    return shard(name).get(name);
  }

  @Override
  public boolean has(String name) {
    return shards.containsKey(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    return shard(name).get(name, shape);
  }

  private Weights shard(String name) {
    Weights shard = shards.get(name);
    if (shard == null) {
      throw bad(index, "has no tensor " + name);
    }
    return shard;
  }

  private static IllegalArgumentException bad(Path index, String what) {
    return new IllegalArgumentException(index + ": " + what);
  }
}
