package dev.visionllm.text;

import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A small tokenizer for small models: the pieces of LLaMA's vocabulary that a corpus uses, with
 * every piece that their merges need, all bytes, printable ASCII, and VisionLLM's special tokens.
 *
 * <p>Text whose pieces are all kept is split exactly as by the full vocabulary, since a merge that
 * the full tokenizer makes is kept and none is added; other text falls into smaller pieces or
 * bytes.
 */
public final class ReducedVocabulary {
  private static final List<String> BASIC = List.of("<unk>", "<s>", "</s>");
  private static final int BYTES = 256;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Map<String, Integer> vocabulary;
  private final List<String[]> merges;

  private ReducedVocabulary(Map<String, Integer> vocabulary, List<String[]> merges) {
    this.vocabulary = vocabulary;
    this.merges = merges;
  }

  /**
   * Chooses pieces, the most frequent first.
   *
   * @param npmPackageDir the unpacked npm package llama-tokenizer-js, which holds the vocabulary
   * @param corpus texts as they will be encoded
   * @param limit the largest number of ids, special tokens included
   * @throws IllegalArgumentException if the package is not readable as such or limit is too small
   */
  public static ReducedVocabulary build(Path npmPackageDir, Iterable<String> corpus, int limit)
      throws IOException {
    ReducedVocabulary full = read(npmPackageDir);
    Map<String, String[]> parts = new HashMap<>();
    BytePairs engine = full.engine(SpecialTokens.DEFAULT_TOKENS);
    Map<String, Integer> uses = new LinkedHashMap<>();
    for (String text : corpus) {
      for (int id : engine.encode(text).ids()) uses.merge(engine.token(id), 1, Integer::sum);
    }
    uses.keySet().removeIf(p -> !full.vocabulary.containsKey(p));

    Set<String> kept = new HashSet<>(BASIC);
    for (int b = 0; b < BYTES; b++) kept.add(byteToken(b));
    for (char c = '!'; c <= '~'; c++) kept.add(String.valueOf(c));
    kept.add(String.valueOf(BytePairs.SPACE));
    kept.retainAll(full.vocabulary.keySet());
    int room = limit - (SpecialTokens.DEFAULT_TOKENS.size() - BASIC.size());
    if (kept.size() > room) {
      throw new IllegalArgumentException(
          "a vocabulary of "
              + limit
              + " is too small: bytes, ASCII and special tokens alone are "
              + (limit - room + kept.size()));
    }
    Map<String, Integer> order = new HashMap<>();
    for (int i = 0; i < full.merges.size(); i++) {
      order.put(full.merges.get(i)[0] + '\0' + full.merges.get(i)[1], i);
    }
    List<String> wanted = new ArrayList<>(uses.keySet());
    wanted.sort(
        (a, b) -> {
          int c = Integer.compare(uses.get(b), uses.get(a));
          return c != 0 ? c : Integer.compare(full.vocabulary.get(a), full.vocabulary.get(b));
        });
    for (String piece : wanted) {
      Set<String> needed = new HashSet<>();
      close(piece, order, parts, needed);
      needed.removeAll(kept);
      if (kept.size() + needed.size() <= room) kept.addAll(needed);
    }

    Map<String, Integer> vocabulary = new LinkedHashMap<>();
    full.vocabulary.keySet().stream()
        .filter(kept::contains)
        .forEach(p -> vocabulary.put(p, vocabulary.size()));
    List<String[]> merges =
        full.merges.stream()
            .filter(m -> kept.contains(m[0]) && kept.contains(m[1]) && kept.contains(m[0] + m[1]))
            .toList();
    return new ReducedVocabulary(vocabulary, merges);
  }

  /** Adds piece and all that byte-pair encoding merges on the way to it. */
  private static void close(
      String piece, Map<String, Integer> order, Map<String, String[]> parts, Set<String> needed) {
    if (!needed.add(piece) || piece.codePointCount(0, piece.length()) == 1) return;
    String[] last = parts.computeIfAbsent(piece, p -> lastMerge(p, order));
    for (String part : last) close(part, order, parts, needed);
  }

