package dev.visionllm.eval;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Class names in running English text: case, punctuation, articles, underscores and plurals do not
 * matter, longer names go before shorter ones they contain.
 */
public final class Names {
  private static final Set<String> ARTICLES = Set.of("a", "an", "the");

  /** Last words whose plural is not formed by a rule. */
  private static final Map<String, String> PLURALS =
      Map.ofEntries(
          Map.entry("person", "people"),
          Map.entry("man", "men"),
          Map.entry("woman", "women"),
          Map.entry("child", "children"),
          Map.entry("mouse", "mice"),
          Map.entry("goose", "geese"),
          Map.entry("foot", "feet"),
          Map.entry("tooth", "teeth"),
          Map.entry("ox", "oxen"),
          Map.entry("cactus", "cacti"),
          Map.entry("octopus", "octopi"));

  private record Form(List<String> words, String name) {}

  private final List<Form> forms = new ArrayList<>();

  /** The names to look for; {@link #in} gives them back as they are spelled here. */
  public Names(Collection<String> names) {
    for (var name : names) {
      var n = normalise(name);
      if (n.isEmpty()) {
        throw new IllegalArgumentException("'" + name + "' is no class name: it has no letters");
      }
      forms.add(new Form(List.of(n.split(" ")), name));
      plurals(n).forEach(p -> forms.add(new Form(List.of(p.split(" ")), name)));
    }
    forms.sort(Comparator.comparingInt((Form f) -> f.words.size()).reversed());
  }

  /** The names that a text mentions, in order of appearance; each word belongs to one name. */
  public Set<String> in(String text) {
    var words = words(text);
    var found = new LinkedHashSet<String>();
    for (int i = 0; i < words.size(); ) {
      int next = i + 1;
      for (var form : forms) {
        int end = i + form.words.size();
        if (end <= words.size() && words.subList(i, end).equals(form.words)) {
          found.add(form.name);
          next = end;
          break;
        }
      }
      i = next;
    }
    return found;
  }

  /** Lower case, letters and digits only, single spaces, no articles. */
  public static String normalise(String text) {
    var words = new ArrayList<>(words(text));
    words.removeIf(ARTICLES::contains);
    return String.join(" ", words);
  }

  /** Whether two names are the same thing, one of them maybe in the plural. */
  public static boolean same(String a, String b) {
    var x = normalise(a);
    var y = normalise(b);
    return x.equals(y) || plurals(x).contains(y) || plurals(y).contains(x);
  }

  /** Possible plurals of a normalised name; only the last word changes. */
  static List<String> plurals(String name) {
    int cut = name.lastIndexOf(' ') + 1;
    var head = name.substring(0, cut);
    var last = name.substring(cut);
    var out = new ArrayList<String>();
    if (last.isEmpty()) {
      return out;
    }
    var known = PLURALS.get(last);
    if (known != null) {
      out.add(head + known);
    }
    if (last.matches(".*[^aeiou]y")) {
      out.add(head + last.substring(0, last.length() - 1) + "ies");
    } else if (last.matches(".*(s|x|z|ch|sh)")) {
      out.add(head + last + "es");
    } else {
      out.add(head + last + "s");
    }
    if (last.endsWith("o")) {
      out.add(head + last + "es");
    } else if (last.endsWith("fe")) {
      out.add(head + last.substring(0, last.length() - 2) + "ves");
    } else if (last.endsWith("f")) {
      out.add(head + last.substring(0, last.length() - 1) + "ves");
    }
    return out;
  }

  /**
   * Runs of letters and digits in lower case; an apostrophe inside a word ends it with its tail.
   */
  static List<String> words(String text) {
    var clean =
        text.toLowerCase(Locale.ROOT)
            .replaceAll("n['\u2019]t\\b", " not")
            .replaceAll("['\u2019]\\p{L}*", "")
            .replaceAll("[^\\p{L}\\p{N}]+", " ")
            .strip();
    return clean.isEmpty() ? List.of() : List.of(clean.split(" "));
  }
}
