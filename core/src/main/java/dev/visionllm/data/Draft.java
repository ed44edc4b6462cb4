package dev.visionllm.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Tries to change one composition; what it does not allow gives null. */
final class Draft {
  private static final double FAR = 0.3; // least way of a move, of the picture's side
  private static final double STYLED = 6; // least mean change of a channel by a style, of 255
  private static final int NOTHING = -1; // in the place of an object's number

  private enum Direction {
    LEFT("to the left", -1, 0),
    RIGHT("to the right", 1, 0),
    UP("up", 0, -1),
    DOWN("down", 0, 1);

    private final String words;
    private final int dx;
    private final int dy;

    Direction(String words, int dx, int dy) {
      this.words = words;
      this.dx = dx;
      this.dy = dy;
    }
  }

  private final Scenes scenes;
  private final ClassList nouns;
  private final Phrases phrases;
  private final RandomGenerator random;
  private final Composition made;
  private final Scene scene;
  private final Map<String, String> values = new HashMap<>();
  private final ObjectNode change = JsonMapper.shared().createObjectNode();

  Draft(Scenes scenes, ClassList nouns, Phrases phrases, Composition made, RandomGenerator random) {
    this.scenes = scenes;
    this.nouns = nouns;
    this.phrases = phrases;
    this.random = random;
    this.made = made;
    this.scene = made.scene(0);
  }

  Edit of(EditKind kind) {
    change.put("kind", kind.word());
    int thing = lone();
    return switch (kind) {
      case ADD -> thing < 0 ? null : add(thing);
      case REMOVE -> thing < 0 ? null : remove(thing);
      case REPLACE -> thing < 0 ? null : replace(thing);
      case RECOLOUR -> thing < 0 ? null : recolour(thing);
      case MOVE -> thing < 0 ? null : move(thing);
      case BACKGROUND -> background();
      case STYLE -> style();
    };
  }

  /** One of the objects whose class is there once, so that its name says which is meant. */
  private int lone() {
    List<String> names = scene.things().stream().map(Scene.Thing::name).toList();
    int[] lone =
        IntStream.range(0, names.size())
            .filter(i -> names.indexOf(names.get(i)) == names.lastIndexOf(names.get(i)))
            .toArray();
    return lone.length == 0 ? NOTHING : lone[random.nextInt(lone.length)];
  }

  private Edit add(int thing) {
    about(thing);
    String place = place(scene.things().get(thing));
    values.put("place", place);
    change.put("place", place);
    return edit(
        EditKind.ADD,
        made.without(thing).scene(0),
        NOTHING,
        scene,
        thing,
        caption(thing, null),
        caption(NOTHING, null));
  }

  private Edit remove(int thing) {
    about(thing);
    return edit(
        EditKind.REMOVE,
        scene,
        thing,
        made.without(thing).scene(0),
        NOTHING,
        caption(NOTHING, null),
        caption(thing, null));
  }

  private Edit replace(int thing) {
    List<String> names = new ArrayList<>(scenes.names());
    scene.things().forEach(t -> names.remove(t.name()));
    if (names.isEmpty()) return null;
    String name = names.get(random.nextInt(names.size()));
    Layer old = made.layers().get(thing);
    double side = 0.9 * Math.max(old.width(), old.height());
    double turn = (random.nextDouble() - 0.5) * Math.PI / 6;
    Layer drawn =
        Layer.of(name, scenes.look(name, random), side, turn, random.nextBoolean(), random);
    int x = old.x() + (old.width() - drawn.width()) / 2;
    int y = old.y() + (old.height() - drawn.height()) / 2;
    Composition changed = made.with(thing, drawn.at(x, y));
    Scene after = changed.scene(0);
    if (hidden(after) || faint(changed, after, thing)) return null;
    about(thing);
    String other = nouns.noun(name).withArticle();
    values.put("other", other);
    change.put("with", name);
    box("with_box", after.things().get(thing));
    return edit(
        EditKind.REPLACE,
        scene,
        thing,
        after,
        thing,
        caption(NOTHING, null),
        caption(thing, other));
  }

  private Edit recolour(int thing) {
    Colour colour = scene.things().get(thing).colour();
    Tint from = Tint.of(colour);
    Tint to = Tint.values()[random.nextInt(Tint.values().length)];
    if (from == null || from == to) return null;
    Composition changed = made.with(thing, from.to(to, made.layers().get(thing)));
    Scene after = changed.scene(0);
    if (after.things().get(thing).colour() != to.colour() || faint(changed, after, thing)) {
      return null;
    }
    about(thing);
    String name = scene.things().get(thing).name();
    String was = colour.word() + " " + name;
    String now = to.colour().word() + " " + name;
    values.put("was", was);
    values.put("colour", to.colour().word());
    change.put("was", colour.word());
    change.put("colour", to.colour().word());
    return edit(
        EditKind.RECOLOUR,
        scene,
        thing,
        after,
        thing,
        caption(thing, nouns.noun(was).withArticle()),
        caption(thing, nouns.noun(now).withArticle()));
  }

