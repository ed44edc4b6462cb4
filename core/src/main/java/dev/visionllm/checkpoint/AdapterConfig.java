package dev.visionllm.checkpoint;

import dev.visionllm.io.AtomicFile;
import dev.visionllm.nn.Lora;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** PEFT's adapter_config.json: what a LoRA adapter was made with. */
final class AdapterConfig {
  /** Name of the file beside the adapter. */
  static final String FILE = "adapter_config.json";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private AdapterConfig() {}

  /**
   * Reads a file. Which layers are adapted is told by the names of the adapter's tensors, not here.
   *
   * @throws IllegalArgumentException if it asks for what is not computed here
   */
  static Lora.Config read(Path file) throws IOException {
    JsonNode json;
    try {
      json = JSON.readTree(Files.readString(file));
    } catch (JacksonException e) {
      throw bad(file, "is not valid JSON: " + e.getOriginalMessage().replaceAll("\\s+", " "));
    }
    if (!json.path("peft_type").asString("").equals("LORA")) {
      throw bad(file, "peft_type is " + json.path("peft_type") + ", should be \"LORA\"");
    }
    if (!json.path("bias").asString("none").equals("none")) {
      throw bad(file, "bias is " + json.get("bias") + ", should be \"none\"");
    }
    for (String field : List.of("fan_in_fan_out", "use_dora", "lora_bias")) {
      if (json.path(field).asBoolean(false)) {
        throw bad(file, field + " is true, which is not computed here: merge it in PEFT");
      }
    }
    for (String field : List.of("rank_pattern", "alpha_pattern")) {
      if (!json.path(field).isEmpty()) {
        throw bad(file, field + " is " + json.get(field) + ", should be empty: merge it in PEFT");
      }
    }
    JsonNode r = json.path("r");
    JsonNode alpha = json.path("lora_alpha");
    JsonNode dropout = json.path("lora_dropout");
    if (!r.isIntegralNumber() || !r.canConvertToInt() || !alpha.isNumber()) {
      throw bad(file, "r is " + r + " and lora_alpha " + alpha + ", should be numbers");
    }
    if (!dropout.isMissingNode() && !dropout.isNumber()) {
      throw bad(file, "lora_dropout is " + dropout + ", should be a number");
    }
    try {
      return new Lora.Config(
          List.of(),
          r.asInt(),
          alpha.asDouble(),
          json.path("use_rslora").asBoolean(false),
          dropout.asDouble(0));
    } catch (IllegalArgumentException e) {
      throw bad(file, e.getMessage());
    }
  }

  /**
   * Writes a file, all or nothing.
   *
   * @param modules paths of the adapted layers, counted from the language model
   * @param full paths of the modules that learnt in full
   */
  static void write(Path file, Lora.Config c, Collection<String> modules, Collection<String> full)
      throws IOException {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("peft_type", "LORA");
    json.put("task_type", "CAUSAL_LM");
    json.put("r", c.rank());
    json.put("lora_alpha", c.alpha());
    json.put("lora_dropout", c.dropout());
    json.put("use_rslora", c.rankStabilised());
    json.put("bias", "none");
    json.put("fan_in_fan_out", false);
    json.put("inference_mode", true);
    json.put("target_modules", modules);
    json.put("modules_to_save", full.isEmpty() ? null : full);
    byte[] bytes = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    AtomicFile.write(file, bytes);
  }

  private static IllegalArgumentException bad(Path file, String what) {
    return new IllegalArgumentException(file + ": " + what);
  }
}
