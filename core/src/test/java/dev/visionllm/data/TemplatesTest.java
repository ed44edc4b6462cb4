package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TemplatesTest {
  @TempDir Path temp;

  /** The paper's tables A13 to A23; tasks that it has no table for have at least seven. */
  private static final Map<Task, Integer> LEAST =
      Map.ofEntries(
          Map.entry(Task.REGION_DETAIL, 10),
          Map.entry(Task.REGION_CAPTION, 20),
          Map.entry(Task.REGION_CAPTIONS, 30),
          Map.entry(Task.RECOGNITION, 10),
          Map.entry(Task.DETECTION, 30),
          Map.entry(Task.GROUNDING, 30),
          Map.entry(Task.SEGMENTATION, 30),
          Map.entry(Task.POSE, 10),
          Map.entry(Task.GROUNDED_CAPTION, 10),
          Map.entry(Task.INTERACTIVE, 10),
          Map.entry(Task.GENERATION, 20),
          Map.entry(Task.EDITING, 20),
          Map.entry(Task.COUNTING, 20));

  @ParameterizedTest
  @EnumSource(value = Task.class, names = "DIALOGUE", mode = EnumSource.Mode.EXCLUDE)
  void builtInTemplatesCoverThePapersCounts(Task task) {
    assertThat(Templates.builtIn().questions(task))
        .isGreaterThanOrEqualTo(LEAST.getOrDefault(task, 7));
  }

  @ParameterizedTest
  @EnumSource(value = Task.class, names = "DIALOGUE", mode = EnumSource.Mode.EXCLUDE)
  void noQuestionIsThereTwice(Task task) throws Exception {
    List<String> questions = lines(task, "?");
    assertThat(questions).hasSize(Templates.builtIn().questions(task));
    assertThat(questions.stream().map(q -> q.toLowerCase(Locale.ROOT).replaceAll("[^a-z{}]+", " ")))
        .doesNotHaveDuplicates();
  }

  @Test
  void countingAnswersLeaveTheNumberToTheBoxes() throws Exception {
    String numbers =
        "zero|none|no|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|single|pair"
            + "|dozen|several|many|few|both";
    assertThat(lines(Task.COUNTING, "="))
        .startsWith("{tools}")
        .allMatch(a -> !a.matches(".*[0-9].*"))
        .allMatch(a -> !a.toLowerCase(Locale.ROOT).matches(".*\\b(" + numbers + ")\\b.*"));
  }

  private static List<String> lines(Task task, String mark) throws Exception {
    String name = "templates/" + task.word() + ".txt";
    try (InputStream in = Templates.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(l -> l.startsWith(mark))
          .map(l -> l.substring(1).strip())
          .toList();
    }
  }

  @Test
  void everyQuestionIsUsedAndFilledIn() {
    Templates templates = Templates.builtIn();
    SplittableRandom random = new SplittableRandom(1);
    for (Task task : Task.values()) {
      if (task == Task.DIALOGUE) continue;
      Map<String, String> values = new HashMap<>();
      task.answers().forEach(p -> values.put(p, "<" + p + ">"));
      task.asks().forEach(a -> a.names().forEach(p -> values.put(p, "<" + p + ">")));
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
    Files.writeString(temp.resolve("counting.txt"), "# mine\n? {plural}: how many\n= {tools}\n");
    Templates templates = Templates.load(temp);
    assertThat(templates.questions(Task.COUNTING)).isEqualTo(1);
    assertThat(templates.questions(Task.DETECTION)).isGreaterThan(1);
    var wording =
        templates.pick(
            Task.COUNTING,
            "",
            Map.of("plural", "dogs$1", "tools", "dog[DET]"),
            new SplittableRandom(1));
    assertThat(wording).isEqualTo(new Templates.Wording("dogs$1: how many", "dog[DET]"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "? How many {dogs}?;= {tools}| unknown placeholder {dogs}",
        "? How many {plural}?;= {answer}| unknown placeholder {answer}",
        "? How many?;= {tools}| holds exactly one {plural}, not 0",
        "? How many {plural}, {plural}?;= {tools}| holds exactly one {plural}, not 2",
        "? How many {plural}?;= three| holds {tools} exactly once",
        "? How many {plural}?| lacks an answer",
        "= {tools}| no question",
        "? How many {plural}?;=maybe {tools}| kind of answer 'maybe'",
        "How many?| starts with neither",
        "?;= {tools}| is empty",
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
