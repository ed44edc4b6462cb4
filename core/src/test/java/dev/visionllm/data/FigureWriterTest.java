package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.data.KeypointDataset.Figure;
import dev.visionllm.data.figures.Figures;
import dev.visionllm.data.figures.Figures.Kind;
import dev.visionllm.data.figures.Motion;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.geometry.Keypoints.Point;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FigureWriterTest {
  private static final int PICTURES = 60;

  @TempDir static Path temp;
  private static FigureWriter.Summary summary;
  private static KeypointDataset data;
  private static List<Dialogue> dialogues;

  private static FigureWriter writer(long seed) {
    return writer(seed, EnumSet.allOf(Kind.class));
  }

  private static FigureWriter writer(long seed, Set<Kind> kinds) {
    return new FigureWriter(
        new FigureScenes(
            new Figures(Motion.procedural()),
            Backgrounds.DRAWN,
            new FigureScenes.Settings(160, 120, kinds),
            seed),
        Templates.builtIn());
  }

  @BeforeAll
  static void write() throws Exception {
    Path out = temp.resolve("one");
    summary = writer(1).write(out, PICTURES, 1, n -> {});
    data = KeypointDataset.read(out.resolve("keypoints.json"), Problems.refuse());
    dialogues = LlavaDataset.read(out.resolve("conversations.jsonl"));
  }

  private static Map<String, byte[]> bytes(Path folder) throws Exception {
    Map<String, byte[]> out = new HashMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path f : files.filter(Files::isRegularFile).toList())
        out.put(folder.relativize(f).toString(), Files.readAllBytes(f));
    }
    return out;
  }

  @Test
  void filesDependOnTheSeedAndNotOnThreads() throws Exception {
    writer(1).write(temp.resolve("four"), PICTURES, 4, n -> {});
    Map<String, byte[]> one = bytes(temp.resolve("one"));
    Map<String, byte[]> four = bytes(temp.resolve("four"));
    assertThat(one).hasSize(PICTURES + 2);
    assertThat(four.keySet()).isEqualTo(one.keySet());
    one.forEach((name, content) -> assertThat(four.get(name)).as(name).isEqualTo(content));
    writer(2).write(temp.resolve("other"), 1, 1, n -> {});
    assertThat(bytes(temp.resolve("other")).get("images/000000.png"))
        .isNotEqualTo(one.get("images/000000.png"));
  }

  @Test
  void categoriesAreThePublishedSets() {
    assertThat(data.categories()).hasSize(Figures.categories().size());
    for (KeypointDataset.Category c : data.categories()) {
      var expected = KeypointSets.ofClass(c.category().name()).orElseThrow();
      assertThat(c.points().points()).isEqualTo(expected.points());
      assertThat(c.points().limbs()).isEqualTo(expected.limbs());
    }
  }

  @Test
  void categoriesAreThoseOfTheKindsDrawn() throws Exception {
    Path out = temp.resolve("faces");
    writer(1, EnumSet.of(Kind.FACE)).write(out, 1, 1, n -> {});
    KeypointDataset faces = KeypointDataset.read(out.resolve("keypoints.json"), Problems.refuse());
    assertThat(faces.categories())
        .isEqualTo(
            data.categories().stream().filter(c -> c.category().name().equals("face")).toList());
  }

  @Test
  void visiblePointsLieOnTheirFigureAndBoxesEncloseIt() {
    long[] byVisibility = new long[3];
    for (Figure f : data.figures()) {
      Rle rle = f.object().segmentation().toRle(120, 160);
      Mask mask = rle.toMask();
      assertThat(f.object().box()).isEqualTo(rle.toBox());
      assertThat(f.object().area()).isEqualTo(rle.area());
      assertThat(f.object().visibleFraction()).isBetween(0.5, 1.0);
      for (Point p : f.keypoints().points()) {
        byVisibility[p.visibility()]++;
        if (p.visibility() == 2) assertThat(near(mask, p)).as(f + " " + p).isTrue();
        if (p.visibility() == 0) assertThat(p).isEqualTo(new Point(0, 0, 0));
        assertThat(p.x()).isBetween(0.0, 160.0);
        assertThat(p.y()).isBetween(0.0, 120.0);
      }
    }
    assertThat(summary.points()).containsExactly(byVisibility[0], byVisibility[1], byVisibility[2]);
    assertThat(byVisibility[0]).isPositive();
    assertThat(byVisibility[1]).isPositive();
    assertThat(byVisibility[2]).isGreaterThan(byVisibility[0] + byVisibility[1]);
  }

  private static boolean near(Mask mask, Point p) {
    for (int y = Math.max(0, (int) p.y() - 2); y <= Math.min(119, p.y() + 2); y++) {
      for (int x = Math.max(0, (int) p.x() - 2); x <= Math.min(159, p.x() + 2); x++) {
        if (mask.get(x, y)) return true;
      }
    }
    return false;
  }

  @Test
  void picturesHoldOneToFourFiguresAndFacesStayApart() {
    Map<Long, String> names = new HashMap<>();
    data.categories().forEach(c -> names.put(c.category().id(), c.category().name()));
    Map<Long, Integer> counts = new HashMap<>();
    Map<Long, Set<Boolean>> faces = new HashMap<>();
    for (Figure f : data.figures()) {
      counts.merge(f.object().pictureId(), 1, Integer::sum);
      faces
          .computeIfAbsent(f.object().pictureId(), k -> new HashSet<>())
          .add(names.get(f.object().categoryId()).equals("face"));
    }
    assertThat(counts).hasSize(PICTURES);
    assertThat(counts.values()).allMatch(n -> n >= 1 && n <= 4).contains(1, 2, 3);
    assertThat(faces.values()).allMatch(s -> s.size() == 1);
    assertThat(faces.values().stream().filter(s -> s.contains(true)).count() / (double) PICTURES)
        .isCloseTo(1 / 3.0, within(0.2));
    assertThat(summary.figures().values().stream().mapToInt(Integer::intValue).sum())
        .isEqualTo(data.figures().size());
  }

  @Test
  void answersCallThePoseDecoderAsTheGuidedModeDoes() {
    assertThat(dialogues).hasSize(summary.dialogues()).hasSizeGreaterThanOrEqualTo(PICTURES);
    for (Dialogue d : dialogues) {
      assertThat(d.task()).isEqualTo("pose");
      assertThat(d.turns()).hasSize(2);
      String[] classes = d.answer().split(", ");
      var set = KeypointSets.ofClass(classes[0]).orElseThrow();
      StringBuilder expected = new StringBuilder();
      for (String name : classes) expected.append(name).append("[DET], ");
      expected.append(String.join("[POSE], ", set.points())).append("[POSE]");
      assertThat(d.turns().get(1).text()).isIn(expected.toString(), expected + ".");
      assertThat(d.turns().get(0).text()).startsWith("<image>\n").contains(d.answer());
    }
    assertThat(dialogues.stream().map(d -> d.turns().get(0).text()).distinct().count())
        .isGreaterThan(15);
  }

  @Test
  void badSettingsAreNamed() throws Exception {
    Path full = Files.createDirectories(temp.resolve("full"));
    Files.writeString(full.resolve("x"), "x");
    assertThatThrownBy(() -> writer(1).write(full, 1, 1, n -> {}))
        .hasMessageContaining("is not empty");
    assertThatThrownBy(() -> writer(1).write(temp.resolve("a"), 0, 1, n -> {}))
        .hasMessageContaining("count 0");
    assertThatThrownBy(() -> writer(1).write(temp.resolve("b"), 1, 0, n -> {}))
        .hasMessageContaining("threads 0");
    assertThatThrownBy(() -> new FigureScenes.Settings(16, 64, EnumSet.allOf(Kind.class)))
        .hasMessageContaining("16x64");
    assertThatThrownBy(() -> new FigureScenes.Settings(64, 64, Set.of()))
        .hasMessageContaining("no kind of figures");
  }
}
