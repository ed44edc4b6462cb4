package dev.visionllm.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** Every conversation template of the reference, laid out for inference and for training. */
class ConversationGoldenTest {
  @TestFactory
  Stream<DynamicTest> matchesReference() {
    return Golden.tests(Golden.Kind.PREPROCESSING, ConversationGoldenTest::check);
  }

  private static void check(Golden golden) {
    List<Conversation.Turn> turns = new ArrayList<>();
    String question = null;
    for (JsonNode t : golden.meta().get("turns")) {
      question = t.get(0).asString();
      if (!t.get(1).isNull()) turns.add(new Conversation.Turn(question, t.get(1).asString()));
    }
    int checks = 0;
    for (Map.Entry<String, JsonNode> e : golden.meta().get("conversations").properties()) {
      String name = e.getKey();
      JsonNode expected = e.getValue();
      Conversation c = Conversation.named(name);
      if (expected.has("error")) continue; // the reference cannot lay this one out with two turns
      assertThat(c.prompt(turns, question).text())
          .as(name)
          .isEqualTo(expected.get("inference_last_answer_none").asString());
      assertThat(c.system()).isEqualTo(expected.get("system").asString());
      assertThat(List.of(c.user(), c.assistant()))
          .isEqualTo(expected.get("roles").values().stream().map(JsonNode::asString).toList());
      assertThat(c.separator()).isEqualTo(expected.get("sep").asString());
      assertThat(c.separator2()).isEqualTo(expected.path("sep2").asString(""));
      assertThat(c.style().name()).isEqualTo(expected.get("sep_style").asString());
      JsonNode stop = expected.get("stop_str");
      assertThat(c.stop()).isEqualTo(stop.isNull() ? List.of() : List.of(stop.asString()));
      JsonNode stopIds = expected.get("stop_token_ids");
      assertThat(c.stopIds())
          .isEqualTo(
              stopIds.isNull()
                  ? List.of()
                  : stopIds.values().stream().map(JsonNode::asInt).toList());
      checkTraining(c, turns, question, expected.get("training_full").asString());
      checks++;
    }
    System.out.printf("%-32s %d conversation templates equal, 0 differ%n", golden.name(), checks);
    assertThat(checks).isPositive();
  }

  /** The last answer stands in the expected text only: it is what our layout needs to agree. */
  private static void checkTraining(
      Conversation c, List<Conversation.Turn> turns, String question, String expected) {
    String before = c.prompt(turns, question).text();
    String end =
        switch (c.style()) {
          case SINGLE, MPT, PLAIN -> c.separator();
          case TWO -> c.separator2();
          case LLAMA_2 -> " " + c.separator2();
        };
    assertThat(expected).as(c.name()).startsWith(before).endsWith(end);
    String answer = expected.substring(before.length(), expected.length() - end.length());
    List<Conversation.Turn> all = new ArrayList<>(turns);
    all.add(new Conversation.Turn(question, answer.startsWith(" ") ? answer.substring(1) : answer));
    Conversation.Text text = c.full(all);
    assertThat(text.text()).as(c.name()).isEqualTo(expected);
    assertThat(text.answers()).hasSize(all.size());
    for (int i = 0; i < all.size(); i++) {
      Conversation.Span s = text.answers().get(i);
      assertThat(text.text().substring(s.start(), s.end()).strip())
          .startsWith(all.get(i).answer())
          .endsWith(end.strip());
    }
  }
}
