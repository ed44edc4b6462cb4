package dev.visionllm.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The nouns of the small world, read from the resource {@code classes.txt}; other names follow the
 * regular rules of English.
 */
public final class ClassList {
  /**
   * @param name class name, words separated by spaces
   * @param plural the noun's plural
   * @param category family of the class, which hard negatives are drawn from
   * @param codePoint hexadecimal Unicode code point of the class in emoji sets; empty if unknown
   * @param fluent file name of the class in the Fluent set, without ending; empty if unknown
   */
  public record Noun(String name, String plural, String category, String codePoint, String fluent) {
    /** The noun with its indefinite article: "a dog", "an apple". */
    public String withArticle() {
      return ("aeiou".indexOf(name.charAt(0)) >= 0 ? "an " : "a ") + name;
    }

    /** "dog" for one, "dogs" for any other count. */
    public String counted(int n) {
      return n == 1 ? name : plural;
    }
  }

  private final Map<String, Noun> nouns;

  private ClassList(Map<String, Noun> nouns) {
    this.nouns = nouns;
  }

  /** The list that ships with the library. */
  public static ClassList nano() {
    try (InputStream in = ClassList.class.getResourceAsStream("classes.txt")) {
      if (in == null)
        throw new IllegalStateException("resource classes.txt is missing from the jar");
      return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IllegalStateException("resource classes.txt cannot be read: " + e.getMessage(), e);
    }
  }

  static ClassList parse(String text) {
    Map<String, Noun> nouns = new LinkedHashMap<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      if (line.isBlank() || line.startsWith("#")) continue;
      String[] w = line.trim().split("\\s+");
      if (w.length != 5) {
        throw new IllegalArgumentException(
            "classes.txt line "
                + number
                + " has "
                + w.length
                + " words, expected 5: name plural category codepoint fluent");
      }
      Noun noun = new Noun(spaces(w[0]), spaces(w[1]), spaces(w[2]), w[3], w[4]);
      if (nouns.put(noun.name(), noun) != null) {
        throw new IllegalArgumentException(
            "classes.txt line " + number + ": class " + noun.name() + " is listed twice");
      }
    }
    return new ClassList(nouns);
  }

  /** All nouns in the order of the file. */
  public List<Noun> nouns() {
    return new ArrayList<>(nouns.values());
  }

  /**
   * The noun of a class name; a name that is not listed gets a regular plural and the family
   * "thing".
   */
  public Noun noun(String name) {
    Noun known = nouns.get(name);
    return known != null ? known : new Noun(name, regularPlural(name), "thing", "", "");
  }

  private static String regularPlural(String name) {
    if (name.matches(".*(s|x|z|ch|sh)")) return name + "es";
    if (name.matches(".*[^aeiou]y")) return name.substring(0, name.length() - 1) + "ies";
    return name + "s";
  }

  private static String spaces(String word) {
    return word.replace('_', ' ');
  }
}