  private Edit move(int thing) {
    Direction direction = Direction.values()[random.nextInt(Direction.values().length)];
    Layer layer = made.layers().get(thing);
    boolean across = direction.dx != 0;
    int side = across ? made.width() : made.height();
    int start = across ? layer.x() : layer.y();
    int end = start + (across ? layer.width() : layer.height());
    int room = direction.dx + direction.dy < 0 ? start : side - end;
    int least = (int) (FAR * side);
    if (room < least) return null;
    int way = random.nextInt(least, room + 1);
    Composition changed =
        made.with(thing, layer.at(layer.x() + way * direction.dx, layer.y() + way * direction.dy));
    Scene after = changed.scene(0);
    if (hidden(after) || faint(changed, after, thing)) return null;
    String from = along(across, scene.things().get(thing));
    String to = along(across, after.things().get(thing));
    if (from.equals(to)) return null;
    about(thing);
    values.put("direction", direction.words);
    change.put("direction", direction.words);
    box("to_box", after.things().get(thing));
    String a = values.get("a");
    return edit(
        EditKind.MOVE,
        scene,
        thing,
        after,
        thing,
        caption(thing, a + " " + from),
        caption(thing, a + " " + to));
  }

  private Edit background() {
    Ground ground = Ground.any(random);
    Composition changed = made.before(ground.draw(made.width(), made.height(), random));
    Scene after = changed.scene(0);
    if (mean(scene, after, NOTHING) < Scenes.CONTRAST) return null;
    for (int i = 0; i < made.layers().size(); i++) {
      if (faint(changed, after, i)) return null;
    }
    String words = nouns.noun(ground.words() + " background").withArticle();
    values.put("ground", words);
    values.put("colour", ground.colour().word());
    change.put("colour", ground.colour().word());
    change.put("pattern", ground.pattern().word());
    String caption = caption(NOTHING, null);
    return edit(
        EditKind.BACKGROUND, scene, NOTHING, after, NOTHING, caption, caption + " on " + words);
  }

  private Edit style() {
    Style style = Style.values()[random.nextInt(Style.values().length)];
    int[] rgb = style.of(scene.rgb(), made.width(), made.height());
    long sum = 0;
    for (int i = 0; i < rgb.length; i++) sum += Scenes.difference(rgb[i], scene.rgb()[i]);
    if (sum < 3 * STYLED * rgb.length) return null;
    change.put("style", style.word());
    boolean[] all = new boolean[rgb.length];
    Arrays.fill(all, true);
    String caption = caption(NOTHING, null);
    return new Edit(
        EditKind.STYLE,
        made.width(),
        made.height(),
        scene.rgb(),
        rgb,
        all,
        caption,
        instruction("style." + style.word()),
        caption + ", " + style.caption(),
        change);
  }

  /** The pair of two scenes; the change is where a thing of either is seen, or pixels differ. */
  private Edit edit(
      EditKind kind,
      Scene before,
      int thingBefore,
      Scene after,
      int thingAfter,
      String input,
      String output) {
    boolean[] mask = new boolean[before.rgb().length];
    for (int i = 0; i < mask.length; i++) {
      mask[i] =
          before.rgb()[i] != after.rgb()[i]
              || thingBefore >= 0 && before.owner()[i] == thingBefore
              || thingAfter >= 0 && after.owner()[i] == thingAfter
              || kind == EditKind.BACKGROUND && before.owner()[i] < 0;
    }
    return new Edit(
        kind,
        before.width(),
        before.height(),
        before.rgb(),
        after.rgb(),
        mask,
        input,
        instruction(kind.word()),
        output,
        change);
  }

  private String instruction(String key) {
    return Templates.fill(phrases.any(key, random).get(0), values);
  }

  private void about(int thing) {
    Scene.Thing t = scene.things().get(thing);
    values.put("class", t.name());
    values.put("a", nouns.noun(t.name()).withArticle());
    change.put("class", t.name());
    box("box", t);
  }

  private void box(String name, Scene.Thing t) {
    change.putArray(name).add(t.x0()).add(t.y0()).add(t.x1()).add(t.y1());
  }

  /** Lists all objects, but one in other words, or not at all where there are none. */
  private String caption(int thing, String words) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < scene.things().size(); i++) {
      if (i != thing) counts.merge(scene.things().get(i).name(), 1, Integer::sum);
    }
    if (words != null) parts.add(words);
    counts.forEach((name, n) -> parts.add(Phrases.amount(nouns.noun(name), n)));
    return parts.isEmpty() ? "an empty background" : Phrases.listed(parts);
  }

  /** Whether an object is covered or cut off too much. */
  private boolean hidden(Scene after) {
    return after.things().stream()
        .anyMatch(t -> t.visibleFraction() < scenes.settings().minVisible());
  }

  /** Whether an object hardly differs from what is behind it. */
  private static boolean faint(Composition changed, Scene after, int thing) {
    return mean(after, changed.without(thing).scene(0), thing) < Scenes.CONTRAST;
  }

  /** Mean difference of a channel where the first scene shows an object, or the background. */
  private static double mean(Scene one, Scene other, int thing) {
    long sum = 0;
    int n = 0;
    for (int i = 0; i < one.rgb().length; i++) {
      if (one.owner()[i] != thing) continue;
      sum += Scenes.difference(one.rgb()[i], other.rgb()[i]);
      n++;
    }
    return n == 0 ? 0 : sum / (3.0 * n);
  }

  private String place(Scene.Thing t) {
    String across = along(true, t);
    return across.equals("in the middle") ? along(false, t) : across;
  }

  private String along(boolean across, Scene.Thing t) {
    double third = across ? 3 * t.centreX() / scene.width() : 3 * t.centreY() / scene.height();
    if (third < 1) return across ? "on the left" : "at the top";
    if (third > 2) return across ? "on the right" : "at the bottom";
    return "in the middle";
  }
}
