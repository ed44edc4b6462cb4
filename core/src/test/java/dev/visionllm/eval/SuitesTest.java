package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.data.Backgrounds;
import dev.visionllm.data.ClassList;
import dev.visionllm.data.Cutouts;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import dev.visionllm.data.SceneWriter;
import dev.visionllm.data.Scenes;
import dev.visionllm.data.Templates;
import dev.visionllm.geometry.Box;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Suites on a small generated world, with answerers whose scores are known. */
class SuitesTest {
  private static final Suites.Settings SETTINGS = new Suites.Settings(4, 5, 1);
  private static final List<String> NAMES =
      List.of("apple", "bus", "cat", "dog", "lion", "orange", "sheep", "tree");

  @TempDir static Path temp;
  private static DataFolder data;
  private static SceneSet set;

  @BeforeAll
  static void write() throws Exception {
    Path sources = Files.createDirectory(temp.resolve("sources"));
    for (int i = 0; i < NAMES.size(); i++) {
      BufferedImage b = new BufferedImage(64, 64, BufferedImage.TYPE_INT_ARGB);
      var g = b.createGraphics();
      g.setColor(Color.getHSBColor(i / 8f, 1, 1));
      g.fillOval(4 + i, 4, 40, 50 - i);
      g.dispose();
      ImageFiles.writePng(b, sources.resolve(NAMES.get(i) + ".png"));
    }
    var settings = Scenes.Settings.DEFAULT.sized(96, 96);
    var cutouts = Cutouts.load(List.of(sources), settings.cutoutSide());
    new SceneWriter(
            new Scenes(cutouts, Backgrounds.DRAWN, settings, 3),
            ClassList.nano(),
            Templates.builtIn())
        .write(temp.resolve("out"), 40, 2, n -> {});
    data = DataFolder.open(temp.resolve("out"), Integer.MAX_VALUE);
    set = data.scenes();
  }

  /** Says what the data says. */
  private record Perfect(
      Map<String, String> replies, Map<Raster, SceneSet.Picture> pictures, List<Integer> batches)
      implements FakeSubject {

    static Perfect of(SceneSet set) throws IOException {
      var replies = new HashMap<String, String>();
      var pictures = new HashMap<Raster, SceneSet.Picture>();
      for (var p : set.pictures()) {
        var raster = ImageFiles.read(p.file());
        pictures.put(raster, p);
        for (var d : p.dialogues()) {
          var regions = d.regions().stream().map(Dialogue.Region::prompt).toList();
          replies.put(key(d.turns().get(0).text(), raster, regions), d.turns().get(1).text());
        }
      }
      return new Perfect(replies, pictures, new ArrayList<>());
    }

    private static String key(String text, Raster picture, List<VisualPrompt> regions) {
      var key = new StringBuilder(text).append(picture.hashCode());
      for (var r : regions) {
        key.append(' ').append(Arrays.hashCode(r.mask(96, 96).bits()));
      }
      return key.toString();
    }

    @Override
    public List<Answer> ask(List<Prompt> prompts, int maxTokens) {
      batches.add(prompts.size());
      return FakeSubject.super.ask(prompts, maxTokens);
    }

    @Override
    public String say(Prompt p) {
      return replies.get(key(p.text(), p.images().get(0), p.regions()));
    }

    @Override
    public List<Detection> detect(Raster picture, List<String> classes, double threshold) {
      return pictures.get(picture).objects().stream()
          .map(o -> new Detection(set.classes().get(o.categoryId()), .9, o.box()))
          .filter(d -> classes.contains(d.label()))
          .toList();
    }
  }

  /** Says always the same and finds always the first class in the corner. */
  private record Parrot(String text, boolean finds) implements FakeSubject {
    @Override
    public String say(Prompt prompt) {
      return text;
    }

    @Override
    public List<Detection> detect(Raster picture, List<String> classes, double threshold) {
      return finds ? List.of(new Detection(classes.get(0), .9, new Box(0, 0, 1, 1))) : List.of();
    }
  }

  private static Map<String, Double> run(Suite suite, Suites.Subject subject) throws IOException {
    return suite.open(data).run(subject, SETTINGS, done -> {}).rows();
  }

  @Test
  void aPerfectModelIsRightEverywhere() throws IOException {
    var perfect = Perfect.of(set);
    assertThat(run(Suite.DETECTION, perfect))
        .containsEntry("AP", 1.0)
        .containsEntry("AP50", 1.0)
        .containsEntry("AR100", 1.0)
        .hasSize(12);
    assertThat(run(Suite.EMPTY, perfect))
        .containsEntry("empty pictures with a detection", 0.0)
        .containsEntry("other pictures with a detection of an absent class", 0.0)
        .containsEntry("threshold", .3);
    assertThat(run(Suite.VQA, perfect))
        .containsEntry("existence balanced accuracy", 1.0)
        .containsEntry("counting exact", 1.0)
        .containsEntry("colour accuracy", 1.0)
        .containsEntry("position accuracy", 1.0)
        .containsEntry("relation accuracy", 1.0)
        .containsEntry("negative accuracy", 1.0)
        .containsEntry("overall accuracy", 1.0)
        .containsEntry("unreadable", 0.0);
    assertThat(run(Suite.RECOGNITION, perfect)).containsEntry("recognition accuracy", 1.0);
    assertThat(run(Suite.CAPTION, perfect)).containsEntry("caption object F1", 1.0);
    assertThat(run(Suite.ROUTING, perfect))
        .containsEntry("detection_free: routing success", 1.0)
        .containsEntry("detection: routing success", 1.0)
        .containsEntry("detection: class precision", 1.0);
    assertThat(perfect.batches).allMatch(n -> n <= 5).contains(5);
  }

