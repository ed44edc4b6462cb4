package dev.visionllm.text;

import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * A small vocabulary for {@link ClipTokenizer}: all bytes, alone and as the last of a word, and
 * byte pairs merged until every word of a corpus is one token (Sennrich et al. 2016). Other words
 * fall into pieces or bytes. The same texts give the same vocabulary, in any order.
 *
 * @param tokens by id; the last two frame a text
 * @param merges two pieces and a space between them, in the order in which they apply
 */
public record ClipVocabulary(List<String> tokens, List<String> merges) {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** Keeps copies. */
  public ClipVocabulary {
    tokens = List.copyOf(tokens);
    merges = List.copyOf(merges);
  }

  /** Learns the words of texts. */
  public static ClipVocabulary of(Iterable<String> texts) {
    Map<String, List<String>> words = new TreeMap<>(); // a word's pieces
    Map<String, Integer> uses = new TreeMap<>();
    for (String text : texts) {
      for (String word : ClipTokenizer.words(text)) {
        words.computeIfAbsent(word, ClipTokenizer::bytes);
        uses.merge(word, 1, Integer::sum);
      }
    }
    List<String> merges = new ArrayList<>();
    while (true) {
      String pair = mostFrequent(words, uses);
      if (pair == null) {
        return new ClipVocabulary(tokens(merges), merges);
      }
      merges.add(pair);
      words.replaceAll((word, pieces) -> merged(pieces, pair));
    }
  }

  /** The pair that the texts have most often, of equals the first by its letters; null if none. */
  private static String mostFrequent(Map<String, List<String>> words, Map<String, Integer> uses) {
    Map<String, Integer> pairs = new TreeMap<>();
    words.forEach(
        (word, pieces) -> {
          for (int i = 0; i + 1 < pieces.size(); i++) {
            pairs.merge(pair(pieces, i), uses.get(word), Integer::sum);
          }
        });
    String best = null;
    for (Map.Entry<String, Integer> e : pairs.entrySet()) {
      if (best == null || e.getValue() > pairs.get(best)) {
        best = e.getKey();
      }
    }
    return best;
  }

  private static List<String> merged(List<String> pieces, String pair) {
    List<String> out = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      boolean here = i + 1 < pieces.size() && pair(pieces, i).equals(pair);
      out.add(here ? pieces.get(i) + pieces.get(++i) : pieces.get(i));
    }
    return out;
  }

  private static String pair(List<String> pieces, int left) {
    return pieces.get(left) + " " + pieces.get(left + 1);
  }

  private static List<String> tokens(List<String> merges) {
    List<String> out = new ArrayList<>(ClipTokenizer.alphabet());
    for (String pair : merges) {
      String piece = pair.replace(" ", "");
      if (!out.contains(piece)) {
        out.add(piece);
      }
    }
    out.add(ClipTokenizer.START);
    out.add(ClipTokenizer.END);
    return out;
  }

  /** Tokens of a text of the corpus, with its start and end. */
  public int length(String text) {
    return ClipTokenizer.words(text).size() + 2;
  }

  /** Writes vocab.json and merges.txt. */
  public void write(Path folder) throws IOException {
    Map<String, Integer> ids = new LinkedHashMap<>();
    tokens.forEach(t -> ids.put(t, ids.size()));
    Files.createDirectories(folder);
    AtomicFile.write(folder.resolve("vocab.json"), JSON.writeValueAsBytes(ids));
    String text = "#version: 0.2\n" + String.join("\n", merges) + "\n";
    AtomicFile.write(folder.resolve("merges.txt"), text.getBytes(StandardCharsets.UTF_8));
  }
}
