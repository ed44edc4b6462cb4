package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.prompt.Prompt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InContextSuiteTest {
  @TempDir Path dir;

  private record Saying(Function<Prompt, String> says) implements FakeSubject {
    @Override
    public String say(Prompt prompt) {
      assertThat(prompt.images()).containsExactly(TinyWorld.a(), TinyWorld.b());
      return says.apply(prompt);
    }
  }

  private static String dialogue(int id, String question, String answer) {
    return """
    {"id": "%d", "image": ["images/a.png", "images/b.png"], "answer": "%s", "conversations": \
    [{"from": "human", "value": "<image> and <image> %s"}, {"from": "gpt", "value": "%s."}]}
    """
        .formatted(id, answer, question, answer);
  }

  @Test
  void answersAreScored() throws IOException {
    var world = TinyWorld.write(dir);
    world.file(
        "mmic.jsonl",
        dialogue(1, "one: dog or cat?", "dog")
            + dialogue(2, "two: dogs or cats?", "dog")
            + dialogue(3, "three?", "cat")
            + dialogue(4, "four: dog, cat or bus?", "bus"));
    var perfect =
        world.run(
            Suite.IN_CONTEXT,
            new Saying(
                p ->
                    p.text().contains("three")
                        ? "It is a cat."
                        : p.text().contains("four") ? "Bus" : "a dog"));
    assertThat(perfect)
        .containsEntry("accuracy", 1.0)
        .containsEntry("mean accuracy of classes", 1.0)
        .containsEntry("chance", 1 / 3.0)
        .containsEntry("classes", 3.0)
        .containsEntry("dialogues", 4.0);
    assertThat(perfect.get("chance among the classes that the dialogue names"))
        .isCloseTo((1 / 2.0 + 1 / 2.0 + 1 / 3.0 + 1 / 3.0) / 4, within(1e-12));
    assertThat(world.run(Suite.IN_CONTEXT, new Saying(p -> ""))).containsEntry("accuracy", 0.0);
    assertThat(world.run(Suite.IN_CONTEXT, new Saying(p -> "dog")))
        .containsEntry("accuracy", .5)
        .containsEntry("mean accuracy of classes", 1 / 3.0);
  }

  /** Lists in any order and with other words; chance is among the answers to the same task. */
  @Test
  void listsAreScoredByTheirWords() throws IOException {
    var world = TinyWorld.write(dir);
    String task = "\"task\": \"%s\", \"answer\"";
    world.file(
        "mmic.jsonl",
        dialogue(1, "caption", "dog, cat").replace("\"answer\"", task.formatted("examples"))
            + dialogue(2, "caption", "dog").replace("\"answer\"", task.formatted("examples"))
            + dialogue(3, "caption", "bus").replace("\"answer\"", task.formatted("masks")));
    var scores = world.run(Suite.IN_CONTEXT, new Saying(p -> "A picture of two cats and a dog."));
    assertThat(scores).containsEntry("accuracy", 1 / 3.0).containsEntry("classes", 3.0);
    assertThat(scores.get("chance")).isCloseTo((1 / 2.0 + 1 / 2.0 + 1) / 3, within(1e-12));
    assertThat(world.run(Suite.IN_CONTEXT, new Saying(p -> "a dog, a cat and a bus")))
        .containsEntry("accuracy", 0.0);
  }

  @Test
  void badDataIsNamed() throws IOException {
    var world = TinyWorld.write(dir);
    assertThatThrownBy(() -> Suite.IN_CONTEXT.open(world.open()))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("has no mmic.jsonl");
    world.file("mmic.jsonl", dialogue(7, "?", "dog").replace("\"answer\"", "\"other\""));
    assertThatThrownBy(() -> Suite.IN_CONTEXT.open(world.open()))
        .hasMessageContaining("mmic.jsonl: dialogue 7 must be one question with an \"answer\"");
  }
}
