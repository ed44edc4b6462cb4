package dev.visionllm.eval;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * Accuracy of short answers, by task. What counts as right follows from the kind of the item: yes
 * or no and numbers are read out of the sentence, a choice must name the truth and no other option,
 * all else is compared as normalised text.
 */
public final class Vqa {
  private static final List<String> SMALL =
      List.of(
          "zero",
          "one",
          "two",
          "three",
          "four",
          "five",
          "six",
          "seven",
          "eight",
          "nine",
          "ten",
          "eleven",
          "twelve",
          "thirteen",
          "fourteen",
          "fifteen",
          "sixteen",
          "seventeen",
          "eighteen",
          "nineteen");
  private static final List<String> TENS =
      List.of("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety");

  /** A question that was answered. */
  public sealed interface Item permits Existence, Counting, Absent, Choice, Text {
    /** Name of the group that the item is counted in. */
    String task();

    /** Whether the answer is right. */
    boolean right();
  }

  /** Is something there? */
  public record Existence(String task, String answer, boolean truth) implements Item {
    @Override
    public boolean right() {
      return yesNo(answer).equals(Optional.of(truth));
    }
  }

  /** How many? */
  public record Counting(String task, String answer, int truth) implements Item {
    @Override
    public boolean right() {
      return number(answer).equals(OptionalInt.of(truth));
    }
  }

  /** A question about something that is not there; the answer has to say so. */
  public record Absent(String task, String answer) implements Item {
    @Override
    public boolean right() {
      return yesNo(answer).equals(Optional.of(false));
    }
  }

  /** One of several words, such as colours or positions. */
  public record Choice(String task, String answer, String truth, List<String> options)
      implements Item {
    /** Keeps a copy; the truth must be one of the options. */
    public Choice {
      options = List.copyOf(options);
      if (!options.contains(truth)) {
        throw new IllegalArgumentException("'" + truth + "' is not one of the options " + options);
      }
    }

    @Override
    public boolean right() {
      return new Names(options).in(answer).equals(Set.of(truth));
    }
  }

  /** Any text. */
  public record Text(String task, String answer, String truth) implements Item {
    @Override
    public boolean right() {
      return Names.same(answer, truth);
    }
  }

  /**
   * Shares of right answers.
   *
   * @param existence balanced accuracy: mean of the shares right where the truth is yes and where
   *     it is no; unreadable answers are wrong; NaN where one of the two is missing
   * @param counting share of numbers that are exact
   * @param accuracy share of right answers by task, every kind of item
   * @param questions number of items by task
   * @param overall share of right answers of all items
   * @param unreadable share of existence and counting answers without yes, no or a number
   */
  public record Report(
      double existence,
      double counting,
      Map<String, Double> accuracy,
      Map<String, Integer> questions,
      double overall,
      double unreadable)
      implements Scores {

    @Override
    public Map<String, Double> rows() {
      var rows = new LinkedHashMap<String, Double>();
      rows.put("existence balanced accuracy", existence);
      rows.put("counting exact", counting);
      accuracy.forEach(
          (task, share) -> {
            rows.put(task + " accuracy", share);
            rows.put(task + " questions", (double) questions.get(task));
          });
      rows.put("overall accuracy", overall);
      rows.put("unreadable", unreadable);
      return rows;
    }

    @Override
    public String toString() {
      return table();
    }
  }

  private Vqa() {}

  /** Scores all items. */
  public static Report score(Collection<? extends Item> items) {
    var byTask = new TreeMap<String, List<Boolean>>();
    var yes = new ArrayList<Boolean>();
    var no = new ArrayList<Boolean>();
    var counts = new ArrayList<Boolean>();
    var all = new ArrayList<Boolean>();
    var unreadable = new ArrayList<Boolean>();
    for (var item : items) {
      var right = item.right();
      byTask.computeIfAbsent(item.task(), t -> new ArrayList<>()).add(right);
      all.add(right);
      if (item instanceof Existence e) {
        (e.truth ? yes : no).add(right);
        unreadable.add(yesNo(e.answer).isEmpty());
      } else if (item instanceof Counting c) {
        counts.add(right);
        unreadable.add(number(c.answer).isEmpty());
      }
    }
    var accuracy = new LinkedHashMap<String, Double>();
    var questions = new LinkedHashMap<String, Integer>();
    byTask.forEach(
        (task, rights) -> {
          accuracy.put(task, share(rights));
          questions.put(task, rights.size());
        });
    return new Report(
        (share(yes) + share(no)) / 2,
        share(counts),
        accuracy,
        questions,
        share(all),
        share(unreadable));
  }

  /** The first yes or no of an answer; without either, not, none and nothing are a no. */
  public static Optional<Boolean> yesNo(String answer) {
    var words = Names.words(answer);
    for (var word : words) {
      if (word.equals("yes") || word.equals("no")) {
        return Optional.of(word.equals("yes"));
      }
    }
    return words.stream().anyMatch(Set.of("not", "none", "nothing")::contains)
        ? Optional.of(false)
        : Optional.empty();
  }

  /**
   * The first number of an answer, in digits or words up to ninety-nine; without one, no, not, none
   * and nothing are 0, and failing that a single article is 1 ("There is a dog.").
   */
  public static OptionalInt number(String answer) {
    var words = Names.words(answer);
    for (int i = 0; i < words.size(); i++) {
      var word = words.get(i);
      if (word.matches("[0-9]{1,9}")) {
        return OptionalInt.of(Integer.parseInt(word));
      }
      if (SMALL.contains(word)) {
        return OptionalInt.of(SMALL.indexOf(word));
      }
      if (TENS.contains(word)) {
        int ones = i + 1 < words.size() ? SMALL.indexOf(words.get(i + 1)) : -1;
        return OptionalInt.of(20 + 10 * TENS.indexOf(word) + (ones >= 1 && ones <= 9 ? ones : 0));
      }
    }
    if (words.stream().anyMatch(Set.of("no", "not", "none", "nothing")::contains)) {
      return OptionalInt.of(0);
    }
    return words.stream().anyMatch(Set.of("a", "an")::contains)
        ? OptionalInt.of(1)
        : OptionalInt.empty();
  }

  private static double share(List<Boolean> rights) {
    return rights.stream().mapToDouble(r -> r ? 1 : 0).average().orElse(Double.NaN);
  }
}
