package dev.visionllm.data;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.data.Dialogue.Turn;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Questions and answers about a scene: true ones, and negatives about classes that it does not
 * show. Every answer to a question with a bare answer starts with it.
 */
final class Conversations {
  private static final List<String> NUMBERS =
      List.of(
          "no", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven", "twelve");
  private static final double EDGE =
      0.03; // centres this near to a line between thirds have no clear position
  private static final double APART =
      0.15; // least distance of two centres for left, right, above, below
  private static final int MOST_NAMES = 20;

  private final ClassList nouns;
  private final Templates templates;
  private final List<String> names; // all classes, present or not
  private final Map<String, List<String>> families = new TreeMap<>();
  private final double extraYes;

  /**
   * @param names all classes that scenes may show
   * @param empty share of empty scenes, whose questions about existence are all answered "no";
   *     other scenes make up for it
   */
  Conversations(ClassList nouns, Templates templates, List<String> names, double empty) {
    this.nouns = nouns;
    this.templates = templates;
    this.names = List.copyOf(names);
    this.extraYes = empty < 1 ? Math.min(1, empty / (1 - empty)) : 0;
    for (String name : names)
      families.computeIfAbsent(nouns.noun(name).category(), c -> new ArrayList<>()).add(name);
  }

  /**
   * About a dozen conversations of one turn, sometimes one of several turns.
   *
   * @param id prefix of their ids
   * @param first number of the first
   * @param image path of the picture
   */
  List<Dialogue> about(Scene scene, String id, int first, String image, RandomGenerator random) {
    Talk talk = new Talk(scene, random);
    talk.caption();
    talk.existence();
    talk.counting();
    talk.colour();
    talk.position();
    talk.relation();
    talk.recognition();
    talk.detection();
    talk.detectionFree();
    talk.negative();
    List<Dialogue> out = new ArrayList<>();
    for (One one : talk.all) {
      out.add(
          new Dialogue(
              id + "-" + (first + out.size()),
              image,
              one.task().word(),
              turns(List.of(one)),
              one.regions(),
              one.answer()));
    }
    if (random.nextDouble() < 0.4) {
      List<One> some = new ArrayList<>(talk.all.stream().filter(o -> o.names() <= 5).toList());
      shuffle(some, random);
      some = some.subList(0, Math.min(some.size(), 2 + random.nextInt(3)));
      List<Region> regions = some.stream().flatMap(o -> o.regions().stream()).toList();
      out.add(
          new Dialogue(
              id + "-" + (first + out.size()),
              image,
              Task.DIALOGUE.word(),
              turns(some),
              regions,
              null));
    }
    return out;
  }

  /** One question and its answer; {@code names} counts the classes that a detection asks for. */
  private record One(
      Task task, String question, String reply, List<Region> regions, String answer, int names) {}

  private static List<Turn> turns(List<One> ones) {
    List<Turn> turns = new ArrayList<>();
    for (One one : ones) {
      turns.add(
          new Turn(Role.HUMAN, turns.isEmpty() ? "<image>\n" + one.question() : one.question()));
      turns.add(new Turn(Role.ASSISTANT, one.reply()));
    }
    return turns;
  }

  private static <T> void shuffle(List<T> list, RandomGenerator random) {
    for (int i = list.size() - 1; i > 0; i--) Collections.swap(list, i, random.nextInt(i + 1));
  }

  private static <T> T any(List<T> list, RandomGenerator random) {
    return list.get(random.nextInt(list.size()));
  }

  private final class Talk {
    private final Scene scene;
    private final RandomGenerator random;
    private final List<One> all = new ArrayList<>();
    private final Map<String, List<Integer>> present = new LinkedHashMap<>(); // largest first
    private final List<String> shown;
    private final List<String> absent;

    Talk(Scene scene, RandomGenerator random) {
      this.scene = scene;
      this.random = random;
      List<Integer> bySize = new ArrayList<>();
      for (int i = 0; i < scene.things().size(); i++) bySize.add(i);
      bySize.sort(Comparator.comparingInt(i -> -scene.things().get(i).area()));
      for (int i : bySize)
        present.computeIfAbsent(scene.things().get(i).name(), n -> new ArrayList<>()).add(i);
      shown = List.copyOf(present.keySet());
      absent = names.stream().filter(n -> !present.containsKey(n)).toList();
    }

    private void say(Task task, String kind, Map<String, String> values, String answer) {
      say(task, kind, values, List.of(), answer, 0);
    }

    private void say(
        Task task,
        String kind,
        Map<String, String> values,
        List<Region> regions,
        String answer,
        int asked) {
      Templates.Wording w = templates.pick(task, kind, values, random);
      all.add(new One(task, w.question(), w.answer(), regions, answer, asked));
    }

    private Map<String, String> values(String name) {
      ClassList.Noun noun = nouns.noun(name);
      Map<String, String> values = new HashMap<>();
      values.put("class", noun.name());
      values.put("a", noun.withArticle());
      values.put("plural", noun.plural());
      return values;
    }

    /** A class that is not shown: half of the time of the family of one that is. */
    private String absentClass() {
      if (!shown.isEmpty() && random.nextBoolean()) {
        List<String> near =
            families.get(nouns.noun(any(shown, random)).category()).stream()
                .filter(n -> !present.containsKey(n))
                .toList();
        if (!near.isEmpty()) return any(near, random);
      }
      return any(absent, random);
    }

    /** The classes that are shown once only, shuffled. */
    private List<String> single() {
      List<String> once =
          new ArrayList<>(shown.stream().filter(n -> present.get(n).size() == 1).toList());
      shuffle(once, random);
      return once;
    }

    private Scene.Thing thing(String name) {
      return scene.things().get(present.get(name).get(0));
    }

    void caption() {
      List<String> parts = new ArrayList<>();
      present.forEach(
          (name, things) -> {
            ClassList.Noun noun = nouns.noun(name);
            int n = things.size();
            String number = n < NUMBERS.size() ? NUMBERS.get(n) : Integer.toString(n);
            parts.add(n == 1 ? noun.withArticle() : number + " " + noun.plural());
          });
      Map<String, String> values = Map.of("objects", listed(parts));
      say(Task.CAPTION, shown.isEmpty() ? "empty" : "", values, String.join(", ", shown));
    }

    private static String listed(List<String> parts) {
      int n = parts.size();
      if (n < 2) return String.join("", parts);
      return String.join(", ", parts.subList(0, n - 1)) + " and " + parts.get(n - 1);
    }

    void existence() {
      int yes = shown.isEmpty() ? 0 : random.nextDouble() < extraYes ? 2 : 1;
      for (int i = 0; i < yes; i++) say(Task.EXISTENCE, "yes", values(any(shown, random)), "yes");
      if (!absent.isEmpty()) say(Task.EXISTENCE, "no", values(absentClass()), "no");
    }

    void counting() {
      for (int i = 0; i < 2; i++) {
        boolean none = shown.isEmpty() || !absent.isEmpty() && random.nextDouble() < 0.12;
        if (none && absent.isEmpty() || shown.isEmpty() && i > 0) continue;
        List<String> repeated = shown.stream().filter(n -> present.get(n).size() > 1).toList();
        String name =
            none
                ? absentClass()
                : i == 0 && !repeated.isEmpty() ? any(repeated, random) : any(shown, random);
        int n = present.getOrDefault(name, List.of()).size();
        Map<String, String> values = values(name);
        values.put("answer", Integer.toString(n));
        values.put("counted", nouns.noun(name).counted(n));
        say(Task.COUNTING, "", values, Integer.toString(n));
      }
    }

    void colour() {
      single().stream()
          .filter(n -> thing(n).colour() != null)
          .limit(2)
          .forEach(n -> answered(Task.COLOUR, n, thing(n).colour().word()));
    }

    void position() {
      single().stream()
          .filter(n -> place(thing(n)) != null)
          .limit(2)
          .forEach(n -> answered(Task.POSITION, n, place(thing(n))));
    }

    /** "top left", ..., "middle", or null where it is not clear. */
    private String place(Scene.Thing t) {
      int column = third(t.centreX() / scene.width());
      int row = third(t.centreY() / scene.height());
      if (column < 0 || row < 0) return null;
      String vertical = List.of("top", "", "bottom").get(row);
      String horizontal = List.of("left", "", "right").get(column);
      String place = (vertical + " " + horizontal).strip();
      return place.isEmpty() ? "middle" : place;
    }

    /** 0, 1, 2, or -1 near a border. */
    private static int third(double share) {
      if (Math.abs(share - 1 / 3.0) < EDGE || Math.abs(share - 2 / 3.0) < EDGE) return -1;
      return share < 1 / 3.0 ? 0 : share < 2 / 3.0 ? 1 : 2;
    }

    private void answered(Task task, String name, String answer) {
      Map<String, String> values = values(name);
      values.put("answer", answer);
      say(task, "", values, answer);
    }

    void relation() {
      List<String> once = single();
      for (int i = 0; i < once.size(); i++) {
        for (int j = i + 1; j < once.size(); j++)
          if (relation(thing(once.get(i)), thing(once.get(j)))) return;
      }
    }

    private boolean relation(Scene.Thing a, Scene.Thing b) {
      double dx = (a.centreX() - b.centreX()) / scene.width();
      double dy = (a.centreY() - b.centreY()) / scene.height();
      boolean across = Math.abs(dx) > Math.abs(dy);
      double d = across ? dx : dy;
      if (Math.abs(d) < APART) return false;
      boolean before = random.nextBoolean();
      Map<String, String> values = values(a.name());
      values.put("other", b.name());
      values.put(
          "relation",
          across ? before ? "to the left of" : "to the right of" : before ? "above" : "below");
      String answer = before == d < 0 ? "yes" : "no";
      say(Task.RELATION, answer, values, answer);
      return true;
    }

    void recognition() {
      if (scene.things().isEmpty()) return;
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < scene.things().size(); i++) order.add(i);
      shuffle(order, random);
      for (int i : order.subList(0, Math.min(2, order.size()))) {
        Map<String, String> values = values(scene.things().get(i).name());
        values.put("answer", values.get("class"));
        values.put("region", "<region>");
        say(Task.RECOGNITION, "", values, List.of(region(i)), values.get("class"), 0);
      }
    }

    private Region region(int i) {
      Scene.Thing t = scene.things().get(i);
      return switch (random.nextInt(4)) {
        case 0 -> {
          double w = 0.06 * (t.x1() - t.x0());
          double h = 0.06 * (t.y1() - t.y0());
          yield new Region.Box(
              tenth(Math.max(0, t.x0() + w * noise())),
              tenth(Math.max(0, t.y0() + h * noise())),
              tenth(Math.min(scene.width(), t.x1() + w * noise())),
              tenth(Math.min(scene.height(), t.y1() + h * noise())));
        }
        case 1 -> pixel(i);
        case 2 -> scribble(i);
        default -> new Region.Mask(Rle.of(Mask.of(scene.width(), scene.height(), scene.mask(i))));
      };
    }

    private double noise() {
      return random.nextDouble() * 2 - 1;
    }

    private static double tenth(double v) {
      return Math.round(v * 10) / 10.0;
    }

    private boolean owned(int i, int x, int y) {
      return x >= 0
          && y >= 0
          && x < scene.width()
          && y < scene.height()
          && scene.owner()[y * scene.width() + x] == i;
    }

    /** The centre of a pixel of the object, away from its outline where one is found. */
    private Region.Point pixel(int i) {
      int[] fallback = null;
      Scene.Thing t = scene.things().get(i);
      int[] mine = new int[t.area()];
      int n = 0;
      for (int y = t.y0(); y < t.y1(); y++) {
        for (int x = t.x0(); x < t.x1(); x++) if (owned(i, x, y)) mine[n++] = y * scene.width() + x;
      }
      for (int k = 0; k < 20; k++) {
        int at = mine[random.nextInt(n)];
        int x = at % scene.width();
        int y = at / scene.width();
        fallback = new int[] {x, y};
        if (owned(i, x - 2, y) && owned(i, x + 2, y) && owned(i, x, y - 2) && owned(i, x, y + 2))
          break;
      }
      return new Region.Point(fallback[0] + 0.5, fallback[1] + 0.5);
    }

    /** A line of a few strokes that mostly stays on the object. */
    private Region scribble(int i) {
      List<Region.Point> points = new ArrayList<>();
      points.add(pixel(i));
      Scene.Thing t = scene.things().get(i);
      double step = 0.45 * Math.max(t.x1() - t.x0(), t.y1() - t.y0());
      for (int k = 0; k < 60 && points.size() < 5; k++) {
        Region.Point last = points.get(points.size() - 1);
        int x = (int) (last.x() + step * noise());
        int y = (int) (last.y() + step * noise());
        boolean on = true;
        for (int q = 1; q <= 4 && on; q++) {
          on =
              owned(
                  i,
                  (int) (last.x() + (x - last.x()) * q / 4),
                  (int) (last.y() + (y - last.y()) * q / 4));
        }
        if (on) points.add(new Region.Point(x + 0.5, y + 0.5));
      }
      if (points.size() < 2) points.add(pixel(i));
      return new Region.Scribble(points);
    }

    void detection() {
      detect(1 + random.nextInt(5));
      detect(6 + random.nextInt(MOST_NAMES - 5));
    }

    private void detect(int wanted) {
      List<String> mine = new ArrayList<>(shown);
      shuffle(mine, random);
      if (random.nextInt(5) == 0 && !mine.isEmpty() && !absent.isEmpty())
        mine.remove(0); // not always all that is there
      List<String> asked = new ArrayList<>(mine.subList(0, Math.min(mine.size(), wanted)));
      int most = Math.min(wanted, asked.size() + absent.size());
      while (asked.size() < most) {
        String name = absentClass();
        if (!asked.contains(name)) asked.add(name);
        else asked.add(any(absent.stream().filter(n -> !asked.contains(n)).toList(), random));
      }
      if (asked.isEmpty()) return;
      shuffle(asked, random);
      String classes = random.nextBoolean() ? listed(asked) : String.join(", ", asked);
      Map<String, String> values = Map.of("classes", classes, "tools", tools(asked));
      say(Task.DETECTION, "", values, List.of(), String.join(", ", asked), asked.size());
    }

    void detectionFree() {
      say(
          Task.DETECTION_FREE,
          shown.isEmpty() ? "empty" : "",
          Map.of("tools", tools(shown)),
          String.join(", ", shown));
    }

    private static String tools(List<String> asked) {
      return String.join(", ", asked.stream().map(n -> n + "[DET]").toList());
    }

    void negative() {
      if (absent.isEmpty() || random.nextInt(3) > 0) return;
      say(Task.NEGATIVE, "", values(absentClass()), "none");
    }
  }
}
