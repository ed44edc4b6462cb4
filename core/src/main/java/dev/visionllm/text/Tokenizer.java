package dev.visionllm.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Text to token ids and back, from the files of a model folder. Nothing is ever truncated or
 * padded. Safe for use by several threads.
 */
public final class Tokenizer implements AutoCloseable {
  /** Stands in the ids of a prompt where an image is; never an id of the vocabulary. */
  public static final int IMAGE = -200;

  private static final String IMAGE_TEXT = SpecialTokens.IMAGE;
  private static final long LARGEST_FILE = 256L << 20;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Engine engine;
  private final int bos;
  private final int eos;
  private final int unk;

  /**
   * Ids of a text, and for each the chars [start, end) of the text that it stands for.
   *
   * @param ids token ids, {@link #IMAGE} for an image
   */
  public record Encoding(int[] ids, int[] starts, int[] ends) {}

  private Tokenizer(Engine engine, String name) {
    this.engine = engine;
    bos = basic(engine, "<s>", name);
    eos = basic(engine, "</s>", name);
    unk = basic(engine, "<unk>", name);
  }

  private static int basic(Engine engine, String token, String name) {
    return engine
        .id(token)
        .orElseThrow(() -> new IllegalArgumentException(name + " has no token " + token));
  }

  /**
   * Loads {@code tokenizer.model} (as the reference does) or else {@code tokenizer.json}, with the
   * tokens of {@code added_tokens.json} and {@code tokenizer_config.json}; the latter's "legacy"
   * decides how text after special tokens is split (absent means true).
   *
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException if there is no tokenizer or it is not usable
   */
  public static Tokenizer load(Path modelDir) throws IOException {
    if (!Files.isDirectory(modelDir)) {
      throw new IllegalArgumentException("model folder " + modelDir + " does not exist");
    }
    Path model = modelDir.resolve("tokenizer.model");
    Path json = modelDir.resolve("tokenizer.json");
    Path configFile = modelDir.resolve("tokenizer_config.json");
    JsonNode config = Files.exists(configFile) ? readJson(configFile) : JSON.createObjectNode();
    Map<String, Integer> added = addedTokens(modelDir, config, configFile);
    if (Files.exists(model)) {
      boolean legacy = !config.path("legacy").isBoolean() || config.get("legacy").booleanValue();
      SentencePieceModel m = SentencePieceModel.parse(readAll(model), model.toString());
      return new Tokenizer(BytePairs.of(m, added, legacy, model.toString()), model.toString());
    }
    if (Files.exists(json)) {
      Engine engine = TokenizerJson.engine(readJson(json), json.toString());
      for (Map.Entry<String, Integer> e : added.entrySet()) {
        OptionalInt id = engine.id(e.getKey());
        if (id.isEmpty() || id.getAsInt() != e.getValue()) {
          engine.close();
          throw new IllegalArgumentException(
              "%s: added token '%s' has id %d in the files beside it, but %s here"
                  .formatted(
                      json, e.getKey(), e.getValue(), id.isEmpty() ? "none" : id.getAsInt()));
        }
      }
      return new Tokenizer(engine, json.toString());
    }
    throw new IllegalArgumentException(
        "model folder " + modelDir + " has neither tokenizer.model nor tokenizer.json");
  }

  private static Map<String, Integer> addedTokens(Path dir, JsonNode config, Path configFile)
      throws IOException {
    Map<String, Integer> added = new LinkedHashMap<>();
    Path file = dir.resolve("added_tokens.json");
    if (Files.exists(file)) {
      for (Map.Entry<String, JsonNode> e : readJson(file).properties()) {
        added.put(e.getKey(), TokenizerJson.integer(e.getValue(), file + ": id of " + e.getKey()));
      }
    }
    for (Map.Entry<String, JsonNode> e : config.path("added_tokens_decoder").properties()) {
      String text = e.getValue().path("content").asString("");
      try {
        added.put(text, Integer.parseInt(e.getKey()));
      } catch (NumberFormatException bad) {
        throw new IllegalArgumentException(
            configFile + ": added_tokens_decoder has the id '" + e.getKey() + "', not a number");
      }
    }
    int limit = 1 << 24;
    added.forEach(
        (text, id) -> {
          if (text.isEmpty() || id < 0 || id >= limit) {
            throw new IllegalArgumentException(
                dir + ": added token '" + text + "' has id " + id + ", not one of 0 to " + limit);
          }
        });
    return added;
  }

  private static byte[] readAll(Path file) throws IOException {
    long size = Files.size(file);
    if (size > LARGEST_FILE) {
      throw new IllegalArgumentException(file + " has " + size + " bytes: not a tokenizer");
    }
    return Files.readAllBytes(file);
  }

  private static JsonNode readJson(Path file) throws IOException {
    try {
      JsonNode node = JSON.readTree(readAll(file));
      if (!node.isObject()) throw new IllegalArgumentException(file + " is not a JSON object");
      return node;
    } catch (JacksonException e) {
      String why = e.getOriginalMessage().lines().findFirst().orElse("");
      throw new IllegalArgumentException(file + " is not valid JSON: " + why, e);
    }
  }

  static Tokenizer of(Engine engine, String name) {
    return new Tokenizer(engine, name);
  }

  /**
   * The same tokenizer with more special tokens at the end, as training adds them; tokens that
   * exist keep their ids. The new one owns its natives; this one stays valid.
   */
  public Tokenizer extended(List<String> specialTokens) {
    return new Tokenizer(engine.extended(specialTokens), "tokenizer");
  }

  /**
   * Ids of text, without BOS or EOS; special tokens written in the text become their ids.
   *
   * @throws IllegalArgumentException if text is not Unicode (an unpaired surrogate)
   */
  public int[] encode(String text) {
    return chunk(text).ids();
  }

