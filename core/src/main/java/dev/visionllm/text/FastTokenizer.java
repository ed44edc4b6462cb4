package dev.visionllm.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Any tokenizer.json, run by the Hugging Face tokenizers library. */
final class FastTokenizer implements Engine {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final JsonNode json;
  private final String name;
  private final HuggingFaceTokenizer tokenizer;
  private final Map<String, Integer> ids = new HashMap<>();
  private final String[] tokens;

  FastTokenizer(JsonNode json, String name) {
    this.json = json;
    this.name = name;
    JsonNode vocabulary = json.path("model").path("vocab");
    if (vocabulary.isArray()) { // unigram: [piece, score] by id
      for (int i = 0; i < vocabulary.size(); i++) ids.put(vocabulary.get(i).path(0).asString(), i);
    } else {
      vocabulary.properties().forEach(e -> ids.put(e.getKey(), e.getValue().asInt()));
    }
    for (JsonNode a : json.path("added_tokens")) {
      ids.put(a.path("content").asString(), a.path("id").asInt());
    }
    int size = 0;
    for (int id : ids.values()) size = Math.max(size, id + 1);
    tokens = new String[size];
    ids.forEach((text, id) -> tokens[id] = text);
    try {
      tokenizer =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(JSON.writeValueAsBytes(json)),
              Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false"));
    } catch (IOException | RuntimeException e) {
      String why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new IllegalArgumentException(name + " is not a usable tokenizer: " + why, e);
    }
  }

  @Override
  public Encoded encode(String text) {
    Encoding e = tokenizer.encode(text, false, false);
    long[] wide = e.getIds();
    CharSpan[] spans = e.getCharTokenSpans();
    int[] chars = new int[text.length() + 1]; // the library counts code points
    int n = 0;
    for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) chars[n++] = i;
    chars[n] = text.length();
    int[] found = new int[wide.length];
    int[] starts = new int[wide.length];
    int[] ends = new int[wide.length];
    for (int i = 0; i < wide.length; i++) {
      found[i] = Math.toIntExact(wide[i]);
      starts[i] = spans[i] == null ? i == 0 ? 0 : ends[i - 1] : chars[spans[i].getStart()];
      ends[i] = spans[i] == null ? starts[i] : chars[spans[i].getEnd()];
    }
    return new Encoded(found, starts, ends);
  }

  @Override
  public String token(int id) {
    return id < 0 || id >= tokens.length ? null : tokens[id];
  }

  @Override
  public OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  @Override
  public int size() {
    return tokens.length;
  }

  @Override
  public TextStream stream() {
    return new TextStream() {
      private long[] seen = {};
      private String given = "";

      @Override
      public String add(int id) {
        seen = java.util.Arrays.copyOf(seen, seen.length + 1);
        seen[seen.length - 1] = id;
        String all = tokenizer.decode(seen, false);
        // a replacement character at the end may be the beginning of a character
        int end = all.length();
        while (end > given.length() && all.charAt(end - 1) == '\uFFFD') end--;
        if (end <= given.length() || !all.startsWith(given)) return "";
        String fresh = all.substring(given.length(), end);
        given += fresh;
        return fresh;
      }

      @Override
      public String end() {
        String all = seen.length == 0 ? "" : tokenizer.decode(seen, false);
        String rest = all.startsWith(given) ? all.substring(given.length()) : "";
        given = all;
        return rest;
      }
    };
  }

  @Override
  public FastTokenizer extended(List<String> more) {
    ObjectNode copy = (ObjectNode) json.deepCopy();
    ArrayNode added =
        copy.path("added_tokens").isArray()
            ? (ArrayNode) copy.get("added_tokens")
            : copy.putArray("added_tokens");
    int next = tokens.length;
    for (String t : more) {
      boolean listed = false;
      for (JsonNode a : added) listed |= a.path("content").asString().equals(t);
      if (listed) continue;
      Integer id = ids.get(t);
      added
          .addObject()
          .put("id", id == null ? next++ : id)
          .put("content", t)
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    return new FastTokenizer(copy, name);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
