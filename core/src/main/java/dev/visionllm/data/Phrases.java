package dev.visionllm.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Wordings by key, from a resource of lines {@code KEY: part | part | ...}, {@code #} for remarks,
 * names in braces filled in.
 */
final class Phrases {
  private static final List<String> NUMBERS =
      List.of(
          "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven", "twelve");

  private final String name;
  private final Map<String, List<List<String>>> byKey;

  private Phrases(String name, Map<String, List<List<String>>> byKey) {
    this.name = name;
    this.byKey = byKey;
  }

  /** Wordings that ship with the library, such as {@code edits.txt}. */
  static Phrases builtIn(String name) {
    try (InputStream in = Phrases.class.getResourceAsStream("templates/" + name)) {
      if (in == null) {
        throw new IllegalStateException("resource templates/" + name + " is missing from the jar");
      }
      return parse(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IllegalStateException("resource templates/" + name + " cannot be read", e);
    }
  }

  static Phrases parse(String name, String text) {
    Map<String, List<List<String>>> byKey = new LinkedHashMap<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      if (line.isBlank() || line.startsWith("#")) continue;
      int colon = line.indexOf(": ");
      if (colon < 1) {
        throw new IllegalArgumentException(
            name + " line " + number + " is not of the form KEY: words: " + line);
      }
      List<String> parts = List.of(line.substring(colon + 2).strip().split("\\s*\\|\\s*"));
      List<List<String>> same =
          byKey.computeIfAbsent(line.substring(0, colon), k -> new ArrayList<>());
      if (!same.isEmpty() && same.get(0).size() != parts.size()) {
        throw new IllegalArgumentException(
            name
                + " line "
                + number
                + " has "
                + parts.size()
                + " parts, the line of its key above "
                + same.get(0).size());
      }
      same.add(parts);
    }
    return new Phrases(name, byKey);
  }

  Set<String> keys() {
    return byKey.keySet();
  }

  /** All wordings of a key, not filled in. */
  List<List<String>> all(String key) {
    List<List<String>> all = byKey.get(key);
    if (all == null) throw new IllegalStateException(name + " has no line of the key " + key);
    return all;
  }

  /** The parts of one of a key's wordings, not filled in. */
  List<String> any(String key, RandomGenerator random) {
    List<List<String>> all = all(key);
    return all.get(random.nextInt(all.size()));
  }

  /** "a dog", "two dogs", ... */
  static String amount(ClassList.Noun noun, int n) {
    if (n == 1) return noun.withArticle();
    return (n < NUMBERS.size() ? NUMBERS.get(n) : Integer.toString(n)) + " " + noun.counted(n);
  }

  /** "a, b and c". */
  static String listed(List<String> parts) {
    int n = parts.size();
    if (n < 2) return String.join("", parts);
    return String.join(", ", parts.subList(0, n - 1)) + " and " + parts.get(n - 1);
  }
}
