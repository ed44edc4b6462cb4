package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.geometry.Mask;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The files beside pictures and instances, held against the instances. */
class SceneFilesTest {
  private static final int PICTURES = 80;

  @TempDir static Path temp;
  private static Path out;
  private static CocoDataset data;
  private static Map<Long, CocoDataset.Annotation> annotations;
  private static List<Dialogue> dialogues;

  @BeforeAll
  static void write() throws Exception {
    out = temp.resolve("out");
    Scenes scenes = Shapes.scenes(temp, Scenes.Settings.DEFAULT.sized(128, 96), 21);
    writer(scenes).write(out, PICTURES, 2, n -> {});
    data = CocoDataset.read(out.resolve("instances.json"));
    annotations = new HashMap<>();
    data.annotations().forEach(a -> annotations.put(a.id(), a));
    dialogues = LlavaDataset.read(out.resolve("conversations.jsonl"));
  }

  private static SceneWriter writer(Scenes scenes) {
    SceneWriter.Options all = new SceneWriter.Options(1, true, true);
    return new SceneWriter(scenes, ClassList.nano(), Templates.builtIn(), all);
  }

  /** The values of an 8-bit gray PNG. */
  private static int[] gray(Path file) throws Exception {
    BufferedImage image = ImageIO.read(file.toFile());
    assertThat(image.getType()).isEqualTo(BufferedImage.TYPE_BYTE_GRAY);
    return image.getRaster().getPixels(0, 0, image.getWidth(), image.getHeight(), (int[]) null);
  }

  private static Mask mask(CocoDataset.Annotation a) {
    return a.segmentation().toRle(96, 128).toMask();
  }

  @Test
  void semanticMapsAgreeWithTheMasks() throws Exception {
    for (CocoDataset.Picture p : data.pictures()) {
      int[] expected = new int[p.width() * p.height()];
      for (CocoDataset.Annotation a : data.byPicture().get(p.id())) {
        boolean[] bits = mask(a).bits();
        for (int i = 0; i < bits.length; i++) if (bits[i]) expected[i] = (int) a.categoryId();
      }
      assertThat(gray(out.resolve(p.file().replace("images", "semantic")))).isEqualTo(expected);
    }
    assertThat(data.categories())
        .extracting(CocoDataset.Category::id)
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
  }

  @Test
  void saliencyIsTheMaskOfOneObjectWhereItIsWritten() throws Exception {
    int written = 0;
    for (CocoDataset.Picture p : data.pictures()) {
      Path file = out.resolve(p.file().replace("images", "saliency"));
      List<Dialogue> asked =
          dialogues.stream()
              .filter(d -> d.task().equals("saliency") && d.image().equals(p.file()))
              .toList();
      assertThat(asked).hasSize(Files.exists(file) ? 1 : 0);
      if (asked.isEmpty()) continue;
      written++;
      boolean[] bits = mask(annotations.get(Long.parseLong(asked.get(0).answer()))).bits();
      int[] values = gray(file);
      for (int i = 0; i < bits.length; i++) assertThat(values[i]).isEqualTo(bits[i] ? 255 : 0);
    }
    assertThat(written).isBetween(PICTURES / 8, PICTURES - 10);
  }

  @Test
  void refsPointAtAnnotations() throws Exception {
    JsonNode refs = JsonMapper.shared().readTree(Files.readString(out.resolve("refs.json")));
    Set<Long> ids = new HashSet<>();
    Set<String> said = new HashSet<>();
    for (JsonNode ref : refs) {
      CocoDataset.Annotation a = annotations.get(ref.get("ann_id").asLong());
      assertThat(ref.get("image_id").asLong()).isEqualTo(a.pictureId());
      assertThat(ref.get("category_id").asLong()).isEqualTo(a.categoryId());
      assertThat(out.resolve(ref.get("file_name").asString())).exists();
      assertThat(ref.get("split").asString()).isEqualTo("train");
      assertThat(ids.add(ref.get("ref_id").asLong())).isTrue();
      assertThat(ref.get("sentences").size()).isBetween(1, 3);
      for (JsonNode s : ref.get("sentences")) {
        assertThat(ids.add(-s.get("sent_id").asLong())).isTrue();
        assertThat(s.get("tokens").values().stream().map(JsonNode::asString).toList())
            .isEqualTo(List.of(s.get("sent").asString().split(" ")));
        said.add(a.id() + " " + s.get("raw").asString());
      }
    }
    assertThat(refs.size()).isGreaterThan(data.annotations().size() / 2);
    for (Dialogue d : dialogues) {
      if (!d.task().equals("grounding")) continue;
      String reply = d.turns().get(1).text().replace("Here it is: ", "");
      String expression = reply.substring(0, reply.indexOf("[GRD]"));
      assertThat(said).contains(d.answer() + " " + expression);
      assertThat(d.turns().get(0).text()).contains(expression);
    }
  }