  /** The two parts of which encoding makes piece in its last step; none if it is never made. */
  private static String[] lastMerge(String piece, Map<String, Integer> order) {
    List<String> symbols = new ArrayList<>();
    piece.codePoints().forEach(c -> symbols.add(Character.toString(c)));
    String[] last = {};
    while (symbols.size() > 1) {
      int best = -1;
      int bestRank = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        Integer rank = order.get(symbols.get(i) + '\0' + symbols.get(i + 1));
        if (rank != null && rank < bestRank) {
          bestRank = rank;
          best = i;
        }
      }
      if (best < 0) return new String[0];
      last = new String[] {symbols.get(best), symbols.get(best + 1)};
      symbols.set(best, last[0] + last[1]);
      symbols.remove(best + 1);
    }
    return last;
  }

  private static String byteToken(int b) {
    return String.format("<0x%02X>", b);
  }

  /** The package's whole vocabulary: base64 of lines, and base64 of pairs of 16-bit indices. */
  static ReducedVocabulary read(Path npmPackageDir) throws IOException {
    Path file = npmPackageDir.resolve("llama-tokenizer.js");
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          npmPackageDir
              + " holds no llama-tokenizer.js: is it the npm package llama-tokenizer-js?");
    }
    String source = Files.readString(file);
    Map<String, Integer> vocabulary = new LinkedHashMap<>();
    String[] lines =
        new String(base64(source, "llama_vocab_base64", file), StandardCharsets.UTF_8).split("\n");
    for (int i = 0; i < lines.length; i++) {
      if (vocabulary.put(lines[i], i) != null) {
        throw new IllegalArgumentException(file + ": piece '" + lines[i] + "' appears twice");
      }
    }
    byte[] pairs = base64(source, "llama_merges_binary", file);
    List<String[]> merges = new ArrayList<>();
    for (int i = 0; i + 4 <= pairs.length; i += 4) {
      int left = pairs[i] & 0xff | (pairs[i + 1] & 0xff) << 8;
      int right = pairs[i + 2] & 0xff | (pairs[i + 3] & 0xff) << 8;
      if (left >= lines.length || right >= lines.length) {
        throw new IllegalArgumentException(file + ": merge " + i / 4 + " names an unknown piece");
      }
      merges.add(new String[] {lines[left], lines[right]});
    }
    return new ReducedVocabulary(vocabulary, merges);
  }

  private static byte[] base64(String source, String variable, Path file) {
    Matcher m =
        Pattern.compile(variable + "\\s*=\\s*[\"'`]([A-Za-z0-9+/=]++)[\"'`]").matcher(source);
    if (!m.find()) {
      throw new IllegalArgumentException(file + " has no " + variable + ": another version?");
    }
    return Base64.getDecoder().decode(m.group(1));
  }

  /** The number of ids of the tokenizer that is written. */
  public int size() {
    return vocabulary.size() + SpecialTokens.DEFAULT_TOKENS.size() - BASIC.size();
  }

  /** The tokenizer, without writing it. */
  public Tokenizer tokenizer() {
    return Tokenizer.of(engine(SpecialTokens.DEFAULT_TOKENS), "reduced vocabulary");
  }

  private BytePairs engine(List<String> added) {
    Map<String, Integer> basic = new LinkedHashMap<>();
    for (String b : BASIC) basic.put(b, vocabulary.get(b));
    return BytePairs.of(
            vocabulary, merges, basic, BytePairs.Prefix.FIRST_UNLESS_SPACE, "reduced vocabulary")
        .extended(added);
  }

  /** Writes tokenizer.json and tokenizer_config.json; both are read by other libraries too. */
  public void write(Path modelDir) throws IOException {
    Files.createDirectories(modelDir);
    try (Tokenizer t = tokenizer()) {
      AtomicFile.write(modelDir.resolve("tokenizer.json"), JSON.writeValueAsBytes(json(t)));
      ObjectNode config = JSON.createObjectNode();
      config.put("tokenizer_class", "LlamaTokenizer").put("legacy", false);
      config.put("add_bos_token", true).put("add_eos_token", false);
      config.put("bos_token", "<s>").put("eos_token", "</s>").put("unk_token", "<unk>");
      config.put("pad_token", "<unk>").put("clean_up_tokenization_spaces", false);
      AtomicFile.write(
          modelDir.resolve("tokenizer_config.json"),
          JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
    }
  }

  private ObjectNode json(Tokenizer t) {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    SpecialTokens.DEFAULT_TOKENS.stream()
        .sorted((a, b) -> Integer.compare(t.id(a).orElseThrow(), t.id(b).orElseThrow()))
        .forEach(
            token ->
                added
                    .addObject()
                    .put("id", t.id(token).orElseThrow())
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true));
    root.putNull("normalizer");
    root.putObject("pre_tokenizer")
        .put("type", "Metaspace")
        .put("replacement", "\u2581")
        .put("prepend_scheme", "first")
        .put("split", false);
    root.putNull("post_processor");
    ArrayNode decoders = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
    ObjectNode replace = decoders.addObject().put("type", "Replace").put("content", " ");
    replace.putObject("pattern").put("String", "\u2581");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout");
    model.put("unk_token", "<unk>").putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix").put("fuse_unk", true).put("byte_fallback", true);
    ObjectNode vocab = model.putObject("vocab");
    vocabulary.forEach(vocab::put);
    ArrayNode list = model.putArray("merges");
    for (String[] m : merges) list.add(m[0] + " " + m[1]);
    return root;
  }
}
