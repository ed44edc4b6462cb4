package dev.visionllm.eval;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * VQA accuracy against several human answers (Antol et al. 2015): an answer is right to the share
 * min(1, matches / 3), averaged over leaving out each human. Percentages are rounded to two
 * decimals as the reference scripts do; oddities of their text processing are kept.
 */
public final class VqaAccuracy {
  private static final List<String> PUNCTUATION =
      List.of(
          ";", "/", "[", "]", "\"", "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@",
          "`", ",", "?", "!");
  private static final int PERIODS_REMOVED = 32; // the scripts pass re.UNICODE as the count
  private static final Pattern COMMA_IN_NUMBER =
      Pattern.compile("\\d,\\d", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern PERIOD =
      Pattern.compile("\\.(?!\\d)", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Map<String, String> NUMBERS =
      Map.ofEntries(
          Map.entry("none", "0"),
          Map.entry("zero", "0"),
          Map.entry("one", "1"),
          Map.entry("two", "2"),
          Map.entry("three", "3"),
          Map.entry("four", "4"),
          Map.entry("five", "5"),
          Map.entry("six", "6"),
          Map.entry("seven", "7"),
          Map.entry("eight", "8"),
          Map.entry("nine", "9"),
          Map.entry("ten", "10"));
  private static final Map<String, String> CONTRACTIONS = contractions();

  /** Whose script. */
  public enum Variant {
    /** VisionLLM v2's eval/vqa/vqa_eval.py: human answers keep their digits, articles and case. */
    VISION_LLM,
    /** GT-Vision-Lab's vqaEval.py for VQA v2: both sides are processed, unless humans all agree. */
    VQA_V2
  }

  /** One human's answer; humans that are equal in all fields are left out together. */
  public record Human(String answer, String confidence, String id) {}

  /** A question, what people answered, and what the model answered. */
  public record Item(
      String question, String questionType, String answerType, List<Human> humans, String answer) {
    /** Keeps a copy; there must be at least one human answer. */
    public Item {
      humans = List.copyOf(humans);
      if (humans.isEmpty()) {
        throw new IllegalArgumentException("question " + question + " has no human answers");
      }
    }
  }

  /** Percentages, rounded to two decimals: of all questions, by types, by question. */
  public record Report(
      double overall,
      Map<String, Double> byQuestionType,
      Map<String, Double> byAnswerType,
      Map<String, Double> byQuestion)
      implements Scores {

    /** Overall, then by question type and answer type, in percent. */
    @Override
    public Map<String, Double> rows() {
      var rows = new LinkedHashMap<String, Double>();
      rows.put("VQA accuracy %", overall);
      byQuestionType.forEach((type, value) -> rows.put("question type: " + type + " %", value));
      byAnswerType.forEach((type, value) -> rows.put("answer type: " + type + " %", value));
      return rows;
    }

    @Override
    public String toString() {
      return table();
    }
  }

  private record Scored(Item item, double accuracy) {}

  private VqaAccuracy() {}

  /** Scores all items, of which there must be one. */
  public static Report score(Collection<Item> items, Variant variant) {
    if (items.isEmpty()) {
      throw new IllegalArgumentException("no questions to score");
    }
    var scored = items.stream().map(item -> new Scored(item, accuracy(item, variant))).toList();
    var byQuestion = new LinkedHashMap<String, Double>();
    scored.forEach(s -> byQuestion.put(s.item.question, round(100 * s.accuracy)));
    return new Report(
        percentOfMean(scored),
        by(scored, Item::questionType),
        by(scored, Item::answerType),
        byQuestion);
  }

  /** Share of one item, 0..1. */
  static double accuracy(Item item, Variant variant) {
    var answer = trim(item.answer);
    var humans = item.humans;
    switch (variant) {
      case VISION_LLM -> {
        answer = digitsAndArticles(punctuation(answer));
        if (differ(humans)) {
          humans = each(humans, VqaAccuracy::punctuation);
        }
      }
      case VQA_V2 -> {
        humans = each(humans, VqaAccuracy::trim);
        if (differ(humans)) {
          answer = digitsAndArticles(punctuation(answer));
          humans = each(humans, h -> digitsAndArticles(punctuation(h)));
        }
      }
    }
    double sum = 0;
    for (var left : humans) {
      int matches = 0;
      for (var human : humans) {
        matches += !human.equals(left) && human.answer.equals(answer) ? 1 : 0;
      }
      sum += Math.min(1, matches / 3.0);
    }
    return sum / humans.size();
  }

  /** processPunctuation: marks beside a space, or in a text with a number like 1,000, vanish. */
  static String punctuation(String text) {
    var out = text;
    var number = COMMA_IN_NUMBER.matcher(text).find();
    for (var mark : PUNCTUATION) {
      var vanishes = number || text.contains(mark + " ") || text.contains(" " + mark);
      out = out.replace(mark, vanishes ? "" : " ");
    }
    for (int i = 0; i < PERIODS_REMOVED && PERIOD.matcher(out).find(); i++) {
      out = PERIOD.matcher(out).replaceFirst("");
    }
    return out;
  }

  /** processDigitArticle: lower case, number words as digits, no articles, contractions mended. */
  static String digitsAndArticles(String text) {
    var out = new ArrayList<String>();
    for (var word : Python.split(text.toLowerCase(Locale.ROOT))) {
      var w = NUMBERS.getOrDefault(word, word);
      if (!w.equals("a") && !w.equals("an") && !w.equals("the")) {
        out.add(CONTRACTIONS.getOrDefault(w, w));
      }
    }
    return String.join(" ", out);
  }

  private static String trim(String text) {
    return Python.strip(text.replace('\n', ' ').replace('\t', ' '));
  }

  private static boolean differ(List<Human> humans) {
    return humans.stream().map(Human::answer).distinct().count() > 1;
  }

  private static List<Human> each(List<Human> humans, Function<String, String> change) {
    return humans.stream().map(h -> new Human(change.apply(h.answer), h.confidence, h.id)).toList();
  }

  private static Map<String, Double> by(List<Scored> scored, Function<Item, String> type) {
    var groups = new LinkedHashMap<String, List<Scored>>();
    scored.forEach(s -> groups.computeIfAbsent(type.apply(s.item), t -> new ArrayList<>()).add(s));
    var out = new LinkedHashMap<String, Double>();
    groups.forEach((key, group) -> out.put(key, percentOfMean(group)));
    return out;
  }

  private static double percentOfMean(List<Scored> scored) {
    double sum = 0;
    for (var s : scored) {
      sum += s.accuracy;
    }
    return round(100 * sum / scored.size());
  }

  /** Python's round(x, 2). */
  private static double round(double value) {
    return new BigDecimal(value).setScale(2, RoundingMode.HALF_EVEN).doubleValue();
  }

  private static Map<String, String> contractions() {
    var name = "vqa_contractions.json";
    try (var in = VqaAccuracy.class.getResourceAsStream(name)) {
      var out = new LinkedHashMap<String, String>();
      JsonMapper.builder()
          .build()
          .readTree(in)
          .properties()
          .forEach(e -> out.put(e.getKey(), e.getValue().asString()));
      return Map.copyOf(out);
    } catch (IOException e) {
      throw new UncheckedIOException("resource " + name + " cannot be read", e);
    }
  }
}
