package dev.visionllm.vlm;

import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The files of a model folder beside its weights. */
public final class ModelFolder {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** What a tokenizer is made of. */
  private static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "tokenizer.model",
          "tokenizer_config.json",
          "added_tokens.json",
          "special_tokens_map.json");

  /** Folders of Stable Diffusion's configs and tokenizer; weights in them are not copied. */
  private static final List<String> DIFFUSION = List.of("sd", "ip2p");

  private ModelFolder() {}

  /**
   * Copies configuration and tokenizer, each file all or nothing.
   *
   * @param to new or existing folder; files of these names are replaced
   */
  public static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    copy(from, to, "config.json");
    copyTokenizer(from, to);
    for (String name : DIFFUSION) {
      if (!Files.isDirectory(from.resolve(name))) {
        continue;
      }
      try (Stream<Path> all = Files.walk(from.resolve(name), 2)) {
        for (Path file : all.filter(f -> f.toString().matches(".*\\.(json|txt)")).toList()) {
          Path relative = from.relativize(file);
          Files.createDirectories(to.resolve(relative).getParent());
          copy(from, to, relative.toString());
        }
      }
    }
  }

  /**
   * As {@link #copy(Path, Path)}, with other settings in config.json.
   *
   * @param settings by name, objects merged with those that are there
   */
  public static void copy(Path from, Path to, Map<String, Object> settings) throws IOException {
    copy(from, to);
    if (!settings.isEmpty()) {
      config(to, (ObjectNode) merge(config(from), settings));
    }
  }

  /** A configuration with other settings. */
  static JsonNode merge(JsonNode config, Map<String, Object> settings) {
    return settings.isEmpty()
        ? config
        : JSON.readerForUpdating(config.deepCopy()).readValue(JSON.writeValueAsBytes(settings));
  }

  /** Copies the tokenizer alone. */
  public static void copyTokenizer(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    for (String name : TOKENIZER) {
      copy(from, to, name);
    }
  }

  private static void copy(Path from, Path to, String name) throws IOException {
    if (Files.isRegularFile(from.resolve(name))) {
      byte[] content = Files.readAllBytes(from.resolve(name));
      AtomicFile.write(to.resolve(name), o -> o.write(content));
    }
  }

  /** Writes config.json. */
  static void config(Path dir, ObjectNode config) throws IOException {
    byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(config);
    AtomicFile.write(dir.resolve("config.json"), json);
  }

  /** Reads config.json, which {@link VisionLlmConfig} has accepted. */
  static ObjectNode config(Path dir) throws IOException {
    return (ObjectNode) JSON.readTree(Files.readString(dir.resolve("config.json")));
  }
}
