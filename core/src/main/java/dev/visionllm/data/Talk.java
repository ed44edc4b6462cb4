package dev.visionllm.data;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.data.Expressions.Expression;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** What is said about one scene: the questions asked so far, and what all kinds of them need. */
final class Talk {
  /**
   * What all scenes share.
   *
   * @param names all classes that scenes may show
   * @param families names by category
   */
  record World(
      ClassList nouns,
      Templates templates,
      List<String> names,
      Map<String, List<String>> families) {
    static World of(ClassList nouns, Templates templates, List<String> names) {
      Map<String, List<String>> families = new TreeMap<>();
      for (String name : names)
        families.computeIfAbsent(nouns.noun(name).category(), c -> new ArrayList<>()).add(name);
      return new World(nouns, templates, List.copyOf(names), families);
    }
  }

  /** One question and its answer; {@code names} counts the classes that it asks for. */
  record One(
      Task task, String question, String reply, List<Region> regions, String answer, int names) {}

  private final World world;
  private final Scene scene;
  private final List<Expression> expressions;
  private final RandomGenerator random;
  private final List<One> said = new ArrayList<>();
  private final Map<String, List<Integer>> present = new LinkedHashMap<>(); // largest first
  private final List<String> shown;
  private final List<String> absent;

  Talk(World world, Scene scene, List<Expression> expressions, RandomGenerator random) {
    this.world = world;
    this.scene = scene;
    this.expressions = expressions;
    this.random = random;
    List<Integer> bySize = new ArrayList<>();
    for (int i = 0; i < scene.things().size(); i++) bySize.add(i);
    bySize.sort(Comparator.comparingInt(i -> -scene.things().get(i).area()));
    for (int i : bySize)
      present.computeIfAbsent(scene.things().get(i).name(), n -> new ArrayList<>()).add(i);
    shown = List.copyOf(present.keySet());
    absent = world.names().stream().filter(n -> !present.containsKey(n)).toList();
  }

  Scene scene() {
    return scene;
  }

  List<Expression> expressions() {
    return expressions;
  }

  RandomGenerator random() {
    return random;
  }

  /** Everything said, in order. */
  List<One> said() {
    return said;
  }

  /** The classes in the picture, the one of the largest object first. */
  List<String> shown() {
    return shown;
  }

  /** The classes that the picture does not show. */
  List<String> absent() {
    return absent;
  }

  /** Number of objects of a class. */
  int count(String name) {
    return present.getOrDefault(name, List.of()).size();
  }

  /** The largest object of a class that is shown. */
  Scene.Thing thing(String name) {
    return scene.things().get(present.get(name).get(0));
  }

  ClassList.Noun noun(String name) {
    return world.nouns().noun(name);
  }

  void say(Task task, String kind, Map<String, String> values, String answer) {
    say(task, kind, values, List.of(), answer, 0);
  }

  /**
   * Asks and answers.
   *
   * @param kind of answer, one of the task's cases
   * @param regions one per {@code <region>} in the values of the question
   * @param answer bare
   * @param names number of classes that are asked for
   */
  void say(
      Task task,
      String kind,
      Map<String, String> values,
      List<Region> regions,
      String answer,
      int names) {
    Templates.Wording w = world.templates().pick(task, kind, values, random);
    said.add(new One(task, w.question(), w.answer(), regions, answer, names));
  }

  /** A class name in the forms that templates know. */
  Map<String, String> values(String name) {
    ClassList.Noun noun = noun(name);
    Map<String, String> values = new HashMap<>();
    values.put("class", noun.name());
    values.put("a", noun.withArticle());
    values.put("plural", noun.plural());
    return values;
  }

  /** A class that is not shown: half of the time of the family of one that is. */
  String absentClass() {
    if (!shown.isEmpty() && random.nextBoolean()) {
      List<String> near =
          world.families().get(noun(Draw.any(shown, random)).category()).stream()
              .filter(n -> !present.containsKey(n))
              .toList();
      if (!near.isEmpty()) return Draw.any(near, random);
    }
    return Draw.any(absent, random);
  }

  /** The classes that are shown once only, shuffled. */
  List<String> single() {
    List<String> once = new ArrayList<>(shown.stream().filter(n -> count(n) == 1).toList());
    Draw.shuffle(once, random);
    return once;
  }

  /** Positions in {@code scene.things()}, shuffled. */
  List<Integer> shuffledThings() {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < scene.things().size(); i++) order.add(i);
    Draw.shuffle(order, random);
    return order;
  }

  /**
   * All objects in words: "two apples and a dog".
   *
   * @param mark written behind each class
   */
  String objects(String mark) {
    List<String> parts = new ArrayList<>();
    for (String name : shown) {
      parts.add(Phrases.amount(noun(name), count(name)) + mark);
    }
    return Phrases.listed(parts);
  }
}
