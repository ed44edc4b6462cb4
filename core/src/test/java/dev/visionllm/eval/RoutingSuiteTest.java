package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.prompt.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoutingSuiteTest {
  private static final List<String> REPLIES =
      List.of(
          "dog[SEG], cat[SEG].",
          "dog[DET], top[POSE], end[POSE].",
          "Yes.",
          "It is red.",
          "the red dog[GRD].",
          "Here it is [GEN]");

  @TempDir Path dir;

  private record Saying(Function<Prompt, String> says) implements FakeSubject {
    @Override
    public String say(Prompt prompt) {
      return says.apply(prompt);
    }
  }

  private static String dialogue(int reply, String image, String task) {
    return """
    {"id": "%d", %s"task": "%s", "conversations": [{"from": "human", "value": "%squestion %d"},\
     {"from": "gpt", "value": "%s"}]}
    """
        .formatted(
            reply,
            image.isEmpty() ? "" : "\"image\": \"images/" + image + "\", ",
            task,
            image.isEmpty() ? "" : "<image>\\n",
            reply,
            REPLIES.get(reply));
  }

  @Test
  void callsAreScoredByTask() throws IOException {
    var world = TinyWorld.write(dir);
    world.file(
        "conversations.jsonl",
        dialogue(0, "a.png", "segmentation")
            + dialogue(1, "a.png", "pose")
            + dialogue(2, "a.png", "existence")
            + dialogue(3, "a.png", "colour")
            + dialogue(4, "b.png", "grounding")
            + dialogue(5, "", "generation"));
    Function<Prompt, String> knows =
        p -> REPLIES.get(Integer.parseInt(p.text().replaceAll("(?s).*question ", "")));
    var perfect = world.run(Suite.ROUTING, new Saying(knows));
    for (var task : List.of("segmentation", "pose", "grounding", "generation")) {
      assertThat(perfect)
          .containsEntry(task + ": routing success", 1.0)
          .containsEntry(task + ": answers", 1.0);
    }
    assertThat(perfect)
        .containsEntry("pure questions: none called", 1.0)
        .containsEntry("pure questions", 1.0) // of the two about a.png
        .containsEntry("all: routing success", 1.0);
    var silent = world.run(Suite.ROUTING, new Saying(p -> ""));
    assertThat(silent)
        .containsEntry("segmentation: routing success", 0.0)
        .containsEntry("generation: right tokens", 0.0)
        .containsEntry("pure questions: none called", 1.0)
        .containsEntry("all: routing success", .2);
    // the words before [GEN] name nothing, so they do not matter
    var painter = world.run(Suite.ROUTING, new Saying(p -> "Look, a dog [GEN]"));
    assertThat(painter)
        .containsEntry("generation: routing success", 1.0)
        .containsEntry("pose: right tokens", 0.0)
        .containsEntry("pure questions: none called", 0.0)
        .containsEntry("all: right tokens", .2);
    var boxes = world.run(Suite.ROUTING, new Saying(p -> knows.apply(p).replace("[SEG]", "[DET]")));
    assertThat(boxes)
        .containsEntry("segmentation: right tokens", 0.0)
        .containsEntry("segmentation: right set of classes", 1.0)
        .containsEntry("segmentation: routing success", 0.0)
        .containsEntry("pose: routing success", 1.0);
  }

  @Test
  void figuresNeedNoInstances() throws IOException {
    var world = TinyWorld.write(dir);
    Files.delete(dir.resolve("instances.json"));
    assertThatThrownBy(() -> Suite.ROUTING.open(world.open()))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("has no conversations.jsonl");
    world.file("conversations.jsonl", dialogue(1, "a.png", "pose"));
    assertThat(world.run(Suite.ROUTING, new Saying(p -> REPLIES.get(1))))
        .containsEntry("pose: routing success", 1.0)
        .containsEntry("pose: answers", 1.0);
  }
}
