package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.MmicSample.Shown;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.VisualMark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MmicTest {
  private static final int SAMPLES = 400;

  @TempDir static Path temp;
  private static Path scenes;
  private static CocoDataset data;

  @BeforeAll
  static void pictures() throws Exception {
    scenes = temp.resolve("scenes");
    Scenes made = Shapes.scenes(temp, Scenes.Settings.DEFAULT.sized(96, 80), 1);
    new SceneWriter(made, ClassList.nano(), Templates.builtIn()).write(scenes, 40, 2, n -> {});
    data = CocoDataset.read(scenes.resolve("instances.json"));
  }

  private static Mmic mmic(CocoDataset data, long seed) {
    return new Mmic(data, Path.of("instances.json"), ClassList.nano(), seed);
  }

  @Test
  void samplesKeepThePapersNumbers() {
    Mmic mmic = mmic(data, 1);
    Map<MmicPattern, Set<Integer>> pictures = new EnumMap<>(MmicPattern.class);
    Set<Integer> marks = new TreeSet<>();
    Set<VisualMark> kinds = new HashSet<>();
    for (int i = 0; i < SAMPLES; i++) {
      MmicSample s = mmic.sample(i);
      pictures.computeIfAbsent(s.pattern(), p -> new TreeSet<>()).add(s.shown().size());
      assertThat(s.shown().stream().map(v -> v.picture().id())).doesNotHaveDuplicates();
      assertThat(s.question()).doesNotContain("{", "}");
      assertThat(s.question().split("<image>", -1)).hasSize(s.shown().size() + 1);
      assertThat(s.question()).doesNotContain("<region>");
      assertThat(s.answer()).isNotBlank();
      for (int k = 0; k < s.shown().size(); k++) {
        Shown shown = s.shown().get(k);
        boolean last = k == s.shown().size() - 1;
        boolean marked =
            switch (s.pattern()) {
              case MARKED, MARKED_EXAMPLES -> true;
              case EXAMPLES -> false;
              case MASKS -> !last;
            };
        assertThat(!shown.marked().isEmpty()).isEqualTo(marked);
        assertThat(shown.marked()).hasSizeBetween(marked ? 1 : 0, 5).doesNotHaveDuplicates();
        assertThat(shown.marked().stream().map(Annotation::categoryId).distinct().count())
            .isLessThanOrEqualTo(1);
        assertThat(shown.marked()).allMatch(a -> a.pictureId() == shown.picture().id());
        if (marked) marks.add(shown.marked().size());
      }
      if (s.pattern() != MmicPattern.EXAMPLES) kinds.add(s.mark());
      assertThat(s.mark() == null).isEqualTo(s.pattern() == MmicPattern.EXAMPLES);
    }
    assertThat(pictures.get(MmicPattern.MARKED)).containsExactly(1);
    for (MmicPattern p : EnumSet.complementOf(EnumSet.of(MmicPattern.MARKED))) {
      assertThat(pictures.get(p)).as(p.word()).containsExactly(2, 3, 4, 5, 6);
    }
    assertThat(marks).contains(1, 2, 3).allMatch(n -> n <= 5);
    assertThat(kinds).as("five kinds, solid and hollow").hasSize(10);
  }

  @Test
  void answersAreTrue() {
    Mmic mmic = mmic(data, 2);
    Map<Long, String> names = data.names();
    Map<Long, List<Annotation>> objects = data.byPicture();
    Map<String, Integer> answers = new HashMap<>();
    for (int i = 0; i < SAMPLES; i++) {
      MmicSample s = mmic.sample(i);
      Shown last = s.shown().get(s.shown().size() - 1);
      List<Annotation> all = objects.get(last.picture().id());
      switch (s.pattern()) {
        case MARKED -> {
          String name = names.get(last.marked().get(0).categoryId());
          String answer = s.answer();
          answers.merge(answer, 1, Integer::sum);
          if (answer.equals("yes")) assertThat(s.question()).contains(name);
          else if (answer.equals("no")) assertThat(s.reply()).isIn("no", "No.");
          else if (answer.matches("[0-9]+")) {
            assertThat(answer).isEqualTo(Integer.toString(last.marked().size()));
          } else assertThat(answer).isEqualTo(name);
        }
        case EXAMPLES -> assertThat(s.reply()).isNotBlank();
        case MARKED_EXAMPLES ->
            assertThat(s.answer()).isEqualTo(names.get(last.marked().get(0).categoryId()));
        case MASKS -> {
          long category = s.shown().get(0).marked().get(0).categoryId();
          String token = s.mark().kind() == VisualMark.Kind.MASK ? "[SEG]" : "[DET]";
          assertThat(s.answer()).isEqualTo(names.get(category));
          assertThat(s.reply()).isEqualTo(s.answer() + token);
          assertThat(s.wanted())
              .isNotEmpty()
              .containsExactlyElementsOf(
                  all.stream().filter(a -> a.categoryId() == category).toList());
          assertThat(s.question()).as("the class is to be inferred").doesNotContain(s.answer());
        }
      }
    }
    assertThat(answers).containsKeys("yes", "no", "1", "2").hasSizeGreaterThan(8);
  }

  @Test
  void filesDependOnTheSeedAndNotOnTheThreads() throws Exception {
    Path one = temp.resolve("one");
    Path three = temp.resolve("three");
    write(one, 3, 1);
    MmicWriter.Summary summary = write(three, 3, 3);
    List<Dialogue> dialogues = LlavaDataset.read(one.resolve("mmic.jsonl"));
    assertThat(dialogues).hasSize(30);
    assertThat(dialogues.stream().map(Dialogue::id)).doesNotHaveDuplicates();
    assertThat(LlavaDataset.read(three.resolve("mmic.jsonl"))).isEqualTo(dialogues);
    CocoDataset wanted = CocoDataset.read(one.resolve("instances.json"));
    assertThat(CocoDataset.read(three.resolve("instances.json"))).isEqualTo(wanted);
    assertThat(wanted.annotations()).hasSize(summary.wanted());
    for (Dialogue d : dialogues) {
      for (String image : d.images()) {
        assertThat(Files.mismatch(one.resolve(image), three.resolve(image))).isEqualTo(-1);
      }
    }
    write(temp.resolve("other"), 4, 2);
    assertThat(LlavaDataset.read(temp.resolve("other/mmic.jsonl"))).isNotEqualTo(dialogues);
    Set<String> targets =
        dialogues.stream()
            .filter(d -> d.task().equals("mmic_masks"))
            .map(d -> d.images().get(d.images().size() - 1))
            .collect(Collectors.toSet());
    assertThat(wanted.pictures().stream().map(CocoDataset.Picture::file))
        .containsExactlyInAnyOrderElementsOf(targets);
    for (CocoDataset.Picture p : wanted.pictures()) {
      assertThat(ImageFiles.read(one.resolve(p.file())).width()).isEqualTo(p.width());
    }
  }

  private static MmicWriter.Summary write(Path out, long seed, int threads) throws Exception {
    return new MmicWriter(scenes.resolve("instances.json"), scenes, ClassList.nano(), seed)
        .write(out, 30, threads, n -> {});
  }

  @Test
  void withoutMasksNoneAreDrawn() {
    List<Annotation> bare =
        data.annotations().stream()
            .map(
                a ->
                    new Annotation(
                        a.id(),
                        a.pictureId(),
                        a.categoryId(),
                        a.box(),
                        a.area(),
                        false,
                        null,
                        1,
                        null))
            .toList();
    Mmic mmic = mmic(new CocoDataset(data.pictures(), bare, data.categories()), 1);
    for (int i = 0; i < 100; i++) {
      MmicSample s = mmic.sample(i);
      if (s.mark() != null) assertThat(s.mark().kind()).isNotEqualTo(VisualMark.Kind.MASK);
    }
  }

  @Test
  void hostileInputIsRefusedInOneLine() throws Exception {
    Path file = scenes.resolve("instances.json");
    assertThatThrownBy(() -> new MmicWriter(file, temp.resolve("no"), ClassList.nano(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no does not exist");
    assertThatThrownBy(() -> new MmicWriter(temp.resolve("no.json"), scenes, ClassList.nano(), 1))
        .isInstanceOf(NoSuchFileException.class);
    CocoDataset.Picture first = data.pictures().get(1);
    List<Annotation> its =
        data.annotations().stream().filter(a -> a.pictureId() == first.id()).toList();
    for (CocoDataset few :
        List.of(
            new CocoDataset(List.of(first), its, data.categories()),
            new CocoDataset(data.pictures(), List.of(), data.categories()),
            new CocoDataset(List.of(), List.of(), List.of()))) {
      assertThatThrownBy(() -> mmic(few, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("instances.json")
          .hasMessageContaining("expected at least 2 pictures");
    }
    Path empty = Files.createDirectories(temp.resolve("empty"));
    MmicWriter writer = new MmicWriter(file, empty, ClassList.nano(), 1);
    assertThatThrownBy(() -> writer.write(temp.resolve("x"), 5, 2, n -> {}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(".png");
    assertThat(temp.resolve("x/mmic.jsonl")).doesNotExist();
    CocoDataset outside =
        new CocoDataset(
            data.pictures().stream()
                .map(p -> new CocoDataset.Picture(p.id(), "../" + p.file(), p.width(), p.height()))
                .toList(),
            data.annotations(),
            data.categories());
    Path evil = temp.resolve("evil.json");
    outside.write(evil);
    MmicWriter leaving = new MmicWriter(evil, scenes, ClassList.nano(), 1);
    assertThatThrownBy(() -> leaving.write(temp.resolve("z"), 5, 1, n -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("below the folder");
    assertThatThrownBy(() -> leaving.write(scenes, 5, 1, n -> {}))
        .hasMessageContaining("not empty");
  }
}
