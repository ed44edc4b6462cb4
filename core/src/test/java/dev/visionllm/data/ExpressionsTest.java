package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.data.Expressions.Expression;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads expressions as a person would, with no margins, and looks for what they describe. */
class ExpressionsTest {
  private static final Scenes.Settings FEW = Scenes.Settings.DEFAULT.sized(128, 96);
  private static final Scenes.Settings CROWD = FEW.crowded(6, 14);

  @TempDir Path temp;

  /** One kind of phrase and how to find what it means. */
  private enum Kind {
    ORDER("the (second|third|fourth) (.+) from the (left|right|top|bottom)"),
    FIRST("the (left|right|top|bottom)most (.+)"),
    SIZE("the (largest|smallest) (.+)"),
    RELATION("the (.+) (to the left of|to the right of|above|below) the (.+)"),
    PLACE("the (.+) (?:at|in) the ((?:top|bottom|left|right|middle| )+)"),
    COLOUR("the (red|orange|yellow|green|blue|purple|pink|brown|black|gray|white) (.+)"),
    PLAIN("the (.+)");

    private final Pattern pattern;

    Kind(String pattern) {
      this.pattern = Pattern.compile(pattern);
    }
  }

  private record Reader(Scene scene) {
    Kind kind(String text) {
      for (Kind k : Kind.values()) if (k.pattern.matcher(text).matches()) return k;
      throw new AssertionError("nobody can read: " + text);
    }

    /** All objects that the text may mean. */
    List<Scene.Thing> meant(String text) {
      Kind kind = kind(text);
      Matcher m = kind.pattern.matcher(text);
      assertThat(m.matches()).isTrue();
      return switch (kind) {
        case ORDER ->
            List.of(
                from(m.group(3), named(m.group(2)))
                    .get(List.of("first", "second", "third", "fourth").indexOf(m.group(1))));
        case FIRST -> List.of(from(m.group(1), named(m.group(2))).get(0));
        case SIZE -> extreme(named(m.group(2)), m.group(1).equals("largest"));
        case RELATION -> {
          List<Scene.Thing> anchors = named(m.group(3));
          assertThat(anchors).as(text).hasSize(1);
          yield filter(named(m.group(1)), t -> lies(t, m.group(2), anchors.get(0)));
        }
        case PLACE -> filter(named(m.group(1)), t -> isAt(t, m.group(2)));
        case COLOUR ->
            filter(
                named(m.group(2)), t -> t.colour() == null || t.colour().word().equals(m.group(1)));
        case PLAIN -> named(m.group(1));
      };
    }

    private List<Scene.Thing> named(String noun) {
      return filter(scene.things(), t -> noun.equals("object") || t.name().equals(noun));
    }

    private static List<Scene.Thing> filter(
        List<Scene.Thing> things, Predicate<Scene.Thing> holds) {
      return things.stream().filter(holds).toList();
    }

    private static List<Scene.Thing> from(String side, List<Scene.Thing> things) {
      assertThat(things).hasSizeGreaterThan(1);
      Comparator<Scene.Thing> order =
          side.equals("left") || side.equals("right")
              ? Comparator.comparingDouble(Scene.Thing::centreX)
              : Comparator.comparingDouble(Scene.Thing::centreY);
      boolean back = side.equals("right") || side.equals("bottom");
      List<Scene.Thing> sorted = new ArrayList<>(things);
      sorted.sort(back ? order.reversed() : order);
      return sorted;
    }

    private static List<Scene.Thing> extreme(List<Scene.Thing> things, boolean largest) {
      assertThat(things).hasSizeGreaterThan(1);
      var areas = things.stream().mapToInt(Scene.Thing::area);
      int area = (largest ? areas.max() : areas.min()).orElseThrow();
      return filter(things, t -> t.area() == area);
    }

    private static boolean lies(Scene.Thing a, String relation, Scene.Thing b) {
      return switch (relation) {
        case "to the left of" -> a.centreX() < b.centreX();
        case "to the right of" -> a.centreX() > b.centreX();
        case "above" -> a.centreY() < b.centreY();
        default -> a.centreY() > b.centreY();
      };
    }

    private boolean isAt(Scene.Thing t, String place) {
      double x = 3 * t.centreX() / scene.width();
      double y = 3 * t.centreY() / scene.height();
      if (place.equals("middle")) return x > 1 && x < 2 && y > 1 && y < 2;
      return (!place.contains("left") || x < 1)
          && (!place.contains("right") || x > 2)
          && (!place.contains("top") || y < 1)
          && (!place.contains("bottom") || y > 2);
    }
  }

  @Test
  void everyExpressionDescribesItsObjectAndNoOther() throws Exception {
    Map<Kind, Integer> kinds = new TreeMap<>();
    int objects = 0;
    int described = 0;
    for (Scenes.Settings settings : List.of(FEW, CROWD)) {
      Scenes scenes = Shapes.scenes(temp, settings, 5);
      for (int i = 0; i < 400; i++) {
        Scene scene = scenes.scene(i);
        Reader reader = new Reader(scene);
        objects += scene.things().size();
        Set<Integer> of = new HashSet<>();
        for (Expression e : Expressions.of(scene, scenes.random(i, 1))) {
          assertThat(reader.meant(e.text()))
              .as("scene " + i + ": " + e.text())
              .containsExactly(scene.things().get(e.thing()));
          kinds.merge(reader.kind(e.text()), 1, Integer::sum);
          of.add(e.thing());
        }
        described += of.size();
      }
    }
    System.out.println("expressions by kind " + kinds + " for " + described + " of " + objects);
    assertThat(kinds.keySet()).containsExactlyInAnyOrder(Kind.values());
    assertThat(kinds.values()).allMatch(n -> n > 60);
    assertThat(described).isGreaterThan(objects / 2);
  }

  @Test
  void whatPeopleMayDisagreeOnIsLeftOut() {
    Scene.Thing left = thing("dog", 10, 40, Colour.RED);
    Scene twins = scene(left, thing("dog", 12, 40, Colour.RED));
    assertThat(Expressions.of(twins, new java.util.SplittableRandom(1))).isEmpty();
    Scene unknown = scene(left, thing("dog", 60, 40, null));
    assertThat(Expressions.of(unknown, new java.util.SplittableRandom(1)))
        .extracting(Expression::text)
        .containsAnyOf("the leftmost dog", "the rightmost dog")
        .doesNotContain("the red dog", "the red object", "the dog");
  }

  private static Scene scene(Scene.Thing... things) {
    return new Scene(0, 100, 100, new int[0], List.of(things), new int[0]);
  }

  private static Scene.Thing thing(String name, int x, int y, Colour colour) {
    return new Scene.Thing(name, 400, 1, x, y, x + 20, y + 20, colour);
  }
}
