package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScenesTest {
  private static final Scenes.Settings SMALL = Scenes.Settings.DEFAULT.sized(128, 96);

  @TempDir Path temp;

  private static SceneWriter writer(Scenes scenes) {
    return new SceneWriter(scenes, ClassList.nano(), Templates.builtIn());
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> out = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        out.put(
            folder.relativize(f).toString(),
            new String(Files.readAllBytes(f), java.nio.charset.StandardCharsets.ISO_8859_1));
      }
    }
    return out;
  }

  @Test
  void filesDependOnTheSeedAndNotOnTheThreads() throws Exception {
    Scenes scenes = Shapes.scenes(temp, SMALL, 7);
    SceneWriter.Options all = new SceneWriter.Options(1, true, true);
    SceneWriter writer = new SceneWriter(scenes, ClassList.nano(), Templates.builtIn(), all);
    writer.write(temp.resolve("one"), 40, 1, n -> {});
    writer.write(temp.resolve("four"), 40, 4, n -> {});
    writer(Shapes.scenes(temp, SMALL, 8)).write(temp.resolve("other"), 40, 2, n -> {});
    assertThat(contents(temp.resolve("four")))
        .isEqualTo(contents(temp.resolve("one")))
        .containsKeys("refs.json", "captions.json", "semantic/000039.png")
        .hasSizeGreaterThan(84);
    assertThat(contents(temp.resolve("other")).get("images/000000.png"))
        .isNotEqualTo(contents(temp.resolve("one")).get("images/000000.png"));
  }

  @Test
  void aPictureDoesNotDependOnHowManyThereAre() throws Exception {
    Scenes scenes = Shapes.scenes(temp, SMALL, 7);
    writer(scenes).write(temp.resolve("few"), 3, 1, n -> {});
    writer(scenes).write(temp.resolve("more"), 20, 2, n -> {});
    assertThat(contents(temp.resolve("more")))
        .containsAllEntriesOf(pictures(contents(temp.resolve("few"))));
  }

  @Test
  void largeScenesHaveObjectsAndOneColourBehindThem() throws IOException {
    Scenes.Settings settings = Scenes.Settings.LARGE.sized(64, 64);
    Cutouts cutouts = Cutouts.load(List.of(Shapes.folder(temp)), settings.cutoutSide());
    Scenes scenes = new Scenes(cutouts, Backgrounds.PLAIN, settings, 7);
    int filled = 0;
    for (int i = 0; i < 60; i++) {
      Scene s = scenes.scene(i);
      assertThat(s.things()).hasSizeLessThanOrEqualTo(2);
      filled += s.things().isEmpty() ? 0 : 1;
      Map<Integer, Integer> behind = new HashMap<>();
      for (int k = 0; k < s.rgb().length; k++) {
        if (s.owner()[k] < 0) behind.merge(s.rgb()[k], 1, Integer::sum);
      }
      int all = behind.values().stream().mapToInt(n -> n).sum();
      int most = behind.values().stream().mapToInt(n -> n).max().orElse(0);
      assertThat(most).as("scene %d, apart from edges", i).isGreaterThanOrEqualTo(9 * all / 10);
    }
    assertThat(filled).isGreaterThan(54); // some objects find no place
  }

  private static Map<String, String> pictures(Map<String, String> files) {
    Map<String, String> out = new HashMap<>(files);
    out.keySet().removeIf(f -> !f.endsWith(".png"));
    return out;
  }

  @Test
  void annotationsSayWhatIsSeen() throws Exception {
    Scenes scenes = Shapes.scenes(temp, SMALL, 1);
    SceneWriter.Summary summary = writer(scenes).write(temp.resolve("out"), 200, 2, n -> {});
    CocoDataset data = CocoDataset.read(temp.resolve("out/instances.json"));
    assertThat(data.pictures()).hasSize(200);
    assertThat(data.categories())
        .extracting(CocoDataset.Category::name)
        .contains("top hat", "bus", "star")
        .hasSize(9);
    assertThat(data.annotations()).hasSize(summary.objects());
    Map<Long, List<CocoDataset.Annotation>> byPicture = data.byPicture();
    for (CocoDataset.Picture p : data.pictures()) {
      var image = ImageIO.read(temp.resolve("out").resolve(p.file()).toFile());
      assertThat(List.of(image.getWidth(), image.getHeight()))
          .containsExactly(128, 96)
          .containsExactly(p.width(), p.height());
      Mask taken = new Mask(p.width(), p.height());
      for (CocoDataset.Annotation a : byPicture.get(p.id())) {
        Rle rle = a.segmentation().toRle(p.height(), p.width());
        Mask mask = rle.toMask();
        assertThat(a.box()).isEqualTo(mask.bounds());
        assertThat(a.area()).isEqualTo(mask.area()).isGreaterThan(0);
        assertThat(a.visibleFraction()).isBetween(0.5 - 1e-4, 1.0);
        assertThat(a.crowd()).isFalse();
        for (int y = 0; y < p.height(); y++) {
          for (int x = 0; x < p.width(); x++) {
            if (!mask.get(x, y)) continue;
            assertThat(taken.get(x, y)).as("visible masks are disjoint").isFalse();
            taken.set(x, y);
          }
        }
      }
    }
    assertThat(data.annotations())
        .extracting(CocoDataset.Annotation::visibleFraction)
        .anyMatch(f -> f < 0.9)
        .anyMatch(f -> f == 1.0);
    assertThat(summary.emptyPictures()).isBetween(10, 45);
    assertThat(byPicture.values()).anyMatch(l -> l.size() == 8).allMatch(l -> l.size() <= 8);
  }

  @Test
  void aLoneObjectIsDrawnWhereItsMaskIs() throws Exception {
    Path folder = Files.createDirectories(temp.resolve("one_class"));
    Shapes.png(folder.resolve("apple.png"), Color.RED, new Rectangle2D.Double(8, 8, 48, 40));
    Scenes scenes =
        new Scenes(
            Cutouts.load(List.of(folder), 64),
            Backgrounds.DRAWN,
            new Scenes.Settings(96, 96, 0, 1, 1, 0.9, 0.3, 0.5),
            3);
    int seen = 0;
    for (int i = 0; i < 40; i++) {
      Scene scene = scenes.scene(i);
      for (int at = 0; at < scene.rgb().length; at++) {
        int p = scene.rgb()[at];
        boolean red = (p >> 16 & 255) > 150 && (p >> 8 & 255) < 70 && (p & 255) < 70;
        if (scene.owner()[at] == 0) assertThat(p >> 16 & 255).isGreaterThan(p >> 8 & 255);
        if (scene.owner()[at] == 0 && red) seen++;
      }
      for (Scene.Thing t : scene.things()) {
        double side = Math.max(t.x1() - t.x0(), t.y1() - t.y0());
        assertThat(side).isBetween(0.25 * 96, 0.75 * 96);
        assertThat(new Box(0, 0, 96, 96).contains(t.centreX(), t.centreY())).isTrue();
      }
    }
    assertThat(seen).isGreaterThan(10_000);
  }

  @Test
  void classesComeEquallyOften() throws Exception {
    Scenes scenes = Shapes.scenes(temp, SMALL, 5);
    Map<String, Integer> counts = new TreeMap<>();
    int all = 0;
    for (int i = 0; i < 600; i++) {
      for (Scene.Thing t : scenes.scene(i).things()) {
        counts.merge(t.name(), 1, Integer::sum);
        all++;
      }
    }
    for (int n : counts.values()) assertThat(n / (double) all).isCloseTo(1 / 9.0, within(0.03));
  }

  @Test
  void crowdsHoldManyObjectsOfAnyClass() throws Exception {
    Scenes scenes = Shapes.scenes(temp, Scenes.Settings.DEFAULT.sized(128, 128).crowded(6, 12), 5);
    int objects = 0;
    int classes = 0;
    for (int i = 0; i < 40; i++) {
      List<Scene.Thing> things = scenes.scene(i).things();
      assertThat(things).hasSizeBetween(1, 12); // what finds no place is left out
      objects += things.size();
      classes += (int) things.stream().map(Scene.Thing::name).distinct().count();
    }
    assertThat(objects / 40.0).isBetween(5.0, 12.0);
    assertThat(classes / 40.0).as("classes of a picture; at most 4 elsewhere").isGreaterThan(4.2);
    assertThatThrownBy(() -> Scenes.Settings.DEFAULT.crowded(9, 8))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("9 to 8");
  }

  @Test
  void photographsServeAsBackgrounds() throws Exception {
    Path photos = Files.createDirectories(temp.resolve("photos"));
    Shapes.png(photos.resolve("p.png"), Color.PINK, new Rectangle2D.Double(0, 0, 64, 64));
    Scenes scenes =
        new Scenes(
            Cutouts.load(List.of(Shapes.folder(temp)), 48),
            Backgrounds.withPhotographs(photos),
            new Scenes.Settings(80, 64, 1, 1, 8, 0.5, 0.2, 0.5),
            1);
    int pink = 0;
    for (int i = 0; i < 60; i++) {
      if ((scenes.scene(i).rgb()[40] & 0xf0f0f0) == (Color.PINK.getRGB() & 0xf0f0f0)) pink++;
    }
    assertThat(pink).isBetween(8, 45);
  }

  @Test
  void badInputIsRefusedInOneLine() throws Exception {
    assertThatThrownBy(() -> Cutouts.load(List.of(temp.resolve("nowhere")), 64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nowhere does not exist");
    Path empty = Files.createDirectories(temp.resolve("empty"));
    Files.writeString(empty.resolve("LICENSE.txt"), "free");
    assertThatThrownBy(() -> Cutouts.load(List.of(empty), 64))
        .hasMessageContaining("holds no cut-outs");
    Path text = Files.createDirectories(temp.resolve("text"));
    Files.writeString(text.resolve("dog.png"), "this is no picture");
    assertThatThrownBy(() -> Cutouts.load(List.of(text), 64))
        .hasMessageContaining("dog.png is not a PNG");
    Path svg = Files.createDirectories(temp.resolve("svg"));
    Files.writeString(svg.resolve("dog.svg"), "<svg");
    assertThatThrownBy(() -> Cutouts.load(List.of(svg), 64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("dog.svg");
    Path clear = Files.createDirectories(temp.resolve("clear"));
    Shapes.png(clear.resolve("dog.png"), new Color(0, 0, 0, 0), new Rectangle2D.Double(0, 0, 9, 9));
    assertThatThrownBy(() -> Cutouts.load(List.of(clear), 64)).hasMessageContaining("transparent");
    assertThatThrownBy(() -> Scenes.Settings.DEFAULT.sized(0, 10)).hasMessageContaining("0x10");
    SceneWriter writer = writer(Shapes.scenes(temp, SMALL, 1));
    assertThatThrownBy(() -> writer.write(temp, 1, 1, n -> {})).hasMessageContaining("not empty");
    assertThatThrownBy(() -> writer.write(temp.resolve("x"), 0, 1, n -> {}))
        .hasMessageContaining("not positive");
  }

  @Test
  void lightPngIsReadBackExactly() throws Exception {
    int[] rgb = new java.util.Random(1).ints(37 * 21).map(i -> i & 0xffffff).toArray();
    var image = ImageIO.read(new java.io.ByteArrayInputStream(FastPng.encode(37, 21, rgb)));
    assertThat(image.getRGB(0, 0, 37, 21, null, 0, 37))
        .containsExactly(java.util.Arrays.stream(rgb).map(p -> p | 0xff000000).toArray());
  }

  @Test
  void basicColoursHaveTheirNames() {
    assertThat(Colour.of(0xff0000)).isEqualTo(Colour.RED);
    assertThat(Colour.of(0xff8800)).isEqualTo(Colour.ORANGE);
    assertThat(Colour.of(0xffee00)).isEqualTo(Colour.YELLOW);
    assertThat(Colour.of(0x00a000)).isEqualTo(Colour.GREEN);
    assertThat(Colour.of(0x2040ff)).isEqualTo(Colour.BLUE);
    assertThat(Colour.of(0x8020c0)).isEqualTo(Colour.PURPLE);
    assertThat(Colour.of(0xff80b0)).isEqualTo(Colour.PINK);
    assertThat(Colour.of(0x784620)).isEqualTo(Colour.BROWN);
    assertThat(Colour.of(0x101010)).isEqualTo(Colour.BLACK);
    assertThat(Colour.of(0x808080)).isEqualTo(Colour.GRAY);
    assertThat(Colour.of(0xfafafa)).isEqualTo(Colour.WHITE);
    int[] counts = new int[Colour.values().length];
    counts[Colour.RED.ordinal()] = 60;
    assertThat(Colour.dominant(counts, 100)).isEqualTo(Colour.RED);
    counts[Colour.GREEN.ordinal()] = 30;
    assertThat(Colour.dominant(counts, 100)).isNull();
    assertThat(Stream.of(Colour.values()).map(Colour::word).max(Comparator.naturalOrder()))
        .contains("yellow");
  }

  @Test
  void moreRoundsAddConversationsAboutTheSamePictures() throws Exception {
    Path once = temp.resolve("once");
    Path thrice = temp.resolve("thrice");
    writer(Shapes.scenes(temp, SMALL, 1)).write(once, 20, 1, n -> {});
    SceneWriter.Options options = new SceneWriter.Options(3, false, false);
    new SceneWriter(Shapes.scenes(temp, SMALL, 1), ClassList.nano(), Templates.builtIn(), options)
        .write(thrice, 20, 1, n -> {});
    assertThat(contents(thrice)).hasSize(22);
    List<Dialogue> few = LlavaDataset.read(once.resolve("conversations.jsonl"));
    List<Dialogue> many = LlavaDataset.read(thrice.resolve("conversations.jsonl"));
    assertThat(many).containsAll(few).hasSizeGreaterThan(2 * few.size());
    assertThat(many.stream().map(Dialogue::id)).doesNotHaveDuplicates();
    assertThat(Files.mismatch(once.resolve("instances.json"), thrice.resolve("instances.json")))
        .isEqualTo(-1);
  }
}
