package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Drawn;
import dev.visionllm.checkpoint.Item;
import dev.visionllm.checkpoint.ShardWriter;
import dev.visionllm.text.PaddedVocabulary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model folder of a released model's exact configuration, names and shapes with random weights in
 * bf16, so that its size can be run and measured where its weights are not.
 */
public final class Skeleton {
  /** Released models. */
  public enum Preset {
    /** VisionLLM v2 on Vicuna-7B, with all decoders. */
    V2_7B("v2-7b.json", 32_000);

    private final String config;
    private final int pieces; // of the tokenizer, before the tokens that training adds

    Preset(String config, int pieces) {
      this.config = config;
      this.pieces = pieces;
    }

    /** Its name on command lines: "v2-7b". */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The released config.json. */
    public ObjectNode config() throws IOException {
      try (InputStream in = Skeleton.class.getResourceAsStream(config)) {
        return (ObjectNode) JsonMapper.builder().build().readTree(in.readAllBytes());
      }
    }

    /** The released config.json with other settings, objects merged. */
    public JsonNode config(Map<String, Object> settings) throws IOException {
      return ModelFolder.merge(config(), settings);
    }
  }

  /** Parts that config.json switches on and off; the others are always needed to load a model. */
  private static final Map<String, String> SWITCHES =
      Map.of(
          "region_encoder", "use_region_encoder",
          "gdino", "use_gdino",
          "unipose", "use_unipose",
          "sd", "use_sd",
          "ip2p", "use_ip2p");

  private Skeleton() {}

  /** The parts of a preset: first words of its tensors' names. */
  public static List<String> parts(Preset preset) throws IOException {
    return Layout.of(VisionLlmConfig.of(preset.config(), preset.config)).parts();
  }

  /**
   * Writes configuration and tokenizer and plans the weights, whose shards the caller writes.
   *
   * @param parts those to write, of {@link #parts}; empty for all. Decoders that are left out are
   *     switched off in config.json
   * @param seed of the weights
   * @param tokenizer folder of a tokenizer: padded with unused pieces so that the special tokens
   *     have the released ids
   * @param out folder without weights
   * @param largest most bytes of a file
   */
  public static ShardWriter start(
      Preset preset, Set<String> parts, long seed, Path tokenizer, Path out, long largest)
      throws IOException {
    ObjectNode config = preset.config();
    Set<String> unknown = new TreeSet<>(parts);
    parts(preset).forEach(unknown::remove);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "parts are " + unknown + ", should be of " + String.join(", ", parts(preset)));
    }
    if (!parts.isEmpty()) {
      SWITCHES.forEach((part, field) -> config.put(field, parts.contains(part)));
    }
    Layout layout = Layout.of(VisionLlmConfig.of(config, preset.config));
    Drawn numbers = new Drawn(seed);
    List<Item> items = new ArrayList<>();
    for (Layout.Parameter p : layout.parameters().values()) {
      if (parts.isEmpty() || parts.contains(Layout.part(p.name()))) {
        items.add(
            p.whole() != null
                ? Drawn.whole(p.name(), p.whole(), p.shape())
                : numbers.item(p.name(), p.source(), p.shape()));
      }
    }
    Files.createDirectories(out);
    ShardWriter plan = ShardWriter.plan(out, items, largest);
    PaddedVocabulary.write(tokenizer, out, preset.pieces);
    ModelFolder.config(out, config);
    return plan;
  }
}
