package dev.visionllm.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What PEFT's adapter_config.json says about a LoRA adapter.
 *
 * @param rank r
 * @param alpha lora_alpha
 * @param rankStabilised whether the scale is alpha / sqrt(r) instead of alpha / r (use_rslora)
 */
record LoraConfig(int rank, double alpha, boolean rankStabilised) {
  /** Name of the file beside the adapter. */
  static final String FILE = "adapter_config.json";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  LoraConfig {
    if (rank < 1 || !Double.isFinite(alpha)) {
      throw new IllegalArgumentException(
          "LoRA: r is " + rank + " and lora_alpha " + alpha + ", r should be at least 1");
    }
  }

  /** Factor of B A. */
  double scale() {
    return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
  }

  /** Reads a file. @throws IllegalArgumentException if it asks for what is not computed here */
  static LoraConfig read(Path file) throws IOException {
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
    if (!r.isIntegralNumber() || !r.canConvertToInt() || !alpha.isNumber()) {
      throw bad(file, "r is " + r + " and lora_alpha " + alpha + ", should be numbers");
    }
    return new LoraConfig(r.asInt(), alpha.asDouble(), json.path("use_rslora").asBoolean(false));
  }

  private static IllegalArgumentException bad(Path file, String what) {
    return new IllegalArgumentException(file + ": " + what);
  }
}
