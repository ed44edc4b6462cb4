package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.vlm.AnswerText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConversationsTest {
  private static final int PICTURES = 400;

  @TempDir static Path temp;
  private static SceneWriter.Summary summary;
  private static List<Dialogue> dialogues;
  private static Map<String, List<String>> shown; // class names of the objects, by picture
  private static Map<String, List<CocoDataset.Annotation>> objects;
  private static Map<Long, String> names;

  @BeforeAll
  static void write() throws Exception {
    Scenes scenes = Shapes.scenes(temp, Scenes.Settings.DEFAULT.sized(96, 96), 11);
    Path out = temp.resolve("out");
    summary =
        new SceneWriter(scenes, ClassList.nano(), Templates.builtIn())
            .write(out, PICTURES, 2, n -> {});
    dialogues = LlavaDataset.read(out.resolve("conversations.jsonl"));
    CocoDataset data = CocoDataset.read(out.resolve("instances.json"));
    names = data.names();
    shown = new HashMap<>();
    objects = new HashMap<>();
    for (CocoDataset.Picture p : data.pictures()) {
      List<CocoDataset.Annotation> here = data.byPicture().get(p.id());
      objects.put(p.file(), here);
      shown.put(p.file(), here.stream().map(a -> names.get(a.categoryId())).toList());
    }
  }

  private static List<Dialogue> of(Task task) {
    return dialogues.stream().filter(d -> d.task().equals(task.word())).toList();
  }

  private static String question(Dialogue d) {
    return d.turns().get(0).text().substring("<image>\n".length());
  }

  private static String reply(Dialogue d) {
    return d.turns().get(1).text();
  }

  private static List<String> words(String text) {
    return Arrays.asList(text.toLowerCase(Locale.ROOT).split("[^a-z0-9]+"));
  }

  /** The class that a question names by its singular or plural. */
  private static String asked(String question) {
    String padded = " " + String.join(" ", words(question)) + " ";
    for (String name : names.values()) {
      ClassList.Noun noun = ClassList.nano().noun(name);
      if (padded.contains(" " + noun.name() + " ") || padded.contains(" " + noun.plural() + " "))
        return name;
    }
    throw new AssertionError("no class in: " + question);
  }

  @Test
  void everyTaskHasItsShare() {
    assertThat(summary.dialogues().values().stream().mapToInt(Integer::intValue).sum())
        .isEqualTo(dialogues.size());
    assertThat(dialogues.size() / (double) PICTURES).isBetween(14.0, 20.0);
    Set<Task> elsewhere = EnumSet.of(Task.POSE, Task.GENERATION, Task.EDITING);
    assertThat(summary.dialogues().keySet())
        .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.copyOf(elsewhere)));
    Map<Task, Integer> counts = new EnumMap<>(summary.dialogues());
    assertThat(counts)
        .containsEntry(Task.CAPTION, PICTURES)
        .containsEntry(Task.GROUNDED_CAPTION, PICTURES)
        .containsEntry(Task.DETECTION_FREE, PICTURES);
    assertThat(counts.get(Task.DETECTION)).isEqualTo(2 * PICTURES);
    assertThat(counts.values()).allMatch(n -> n > PICTURES / 8);
  }

  @Test
  void existenceIsTrueAndBalanced() {
    int yes = 0;
    for (Dialogue d : of(Task.EXISTENCE)) {
      boolean there = shown.get(d.image()).contains(asked(question(d)));
      assertThat(d.answer()).isEqualTo(there ? "yes" : "no");
      if (there) yes++;
    }
    assertThat(yes / (double) of(Task.EXISTENCE).size()).isCloseTo(0.5, within(0.05));
  }

  @Test
  void countsAreRight() {
    Set<String> answers = new HashSet<>();
    for (Dialogue d : of(Task.COUNTING)) {
      String name = asked(question(d));
      long n = shown.get(d.image()).stream().filter(name::equals).count();
      assertThat(d.answer()).isEqualTo(Long.toString(n));
      assertThat(reply(d)).contains(name + "[DET]").doesNotContainPattern("[0-9]");
      assertThat(AnswerText.calls(reply(d))).containsExactly(new AnswerText.Call("[DET]", name));
      answers.add(d.answer());
    }
    assertThat(answers).contains("0", "1", "2", "3", "4");
  }

  @Test
  void captionsNameAllAndNothingElse() {
    for (Dialogue d : of(Task.CAPTION)) {
      Set<String> there = new HashSet<>(shown.get(d.image()));
      String padded = " " + String.join(" ", words(reply(d))) + " ";
      for (String name : names.values()) {
        ClassList.Noun noun = ClassList.nano().noun(name);
        boolean said =
            padded.contains(" " + noun.name() + " ") || padded.contains(" " + noun.plural() + " ");
        assertThat(said).as(name + " in: " + reply(d)).isEqualTo(there.contains(name));
      }
      assertThat(d.answer().isEmpty()).isEqualTo(there.isEmpty());
      if (there.isEmpty()) assertThat(reply(d)).containsIgnoringCase("nothing");
    }
  }

  @Test
  void detectionAnswersNameEveryAskedClass() {
    int most = 0;
    boolean absent = false;
    for (Dialogue d : of(Task.DETECTION)) {
      List<String> classes = List.of(d.answer().split(", "));
      assertThat(AnswerText.calls(reply(d)))
          .isEqualTo(classes.stream().map(c -> new AnswerText.Call("[DET]", c)).toList());
      assertThat(classes)
          .doesNotHaveDuplicates()
          .hasSizeBetween(1, 20)
          .allMatch(names::containsValue);
      for (String c : classes) assertThat(question(d)).contains(c);
      most = Math.max(most, classes.size());
      absent |= !shown.get(d.image()).containsAll(classes);
    }
    assertThat(most).isEqualTo(9); // all there are
    assertThat(absent).isTrue();
  }

  @Test
  void freeDetectionNamesWhatIsThere() {
    for (Dialogue d : of(Task.DETECTION_FREE)) {
      Set<String> there = new HashSet<>(shown.get(d.image()));
      if (there.isEmpty()) {
        assertThat(reply(d)).doesNotContain("[DET]");
      } else {
        assertThat(List.of(reply(d).replace("[DET]", "").split(", ")))
            .containsExactlyInAnyOrderElementsOf(there);
      }
    }
  }

  @Test
  void negativesAskForWhatIsAbsent() {
    for (Dialogue d : of(Task.NEGATIVE)) {
      assertThat(shown.get(d.image())).doesNotContain(asked(question(d)));
      assertThat(d.answer()).isEqualTo("none");
    }
  }

  @Test
  void coloursAreThoseOfTheAnnotations() {
    for (Dialogue d : of(Task.COLOUR)) {
      String name = asked(question(d));
      List<CocoDataset.Annotation> those =
          objects.get(d.image()).stream()
              .filter(a -> names.get(a.categoryId()).equals(name))
              .toList();
      assertThat(those)
          .singleElement()
          .extracting(CocoDataset.Annotation::colour)
          .isEqualTo(d.answer());
    }
  }

  @Test
  void positionsAndRelationsFollowTheBoxes() {
    for (Dialogue d : of(Task.POSITION)) {
      var box =
          objects.get(d.image()).stream()
              .filter(a -> names.get(a.categoryId()).equals(asked(question(d))))
              .findFirst()
              .orElseThrow()
              .box();
      assertThat(d.answer().contains("left")).isEqualTo(box.centerX() < 32);
      assertThat(d.answer().contains("right")).isEqualTo(box.centerX() > 64);
      assertThat(d.answer().contains("top")).isEqualTo(box.centerY() < 32);
      assertThat(d.answer().contains("bottom")).isEqualTo(box.centerY() > 64);
    }
    assertThat(of(Task.RELATION)).extracting(Dialogue::answer).contains("yes", "no");
  }

  @Test
  void regionsOfAllKindsLieOnTheirObject() {
    Set<Class<?>> kinds = new HashSet<>();
    for (Dialogue d : of(Task.RECOGNITION)) {
      Region region = d.regions().get(0);
      kinds.add(region.getClass());
      List<CocoDataset.Annotation> those =
          objects.get(d.image()).stream()
              .filter(a -> names.get(a.categoryId()).equals(d.answer()))
              .toList();
      if (region instanceof Region.Point p) {
        assertThat(those)
            .anyMatch(a -> a.segmentation().toRle(96, 96).toMask().get((int) p.x(), (int) p.y()));
      } else if (region instanceof Region.Mask m) {
        assertThat(those).anyMatch(a -> a.segmentation().toRle(96, 96).equals(m.rle()));
      } else if (region instanceof Region.Scribble s) {
        for (Region.Point p : s.points()) {
          assertThat(those)
              .anyMatch(a -> a.segmentation().toRle(96, 96).toMask().get((int) p.x(), (int) p.y()));
        }
      } else if (region instanceof Region.Box b) {
        var box = new dev.visionllm.geometry.Box(b.x0(), b.y0(), b.x1(), b.y1());
        assertThat(those).anyMatch(a -> a.box().iou(box) > 0.6);
      }
    }
    assertThat(kinds).hasSize(4);
  }

  @Test
  void bareAnswersStartTheReply() {
    Set<Task> bare =
        EnumSet.of(
            Task.EXISTENCE,
            Task.COLOUR,
            Task.POSITION,
            Task.RELATION,
            Task.RECOGNITION,
            Task.NEGATIVE);
    for (Dialogue d : dialogues) {
      if (bare.contains(Task.valueOf(d.task().toUpperCase(Locale.ROOT)))) {
        assertThat(reply(d).toLowerCase(Locale.ROOT)).startsWith(d.answer());
      }
      assertThat(d.turns().get(0).text()).startsWith("<image>\n");
      assertThat(d.turns().stream().map(Dialogue.Turn::text).toList().toString())
          .doesNotContain("{")
          .doesNotContain("}");
    }
    assertThat(of(Task.DIALOGUE)).allMatch(d -> d.turns().size() >= 4 && d.answer() == null);
    assertThat(of(Task.DIALOGUE)).allMatch(d -> d.turns().get(3).role() == Role.ASSISTANT);
  }

  @Test
  void aWorldOfOneClassHasNoNegatives() throws Exception {
    Path folder = java.nio.file.Files.createDirectories(temp.resolve("only"));
    Shapes.png(
        folder.resolve("apple.png"),
        java.awt.Color.RED,
        new java.awt.geom.Rectangle2D.Double(5, 5, 50, 50));
    Scenes.Settings settings = new Scenes.Settings(64, 64, 0.1, 1, 4, 0.5, 0.3, 0.5);
    Scenes scenes = new Scenes(Cutouts.load(List.of(folder), 32), Backgrounds.DRAWN, settings, 1);
    new SceneWriter(scenes, ClassList.nano(), Templates.builtIn())
        .write(temp.resolve("alone"), 60, 1, n -> {});
    List<Dialogue> all =
        new ArrayList<>(LlavaDataset.read(temp.resolve("alone/conversations.jsonl")));
    assertThat(all)
        .isNotEmpty()
        .allMatch(d -> !d.task().equals("negative") || captionOf(all, d).contains("nothing"));
  }

  private static String captionOf(List<Dialogue> all, Dialogue of) {
    return all.stream()
        .filter(d -> d.image().equals(of.image()) && d.task().equals("caption"))
        .map(ConversationsTest::reply)
        .findFirst()
        .orElseThrow();
  }
}
