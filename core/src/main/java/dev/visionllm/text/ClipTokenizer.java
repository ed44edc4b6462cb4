package dev.visionllm.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * CLIP's tokenizer (Radford et al. 2021), from vocab.json and merges.txt as transformers'
 * CLIPTokenizer has them: composed characters, single spaces, lower case; words become bytes, bytes
 * become printable characters, the last one of a word is marked, and pairs are merged in the file's
 * order. Unlike {@link BytePairs} it works word by word and cannot be reversed exactly.
 */
public final class ClipTokenizer {
  static final String START = "<|startoftext|>";
  static final String END = "<|endoftext|>";
  private static final String WORD_END = "</w>";
  private static final Pattern WORDS =
      Pattern.compile(
          "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}"
              + "|[^\\s\\p{L}\\p{N}]+",
          Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern SPACES = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final String[] BYTES = printable();

  private final Map<String, Integer> ids;
  private final Map<String, Integer> ranks; // of a merge, its parts joined by a space
  private final int start;
  private final int end;

  private ClipTokenizer(Map<String, Integer> ids, Map<String, Integer> ranks, String name) {
    this.ids = ids;
    this.ranks = ranks;
    start = id(START, name);
    end = id(END, name);
    alphabet().forEach(b -> id(b, name));
    for (String pair : ranks.keySet()) {
      id(pair.replace(" ", ""), name);
    }
  }

  /**
   * Reads the files of a folder.
   *
   * @throws IOException if one cannot be read
   * @throws IllegalArgumentException if one is not what it should be
   */
  public static ClipTokenizer read(Path folder) throws IOException {
    Path vocabulary = folder.resolve("vocab.json");
    Path merges = folder.resolve("merges.txt");
    for (Path file : List.of(vocabulary, merges)) {
      if (!Files.isRegularFile(file)) {
        throw new IllegalArgumentException(
            "tokenizer folder "
                + folder
                + " has no "
                + file.getFileName()
                + ": CLIP's tokenizer is vocab.json and merges.txt");
      }
    }
    return of(Files.readString(vocabulary), Files.readString(merges), folder.toString());
  }

  /** From the files' contents. @param name stands for them in error messages */
  public static ClipTokenizer of(String vocabulary, String merges, String name) {
    Map<String, Integer> ids = new HashMap<>();
    try {
      JsonNode json = JsonMapper.builder().build().readTree(vocabulary);
      if (!json.isObject()) {
        throw new IllegalArgumentException(name + ": vocab.json should be a JSON object");
      }
      for (Map.Entry<String, JsonNode> e : json.properties()) {
        ids.put(
            e.getKey(), TokenizerJson.integer(e.getValue(), name + ": id of '" + e.getKey() + "'"));
      }
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          name
              + ": vocab.json is not JSON: "
              + e.getOriginalMessage().lines().findFirst().orElse(""),
          e);
    }
    Map<String, Integer> ranks = new HashMap<>();
    for (String line : merges.lines().toList()) {
      if (line.isBlank() || line.startsWith("#version")) {
        continue;
      }
      if (line.strip().split(" ").length != 2) {
        throw new IllegalArgumentException(
            name + ": merges.txt has the line \"" + line + "\", should be two pieces");
      }
      ranks.putIfAbsent(line.strip(), ranks.size());
    }
    return new ClipTokenizer(ids, ranks, name);
  }

  /**
   * A text as the encoder takes it: start, tokens, end, and ends again up to the length. What does
   * not fit is cut off.
   *
   * @param length number of ids, at least 2
   */
  public int[] encode(String text, int length) {
    if (length < 2) {
      throw new IllegalArgumentException("length is " + length + ", should be at least 2");
    }
    int[] out = new int[length];
    Arrays.fill(out, end);
    out[0] = start;
    int n = 1;
    for (int id : tokens(text)) {
      if (n == length - 1) {
        break;
      }
      out[n++] = id;
    }
    return out;
  }

  /** Number of tokens of a text, without start and end: compare with length - 2 before encoding. */
  public int count(String text) {
    return tokens(text).size();
  }

  private List<Integer> tokens(String text) {
    List<Integer> out = new ArrayList<>();
    for (String word : words(text)) {
      if (word.equals(START) || word.equals(END)) {
        out.add(word.equals(START) ? start : end);
      } else {
        for (String piece : merged(word)) {
          out.add(ids.getOrDefault(piece, end)); // <|endoftext|> is CLIP's unknown token too
        }
      }
    }
    return out;
  }

  /** What a text is cut into before pieces are looked for. */
  static List<String> words(String text) {
    String composed = Normalizer.normalize(text, Normalizer.Form.NFC);
    String clean = SPACES.matcher(composed).replaceAll(" ").strip().toLowerCase(Locale.ROOT);
    return WORDS.matcher(clean).results().map(MatchResult::group).toList();
  }

  /** A word's bytes as characters, the last one marked. */
  static List<String> bytes(String word) {
    List<String> pieces = new ArrayList<>();
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      pieces.add(BYTES[b & 0xff]);
    }
    pieces.set(pieces.size() - 1, pieces.get(pieces.size() - 1) + WORD_END);
    return pieces;
  }

  /** What every vocabulary has: all bytes, and all as the last of a word. */
  static List<String> alphabet() {
    List<String> out = new ArrayList<>(List.of(BYTES));
    for (String b : BYTES) {
      out.add(b + WORD_END);
    }
    return out;
  }

  /** Pieces of a word: the earliest merge of the file that applies anywhere, until none does. */
  private List<String> merged(String word) {
    List<String> pieces = bytes(word);
    while (pieces.size() > 1) {
      int best = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < pieces.size(); i++) {
        best = Math.min(best, rank(pieces, i));
      }
      if (best == Integer.MAX_VALUE) {
        break;
      }
      List<String> next = new ArrayList<>();
      for (int i = 0; i < pieces.size(); i++) {
        boolean merge = i + 1 < pieces.size() && rank(pieces, i) == best;
        next.add(merge ? pieces.get(i) + pieces.get(++i) : pieces.get(i));
      }
      pieces = next;
    }
    return pieces;
  }

  private int rank(List<String> pieces, int left) {
    return ranks.getOrDefault(pieces.get(left) + " " + pieces.get(left + 1), Integer.MAX_VALUE);
  }

  private int id(String token, String name) {
    Integer id = ids.get(token);
    if (id == null) {
      throw new IllegalArgumentException(
          name + ": vocab.json has no token '" + token + "', which CLIP's tokenizer needs");
    }
    return id;
  }

  /** GPT-2's stand-ins: printable bytes stay, the others are written as characters from 256 on. */
  private static String[] printable() {
    String[] out = new String[256];
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean stays = b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
      out[b] = String.valueOf((char) (stays ? b : next++));
    }
    return out;
  }
}