  @Test
  void everyPictureHasCaptions() throws Exception {
    JsonNode file = JsonMapper.shared().readTree(Files.readString(out.resolve("captions.json")));
    assertThat(file.get("images").size()).isEqualTo(PICTURES);
    assertThat(file.get("images").get(0).get("file_name").asString())
        .isEqualTo("images/000000.png");
    Map<Long, List<String>> captions = new HashMap<>();
    Set<Long> ids = new HashSet<>();
    for (JsonNode a : file.get("annotations")) {
      assertThat(ids.add(a.get("id").asLong())).isTrue();
      captions
          .computeIfAbsent(a.get("image_id").asLong(), i -> new ArrayList<>())
          .add(a.get("caption").asString());
    }
    assertThat(captions).hasSize(PICTURES);
    for (CocoDataset.Annotation a : data.annotations()) {
      ClassList.Noun noun = ClassList.nano().noun(data.names().get(a.categoryId()));
      assertThat(captions.get(a.pictureId()))
          .doesNotHaveDuplicates()
          .allMatch(c -> c.contains(noun.name()) || c.contains(noun.plural()));
    }
  }

  @Test
  void regionsOfInteractiveQuestionsMarkTheObjectsOfTheAnswer() {
    Set<Class<?>> kinds = new HashSet<>();
    Set<Integer> counts = new HashSet<>();
    for (Dialogue d : dialogues) {
      if (!d.task().equals("interactive")) continue;
      String[] ids = d.answer().split(", ");
      assertThat(d.regions()).hasSameSizeAs(ids);
      counts.add(ids.length);
      for (int k = 0; k < ids.length; k++) {
        assertThat(d.turns().get(1).text()).contains("region " + (k + 1) + "[DET]");
        CocoDataset.Annotation a = annotations.get(Long.parseLong(ids[k]));
        kinds.add(d.regions().get(k).getClass());
        assertThat(marks(d.regions().get(k), a)).isTrue();
      }
    }
    assertThat(kinds).hasSize(4);
    assertThat(counts).containsExactlyInAnyOrder(1, 2, 3);
  }

  private static boolean marks(Region region, CocoDataset.Annotation a) {
    Mask mask = mask(a);
    if (region instanceof Region.Box b) {
      return new dev.visionllm.geometry.Box(b.x0(), b.y0(), b.x1(), b.y1()).equals(a.box());
    } else if (region instanceof Region.Point p) {
      return mask.get((int) p.x(), (int) p.y());
    } else if (region instanceof Region.Scribble s) {
      return s.points().stream().allMatch(p -> mask.get((int) p.x(), (int) p.y()));
    }
    return region.equals(new Region.Mask(a.segmentation().toRle(96, 128)));
  }

  @Test
  void groundedCaptionsCallTheDetectorForEveryClass() {
    for (Dialogue d : dialogues) {
      if (!d.task().equals("grounded_caption")) continue;
      List<String> classes =
          d.answer().isEmpty() ? List.of() : Arrays.asList(d.answer().split(", "));
      String[] parts = d.turns().get(1).text().split("\\[DET]", -1);
      assertThat(parts).hasSize(classes.size() + 1);
      for (int i = 0; i < classes.size(); i++) {
        ClassList.Noun noun = ClassList.nano().noun(classes.get(i));
        assertThat(parts[i]).matches(".* (" + noun.name() + "|" + noun.plural() + ")");
      }
    }
  }

  @Test
  void theReadersTakeAllFiles() throws Exception {
    Problems none = Problems.refuse();
    assertThat(ExpressionDataset.read(out.resolve("refs.json"), data, none).references())
        .isNotEmpty();
    assertThat(CaptionDataset.read(out.resolve("captions.json"), none).pictures())
        .isEqualTo(data.pictures());
    for (IndexMapDataset.Values values : IndexMapDataset.Values.values()) {
      String folder = values == IndexMapDataset.Values.CLASSES ? "semantic" : "saliency";
      IndexMapDataset maps =
          IndexMapDataset.open(out.resolve(folder), out.resolve("images"), values, 9, none);
      assertThat(maps.samples()).isNotEmpty();
      for (IndexMapDataset.Sample s : maps.samples())
        assertThat(maps.read(s).width()).isEqualTo(128);
    }
  }

  @Test
  void mapsOfTooManyClassesAreRefused() throws Exception {
    Path many = Files.createDirectories(temp.resolve("many"));
    Path one = Shapes.folder(temp).resolve("apple.png");
    for (int i = 0; i < 256; i++) Files.copy(one, many.resolve("thing" + i + ".png"));
    Scenes scenes =
        new Scenes(
            Cutouts.load(List.of(many), 32),
            Backgrounds.DRAWN,
            Scenes.Settings.DEFAULT.sized(64, 64),
            1);
    assertThatThrownBy(() -> writer(scenes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("256 classes");
  }
}
