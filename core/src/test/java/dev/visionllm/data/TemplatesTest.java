package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplatesTest {
  @TempDir Path temp;

  @Test
  void builtInTemplatesCoverThePapersCounts() {
    Templates templates = Templates.builtIn();
    assertThat(templates.questions(Task.CAPTION))
        .isGreaterThanOrEqualTo(20); // brief captions, table A14
    assertThat(templates.questions(Task.RECOGNITION)).isGreaterThanOrEqualTo(10); // table A16
    assertThat(templates.questions(Task.DETECTION)).isEqualTo(30); // table A17
    for (Task t : Task.values()) {
      if (t != Task.DIALOGUE)
        assertThat(templates.questions(t)).as(t.word()).isGreaterThanOrEqualTo(7);
    }
  }

  @Test
  void everyQuestionIsUsedAndFilledIn() {
    Templates templates = Templates.builtIn();
    SplittableRandom random = new SplittableRandom(1);
    for (Task task : Task.values()) {
      if (task == Task.DIALOGUE) continue;
      Map<String, String> values = new HashMap<>();
      task.placeholders().forEach(p -> values.put(p, "<" + p + ">"));
      Set<String> questions = new HashSet<>();
      for (int i = 0; i < 2000; i++) {
        for (String kind : task.cases()) {
          Templates.Wording w = templates.pick(task, kind, values, random);
          questions.add(w.question());
          assertThat(w.question() + w.answer()).doesNotContain("{").doesNotContain("}");
          assertThat(w.answer()).isNotBlank();
        }
      }
      assertThat(questions).hasSize(templates.questions(task));
    }
  }

  @Test
  void aFolderReplacesWhatItHolds() throws Exception {
    Files.writeString(temp.resolve("counting.txt"), "# mine\n? {plural}: how many\n= {answer}\n");
    Templates templates = Templates.load(temp);
    assertThat(templates.questions(Task.COUNTING)).isEqualTo(1);
    assertThat(templates.questions(Task.DETECTION)).isEqualTo(30);
    var wording =
        templates.pick(
            Task.COUNTING, "", Map.of("plural", "dogs$1", "answer", "3"), new SplittableRandom(1));
    assertThat(wording).isEqualTo(new Templates.Wording("dogs$1: how many", "3"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "? How many {dogs}?;= {answer}| unknown placeholder {dogs}",
        "? How many {plural}?| lacks an answer",
        "= {answer}| no question",
        "? How many {plural}?;=maybe {answer}| kind of answer 'maybe'",
        "How many?| starts with neither",
        "?;= 1| is empty",
        "# nothing| hold no templates",
      })
  void damagedTemplatesAreNamed(String text, String message) throws Exception {
    Files.writeString(temp.resolve("counting.txt"), text.replace(';', '\n'));
    assertThatThrownBy(() -> Templates.load(temp))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("counting.txt")
        .hasMessageContaining(message);
  }

  @Test
  void aFolderWithoutTemplatesIsRefused() {
    assertThatThrownBy(() -> Templates.load(temp)).hasMessageContaining("holds no template file");
    assertThatThrownBy(() -> Templates.load(temp.resolve("none")))
        .hasMessageContaining("does not exist");
  }
}
