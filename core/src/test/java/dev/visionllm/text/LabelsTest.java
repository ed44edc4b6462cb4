package dev.visionllm.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LabelsTest {
  private static final List<Conversation.Turn> TURNS =
      List.of(
          new Conversation.Turn("<image>\nWhere is the dog?", "Here: dog[DET][EMB]."),
          new Conversation.Turn("And the cat?", ""),
          new Conversation.Turn("Sure?", "Yes."));

  private static Tokenizer tokenizer(boolean legacy) throws IOException {
    Path file = Path.of("src/test/resources/goldens/tokenizer/tokenizer.model");
    SentencePieceModel m = SentencePieceModel.parse(Files.readAllBytes(file), "model");
    return Tokenizer.of(BytePairs.of(m, Map.of(), legacy, "model"), "model")
        .extended(SpecialTokens.DEFAULT_TOKENS);
  }

  @Test
  void everyTemplateSupervisesExactlyTheAnswers() throws IOException {
    for (String name : Conversation.names()) {
      for (boolean legacy : new boolean[] {true, false}) {
        Tokenizer t = tokenizer(legacy);
        Conversation.Text text = Conversation.named(name).full(TURNS);
        Labels.Example e = Labels.of(t, text);
        int[] said = Arrays.stream(e.labels()).filter(i -> i != Labels.IGNORE).toArray();
        StringBuilder words = new StringBuilder();
        for (Conversation.Span s : text.answers()) {
          words.append(text.text(), s.start(), s.end());
        }
        assertThat(t.decode(said).strip().replace(" ", ""))
            .as(name)
            .isEqualTo(words.toString().strip().replace(" ", ""));
        for (int i = 0; i < said.length; i++) assertThat(said[i]).isNotNegative();
      }
    }
  }

  @Test
  void aBorderInsideATokenIsAnError() throws IOException {
    Conversation.Text text =
        new Conversation.Text("the image", List.of(new Conversation.Span(1, 9)), false);
    Tokenizer t = tokenizer(false);
    assertThatThrownBy(() -> Labels.of(t, text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("reaches across the border of an answer at char 1");
  }

  @Test
  void anUnknownTemplateIsNamed() {
    assertThatThrownBy(() -> Conversation.named("v9"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'v9' is unknown");
  }

  @Test
  void promptsEndWhereTheAssistantSpeaks() {
    assertThat(Conversation.named("v1").prompt(List.of(), "hi").text())
        .endsWith("USER: hi ASSISTANT:");
    assertThat(Conversation.named("v1").stopStrings()).containsExactly("</s>");
    assertThat(Conversation.named("internlm2_chat").stopStrings())
        .containsExactly("<|im_end|>", "<|endoftext|>");
  }
}
