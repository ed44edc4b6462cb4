package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.visionllm.geometry.Box;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerTextTest {
  private static List<String> labels(String answer) {
    return AnswerText.calls(answer).stream().map(AnswerText.Call::label).toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "red apple[DET], dog[DET].|red apple;dog",
        "There is a dog[DET] and a cat[DET].|dog;cat",
        "There are the dogs[DET], an owl [DET], and some mice[DET]|dogs;owl;mice",
        "Yes, I can see a hot dog[DET].|hot dog",
        "Sure. The picture shows: the traffic light[DET]|traffic light",
        "the man in the red shirt[GRD]|man in the red shirt",
        "theatre[DET] android[DET] orange[DET]|theatre;android;orange",
        "T-shirt[DET], no-entry sign[DET]|T-shirt;no-entry sign",
        "A Dog[DET]|Dog",
        "no cat|",
        "café au lait[DET]、寿司[DET]|café au lait;、寿司",
      })
  void namesTheWordsBeforeTheToken(String answer, String expected) {
    assertThat(labels(answer))
        .isEqualTo(expected == null ? List.of() : List.of(expected.split(";")));
  }

  @Test
  void linesAndSentencesEndALabel() {
    assertThat(labels("Two things stand here.\nOn the left\na dog[DET]\nand\n- the cat[DET]"))
        .containsExactly("dog", "cat");
    assertThat(labels("It is late. A dog[DET]. Nothing more; a cat[DET]"))
        .containsExactly("dog", "cat");
  }

  @Test
  void countsWhatTheDetectorFound() {
    Detection dog = new Detection("dog", 0.9, new Box(0, 0, 1, 1));
    Detection cat = new Detection("cat", 0.8, new Box(0, 0, 1, 1));
    Answer answer = new Answer("dog[DET], bird[DET], cat[DET], nose[POSE]", List.of(dog, cat, dog));
    assertThat(AnswerText.counts(answer))
        .containsExactly(entry("dog", 2), entry("bird", 0), entry("cat", 1));
    assertThat(AnswerText.counts(new Answer("Two dogs.", List.of(dog)))).isEmpty();
  }

  @Test
  void keepsTokensApart() {
    assertThat(AnswerText.calls("person[DET], nose[POSE], eye[POSE] [GEN]"))
        .containsExactly(
            new AnswerText.Call("[DET]", "person"),
            new AnswerText.Call("[POSE]", "nose"),
            new AnswerText.Call("[POSE]", "eye"),
            new AnswerText.Call("[GEN]", ""));
    assertThat(AnswerText.calls("")).isEmpty();
    assertThat(AnswerText.calls("[EMB] [det] [DETECT]")).isEmpty();
  }
}
