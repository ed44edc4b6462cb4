package dev.visionllm.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/**
 * Reads tokenizer.json. Byte-pair files of the LLaMA kind run in plain Java, which starts at once;
 * every other kind is given to the tokenizers library.
 */
final class TokenizerJson {
  private TokenizerJson() {}

  static Engine engine(JsonNode json, String name) {
    JsonNode model = json.path("model");
    if (!model.isObject() || !(model.path("vocab").isObject() || model.path("vocab").isArray())) {
      throw new IllegalArgumentException(name + " is not a tokenizer.json: it has no model.vocab");
    }
    Map<String, Integer> added = new LinkedHashMap<>();
    for (JsonNode a : json.path("added_tokens")) {
      String text = a.path("content").asString("");
      added.put(text, integer(a.path("id"), name + ": id of added token '" + text + "'"));
    }
    BytePairs.Prefix prefix = prefix(json);
    if (prefix == null || !isLlama(json)) return new FastTokenizer(json, name);
    Map<String, Integer> vocabulary = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : model.get("vocab").properties()) {
      vocabulary.put(e.getKey(), integer(e.getValue(), name + ": id of '" + e.getKey() + "'"));
    }
    List<String[]> merges = new ArrayList<>();
    for (JsonNode m : model.path("merges")) {
      String[] pair =
          m.isArray()
              ? new String[] {m.path(0).asString(""), m.path(1).asString("")}
              : m.asString("").split(" ", 2);
      if (pair.length != 2 || pair[0].isEmpty() || pair[1].isEmpty()) {
        throw new IllegalArgumentException(name + ": merge " + m + " is not a pair of tokens");
      }
      merges.add(pair);
    }
    return BytePairs.of(vocabulary, merges, added, prefix, name);
  }

  static int integer(JsonNode n, String what) {
    OptionalInt i = n.isIntegralNumber() ? n.asIntOpt() : OptionalInt.empty();
    if (i.isEmpty() || i.getAsInt() < 0 || i.getAsInt() >= 1 << 24) {
      throw new IllegalArgumentException(what + " is " + n + ", not an id");
    }
    return i.getAsInt();
  }

  /** What the files that transformers writes for LLaMA say, or null if it is something else. */
  private static BytePairs.Prefix prefix(JsonNode json) {
    JsonNode normalizer = json.path("normalizer");
    JsonNode splitter = json.path("pre_tokenizer");
    boolean plainSplit = splitter.isNull() || splitter.isMissingNode();
    if (normalizer.isNull() || normalizer.isMissingNode()) {
      boolean metaspace =
          splitter.path("type").asString("").equals("Metaspace")
              && splitter.path("replacement").asString("").equals("\u2581")
              && splitter.path("prepend_scheme").asString("").equals("first")
              && splitter.path("split").isBoolean()
              && !splitter.get("split").booleanValue();
      return metaspace ? BytePairs.Prefix.FIRST_UNLESS_SPACE : null;
    }
    JsonNode steps = normalizer.path("normalizers");
    boolean prepends =
        plainSplit
            && steps.size() == 2
            && steps.get(0).path("type").asString("").equals("Prepend")
            && steps.get(0).path("prepend").asString("").equals("\u2581")
            && steps.get(1).path("type").asString("").equals("Replace")
            && steps.get(1).path("pattern").path("String").asString("").equals(" ")
            && steps.get(1).path("content").asString("").equals("\u2581");
    return prepends ? BytePairs.Prefix.EVERY_SEGMENT : null;
  }

  private static boolean isLlama(JsonNode json) {
    JsonNode m = json.get("model");
    boolean plain =
        m.path("type").asString("").equals("BPE")
            && m.path("vocab").isObject()
            && m.path("byte_fallback").asBoolean(false)
            && !m.path("ignore_merges").asBoolean(false)
            && m.path("dropout").asDouble(0) == 0
            && m.path("continuing_subword_prefix").asString("").isEmpty()
            && m.path("end_of_word_suffix").asString("").isEmpty();
    for (JsonNode a : json.path("added_tokens")) {
      for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        plain &= !a.path(flag).asBoolean(false);
      }
    }
    for (int b = 0; plain && b < 256; b++) {
      plain = m.get("vocab").has(String.format("<0x%02X>", b));
    }
    return plain;
  }
}