  /**
   * The reference's tokenizer_image_token: BOS, then the chunks between {@code <image>}, each
   * tokenised on its own, with {@link #IMAGE} between them.
   */
  public int[] encodePrompt(String text) {
    return encodePromptSpans(text).ids();
  }

  /** As {@link #encodePrompt}, with the place in text of every id; BOS has an empty span. */
  public Encoding encodePromptSpans(String text) {
    List<Engine.Encoded> chunks = new ArrayList<>();
    List<Integer> offsets = new ArrayList<>();
    int n = 0;
    for (int from = 0; from <= text.length(); ) {
      int to = text.indexOf(IMAGE_TEXT, from);
      if (to < 0) to = text.length();
      Engine.Encoded e = chunk(text.substring(from, to));
      chunks.add(e);
      offsets.add(from);
      n += 1 + e.ids().length; // BOS or an image in front
      from = to == text.length() ? text.length() + 1 : to + IMAGE_TEXT.length();
    }
    Encoding all = new Encoding(new int[n], new int[n], new int[n]);
    int at = 0;
    for (int c = 0; c < chunks.size(); c++) {
      int offset = offsets.get(c);
      all.ids()[at] = c == 0 ? bos : IMAGE;
      all.starts()[at] = c == 0 ? 0 : offset - IMAGE_TEXT.length();
      all.ends()[at++] = offset;
      Engine.Encoded e = chunks.get(c);
      for (int i = 0; i < e.ids().length; i++, at++) {
        all.ids()[at] = e.ids()[i];
        all.starts()[at] = e.starts()[i] + offset;
        all.ends()[at] = e.ends()[i] + offset;
      }
    }
    return all;
  }

  /** Ids of a conversation, BOS first and {@link #IMAGE} for each image. */
  public Encoding encode(Conversation.Text conversation) {
    String text = conversation.text();
    if (!conversation.oneChunk()) return encodePromptSpans(text);
    Engine.Encoded e = chunk(text);
    int n = e.ids().length;
    int image = engine.id(IMAGE_TEXT).orElse(IMAGE);
    Encoding all = new Encoding(new int[n + 1], new int[n + 1], new int[n + 1]);
    for (int i = 0; i < n; i++) {
      all.ids()[i + 1] = e.ids()[i] == image ? IMAGE : e.ids()[i];
      all.starts()[i + 1] = e.starts()[i];
      all.ends()[i + 1] = e.ends()[i];
    }
    all.ids()[0] = bos;
    return all;
  }

  private Engine.Encoded chunk(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (!Character.isSurrogatePair(
            text.charAt(i), i + 1 < text.length() ? text.charAt(i + 1) : 0)) {
          throw new IllegalArgumentException(
              "text has an unpaired surrogate at char " + i + ": it is not valid Unicode");
        }
        i++;
      }
    }
    return text.isEmpty()
        ? new Engine.Encoded(new int[0], new int[0], new int[0])
        : engine.encode(text);
  }

  /**
   * Puts the k-th count's number of patch ids in the place of the k-th {@link #IMAGE}.
   *
   * @throws IllegalArgumentException if images and counts do not match in number
   */
  public static int[] expandImages(int[] ids, int patch, int... counts) {
    long images = Arrays.stream(ids).filter(i -> i == IMAGE).count();
    if (images != counts.length) {
      throw new IllegalArgumentException(
          "the prompt has " + images + " <image>, but " + counts.length + " images were given");
    }
    int[] out = new int[ids.length - counts.length + Arrays.stream(counts).sum()];
    int at = 0;
    int image = 0;
    for (int id : ids) {
      int n = id == IMAGE ? counts[image++] : 1;
      Arrays.fill(out, at, at + n, id == IMAGE ? patch : id);
      at += n;
    }
    return out;
  }

  /** The text of ids; special tokens appear as they are written, malformed UTF-8 as U+FFFD. */
  public String decode(int... ids) {
    TextStream s = stream();
    StringBuilder out = new StringBuilder();
    for (int id : ids) out.append(s.add(id));
    return out.append(s.end()).toString();
  }

  /** Decodes one id at a time, for streaming. */
  public TextStream stream() {
    TextStream s = engine.stream();
    return new TextStream() {
      @Override
      public String add(int id) {
        token(id);
        return s.add(id);
      }

      @Override
      public String end() {
        return s.end();
      }
    };
  }

  /**
   * The text as the reference prints it (transformers' LlamaTokenizer.decode), which puts spaces
   * around added tokens and so cannot be encoded back; for comparison with published outputs.
   */
  public String decodeLikeReference(int[] ids, boolean skipSpecial) {
    for (int id : ids) token(id);
    if (engine instanceof BytePairs pairs) return pairs.decodeLikeReference(ids, skipSpecial);
    throw new IllegalArgumentException("this tokenizer.json is not of the LLaMA kind");
  }

  /**
   * The token's own spelling.
   *
   * @throws IllegalArgumentException if there is no such id
   */
  public String token(int id) {
    String t = engine.token(id);
    if (t == null) {
      throw new IllegalArgumentException(
          "token id " + id + " is not in the vocabulary of " + engine.size() + " tokens");
    }
    return t;
  }

  /** The id of a token by its own spelling. */
  public OptionalInt id(String token) {
    return engine.id(token);
  }

  /** One more than the highest id: the rows that an embedding table needs. */
  public int size() {
    return engine.size();
  }

  /** Id of {@code <s>}. */
  public int bos() {
    return bos;
  }

  /** Id of {@code </s>}. */
  public int eos() {
    return eos;
  }

  /** Id of {@code <unk>}, which the reference also pads with. */
  public int unk() {
    return unk;
  }

  @Override
  public void close() {
    engine.close();
  }
}
