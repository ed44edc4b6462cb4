package dev.visionllm.data;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.data.Dialogue.Turn;
import dev.visionllm.data.Expressions.Expression;
import dev.visionllm.data.Talk.One;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Questions and answers about a scene: true ones, and negatives about classes that it does not
 * show. Every answer to a question with a bare answer in words starts with it.
 */
final class Conversations {
  private static final double SEVERAL_TURNS = 0.4; // chance of a conversation of several turns
  private static final int SHORT = 5; // most classes that one of its turns asks for
  private static final int CAPTIONS = 3; // draws of a picture's captions

  private final Talk.World world;
  private final double extraYes;

  /**
   * @param names all classes that scenes may show
   * @param empty share of empty scenes, whose questions about existence are all answered "no";
   *     other scenes make up for it
   */
  Conversations(ClassList nouns, Templates templates, List<String> names, double empty) {
    this.world = Talk.World.of(nouns, templates, names);
    this.extraYes = empty < 1 ? Math.min(1, empty / (1 - empty)) : 0;
  }

  /**
   * Up to about twenty conversations of one turn, sometimes one of several turns.
   *
   * @param expressions the scene's referring expressions
   * @param id prefix of their ids
   * @param first number of the first
   * @param image path of the picture
   */
  List<Dialogue> about(
      Scene scene,
      List<Expression> expressions,
      String id,
      int first,
      String image,
      RandomGenerator random) {
    Talk talk = new Talk(world, scene, expressions, random);
    WordTasks words = new WordTasks(talk);
    ToolTasks tools = new ToolTasks(talk);
    RegionTasks regions = new RegionTasks(talk);
    words.caption();
    words.existence(extraYes);
    tools.counting();
    words.colour();
    words.position();
    words.relation();
    regions.recognition();
    tools.detection();
    tools.detectionFree();
    words.negative();
    tools.groundedCaption();
    tools.grounding();
    tools.segmentation();
    tools.saliency();
    regions.caption();
    regions.interactive();
    List<Dialogue> out = new ArrayList<>();
    for (One one : talk.said()) {
      out.add(
          new Dialogue(
              id + "-" + (first + out.size()),
              image,
              one.task().word(),
              turns(List.of(one)),
              one.regions(),
              one.answer()));
    }
    if (random.nextDouble() < SEVERAL_TURNS) {
      List<One> some =
          new ArrayList<>(talk.said().stream().filter(o -> o.names() <= SHORT).toList());
      Draw.shuffle(some, random);
      some = some.subList(0, Math.min(some.size(), 2 + random.nextInt(3)));
      List<Region> marked = some.stream().flatMap(o -> o.regions().stream()).toList();
      out.add(
          new Dialogue(
              id + "-" + (first + out.size()),
              image,
              Task.DIALOGUE.word(),
              turns(some),
              marked,
              null));
    }
    return out;
  }

  /** One to three different captions. */
  Set<String> captions(Scene scene, RandomGenerator random) {
    Map<String, String> values =
        Map.of("objects", new Talk(world, scene, List.of(), random).objects(""));
    String kind = scene.things().isEmpty() ? "empty" : "";
    Set<String> captions = new LinkedHashSet<>();
    for (int i = 0; i < CAPTIONS; i++)
      captions.add(world.templates().pick(Task.CAPTION, kind, values, random).answer());
    return captions;
  }

  private static List<Turn> turns(List<One> ones) {
    List<Turn> turns = new ArrayList<>();
    for (One one : ones) {
      turns.add(
          new Turn(Role.HUMAN, turns.isEmpty() ? "<image>\n" + one.question() : one.question()));
      turns.add(new Turn(Role.ASSISTANT, one.reply()));
    }
    return turns;
  }
}
