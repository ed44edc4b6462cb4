package dev.visionllm.data;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.geometry.Mask;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.text.RoutingToken;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Questions about marked objects of a scene. */
final class RegionTasks {
  private static final double SLACK = 0.06; // how exactly a user draws a box
  private static final int MOST_REGIONS = 3;
  private static final double HIDDEN = 0.75; // below this visible fraction

  private final Talk talk;

  RegionTasks(Talk talk) {
    this.talk = talk;
  }

  void recognition() {
    List<Integer> things = talk.shuffledThings();
    for (int i : things.subList(0, Math.min(2, things.size()))) {
      String name = talk.scene().things().get(i).name();
      Map<String, String> values = talk.values(name);
      values.put("answer", name);
      values.put("region", Prompt.REGION);
      talk.say(Task.RECOGNITION, "", values, List.of(mark(i, SLACK)), name, 0);
    }
  }

  /** A short or a long description of one object, or a short one of each of several. */
  void caption() {
    List<Integer> things = talk.shuffledThings();
    if (things.isEmpty()) return;
    Task task =
        Draw.any(
            List.of(Task.REGION_CAPTION, Task.REGION_DETAIL, Task.REGION_CAPTIONS), talk.random());
    if (task == Task.REGION_CAPTIONS && things.size() > 1) {
      several(
          things.subList(0, 2 + talk.random().nextInt(Math.min(things.size(), MOST_REGIONS) - 1)));
      return;
    }
    int i = things.get(0);
    boolean brief = task != Task.REGION_DETAIL;
    talk.say(
        brief ? Task.REGION_CAPTION : Task.REGION_DETAIL,
        "",
        Map.of("region", Prompt.REGION, "caption", brief ? brief(i) : detailed(i)),
        List.of(mark(i, SLACK)),
        talk.scene().things().get(i).name(),
        0);
  }

  private void several(List<Integer> things) {
    String captions =
        IntStream.range(0, things.size())
            .mapToObj(k -> name(k) + " is " + brief(things.get(k)))
            .collect(Collectors.joining(", "));
    talk.say(
        Task.REGION_CAPTIONS,
        "",
        Map.of("regions", placeholders(things.size()), "captions", captions),
        regions(things, SLACK),
        things.stream()
            .map(i -> talk.scene().things().get(i).name())
            .collect(Collectors.joining(", ")),
        0);
  }

  /** One call for each region; the bare answer is the ids of the objects' annotations. */
  void interactive() {
    List<Integer> things = talk.shuffledThings();
    if (things.isEmpty()) return;
    int n = 1 + talk.random().nextInt(Math.min(MOST_REGIONS, things.size()));
    List<Integer> marked = things.subList(0, n);
    List<String> names = IntStream.range(0, n).mapToObj(RegionTasks::name).toList();
    talk.say(
        Task.INTERACTIVE,
        "",
        Map.of("regions", placeholders(n), Task.TOOLS, ToolTasks.calls(names, RoutingToken.DET)),
        regions(marked, 0),
        marked.stream()
            .map(i -> Long.toString(talk.scene().annotation(i)))
            .collect(Collectors.joining(", ")),
        0);
  }

  /** What answers call the k-th region. */
  private static String name(int k) {
    return "region " + (k + 1);
  }

  private static String placeholders(int n) {
    return String.join(", ", Collections.nCopies(n, Prompt.REGION));
  }

  private List<Region> regions(List<Integer> things, double slack) {
    List<Region> regions = new ArrayList<>();
    for (int i : things) regions.add(mark(i, slack));
    return regions;
  }

  private Region mark(int thing, double slack) {
    Scene scene = talk.scene();
    Mask mask = Mask.of(scene.width(), scene.height(), scene.mask(thing));
    return new Marks(mask, talk.random()).any(slack);
  }

  /** "a red car". */
  private String brief(int i) {
    Scene.Thing t = talk.scene().things().get(i);
    String name = t.colour() == null ? t.name() : t.colour().word() + " " + t.name();
    return talk.noun(name).withArticle();
  }

  /** "a red car at the top left of the picture, above the tree, partly hidden". */
  private String detailed(int i) {
    Scene scene = talk.scene();
    Scene.Thing t = scene.things().get(i);
    StringBuilder text = new StringBuilder(brief(i));
    Place place = Place.of(scene, t);
    if (place.clear()) text.append(' ').append(place.phrase()).append(" of the picture");
    for (String other : talk.single()) {
      Relation relation = Relation.main(scene, t, talk.thing(other)).orElse(null);
      if (relation == null) continue; // as to itself
      text.append(", ").append(relation.words()).append(" the ").append(other);
      break;
    }
    if (t.visibleFraction() < HIDDEN) text.append(", partly hidden");
    return text.toString();
  }
}