  @Test
  void aSilentModelGetsTheFloor() throws IOException {
    var silent = new Parrot("", false);
    assertThat(run(Suite.DETECTION, silent)).containsEntry("AP", 0.0).containsEntry("AR100", 0.0);
    assertThat(run(Suite.VQA, silent))
        .containsEntry("existence balanced accuracy", 0.0)
        .containsEntry("overall accuracy", 0.0)
        .containsEntry("unreadable", 1.0);
    assertThat(run(Suite.RECOGNITION, silent)).containsEntry("recognition accuracy", 0.0);
    assertThat(run(Suite.CAPTION, silent)).containsEntry("caption object F1", 0.0);
    double empty =
        set.pictures().stream().mapToInt(p -> p.objects().isEmpty() ? 1 : 0).average().orElse(0);
    assertThat(empty).isPositive();
    assertThat(run(Suite.ROUTING, silent).get("detection_free: routing success"))
        .isCloseTo(empty, within(1e-12));
    assertThat(run(Suite.ROUTING, silent)).containsEntry("detection: right tokens", 0.0);
  }

  @Test
  void aBlindModelIsFoundOut() throws IOException {
    var blind = new Parrot("Yes, there is a dog[DET].", true);
    assertThat(run(Suite.DETECTION, blind)).containsEntry("AP", 0.0);
    assertThat(run(Suite.EMPTY, blind))
        .containsEntry("empty pictures with a detection", 1.0)
        .containsEntry("false detections per empty picture", 1.0)
        .containsEntry("other pictures with a detection of an absent class", 1.0);
    assertThat(run(Suite.VQA, blind))
        .containsEntry("existence balanced accuracy", .5)
        .containsEntry("negative accuracy", 0.0);
    assertThat(run(Suite.ROUTING, blind)).containsEntry("detection: right tokens", 1.0);
  }

  @Test
  void picturesAreSearchedForWhatTheyShowAndOthers() throws IOException {
    var asked = new ArrayList<Set<String>>();
    var listening =
        new FakeSubject() {
          @Override
          public List<Detection> detect(Raster picture, List<String> classes, double threshold) {
            assertThat(threshold).isZero();
            assertThat(classes).doesNotHaveDuplicates();
            asked.add(new HashSet<>(classes));
            return List.of();
          }
        };
    var ticks = new ArrayList<Integer>();
    Suite.DETECTION.open(data).run(listening, SETTINGS, ticks::add);
    var first = List.copyOf(asked);
    asked.clear();
    run(Suite.DETECTION, listening);
    assertThat(asked).isEqualTo(first);
    assertThat(ticks).hasSize(40).endsWith(40);
    for (int i = 0; i < first.size(); i++) {
      var present = set.present(set.pictures().get(i));
      assertThat(first.get(i)).containsAll(present).hasSize(Math.max(4, present.size()));
    }
  }

  @Test
  void theLimitKeepsTheFirstPictures() throws IOException {
    var few = DataFolder.open(temp.resolve("out"), 3);
    assertThat(few.scenes().pictures()).isEqualTo(set.pictures().subList(0, 3));
    assertThat(few.scenes().classes()).hasSize(NAMES.size());
    assertThat(Suite.CAPTION.open(few).items()).isEqualTo(3);
  }

  @Test
  void badDataIsNamed() throws IOException {
    assertThatThrownBy(() -> DataFolder.open(temp.resolve("nowhere"), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nowhere does not exist");
    assertThatThrownBy(() -> Suite.DETECTION.open(DataFolder.open(temp.resolve("sources"), 1)))
        .hasMessageContaining("has no instances.json");
    assertThatThrownBy(() -> DataFolder.open(temp.resolve("out"), 0))
        .hasMessageContaining("limit is 0");
    assertThatThrownBy(() -> new Suites.Settings(20, 0, 1)).hasMessageContaining("batch 0");
    assertThatThrownBy(() -> new Suites.Settings(20, 1, 0)).hasMessageContaining("steps 0");
    Path mute = Files.createDirectory(temp.resolve("mute"));
    Files.copy(temp.resolve("out/instances.json"), mute.resolve("instances.json"));
    assertThatThrownBy(() -> Suite.CAPTION.open(DataFolder.open(mute, 9)))
        .isInstanceOf(MissingData.class)
        .hasMessageContaining("nothing for suite caption")
        .hasMessageContaining("conversations.jsonl");
    var turns =
        List.of(
            new Dialogue.Turn(Dialogue.Role.HUMAN, "<image>\nHow many?"),
            new Dialogue.Turn(Dialogue.Role.ASSISTANT, "many"));
    var image = data.instances().pictures().get(0).file();
    Files.createDirectory(mute.resolve("images"));
    Files.copy(temp.resolve("out").resolve(image), mute.resolve(image));
    var odd = new Dialogue("odd", image, "counting", turns, List.of(), "many");
    Files.writeString(mute.resolve("conversations.jsonl"), LlavaDataset.line(odd));
    var vqa = Suite.VQA.open(DataFolder.open(mute, 9));
    assertThatThrownBy(() -> vqa.run(new Parrot("", false), SETTINGS, done -> {}))
        .hasMessageContaining("odd")
        .hasMessageContaining("\"many\", should be a number");
  }
}
