package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.checkpoint.Init;
import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.data.ClassList;
import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.KeypointDataset;
import dev.visionllm.data.LlavaDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.data.SceneWriter;
import dev.visionllm.data.Scenes;
import dev.visionllm.data.Shapes;
import dev.visionllm.data.Templates;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.nn.Lora;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every task of a recipe with a model that has every tool: losses, and where gradients arrive. */
class TasksTest {
  private static final Path MODEL = Path.of("src/test/resources/tiny-assembly");
  private static final Path NO_POSE = Path.of("src/test/resources/tiny-model");
  private static final Recipe.Detector MASKS = new Recipe.Detector(4, 0, 20);
  private static final Recipe.Detector PLAIN = new Recipe.Detector(0, 0, 0);

  @TempDir static Path dir;

  @BeforeAll
  static void data() throws Exception {
    Scenes scenes = Shapes.scenes(dir, Scenes.Settings.DEFAULT.sized(64, 64), 7);
    Path data = dir.resolve("data");
    new SceneWriter(
            scenes, ClassList.nano(), Templates.builtIn(), new SceneWriter.Options(1, true, true))
        .write(data, 6, 1, n -> {});
    List<CocoDataset.Picture> pictures =
        CocoDataset.read(data.resolve("instances.json")).pictures();
    List<KeypointDataset.Category> categories =
        List.of(
            category(1, "person", "head", "hand", "foot"),
            category(2, "child", "head", "hand", "foot"),
            category(3, "fish", "eye", "tail"));
    List<KeypointDataset.Figure> figures = new ArrayList<>();
    for (CocoDataset.Picture p : pictures) {
      figures.add(figure(figures.size(), p, 1, 10, 10, 2, 20, 20, 1, 0, 0, 0));
      figures.add(figure(figures.size(), p, 3, 30, 30, 2, 40, 40, 2));
    }
    new KeypointDataset(pictures, figures, categories).write(data.resolve("keypoints.json"));
    inContext(data);
  }

  /** Words, then boxes, then pixels, of what the second of two pictures shows. */
  private static void inContext(Path data) throws IOException {
    List<Corpus.Picture> shown = shown();
    String name = shown.get(1).things().get(0).name();
    List<String> images =
        shown.subList(0, 2).stream().map(p -> p.file().getFileName().toString()).toList();
    List<Dialogue.Region> regions =
        List.of(new Dialogue.Region.Box(4, 4, 40, 40), new Dialogue.Region.Point(20, 20));
    String lines = "";
    for (String answer : List.of(name, name + "[DET]", name + "[SEG]")) {
      List<Dialogue.Turn> turns =
          List.of(
              new Dialogue.Turn(
                  Dialogue.Role.HUMAN, "<image>\n<region>: ball\n<image>\n<region>: ?"),
              new Dialogue.Turn(Dialogue.Role.ASSISTANT, answer));
      lines += LlavaDataset.line(new Dialogue(answer, images, "", turns, regions, null)) + "\n";
    }
    Files.writeString(data.resolve("mmic.jsonl"), lines);
    Files.writeString(data.resolve("conversations.jsonl"), lines, StandardOpenOption.APPEND);
  }

  private static KeypointDataset.Category category(long id, String name, String... points) {
    return new KeypointDataset.Category(
        new CocoDataset.Category(id, name, "thing"),
        new KeypointSet(name, List.of(points), List.of(), List.of()));
  }

  private static KeypointDataset.Figure figure(
      int number, CocoDataset.Picture p, long category, double... points) {
    CocoDataset.Annotation object =
        new CocoDataset.Annotation(
            number + 1L, p.id(), category, new Box(8, 8, 44, 44), 900, false, null, 1, null);
    return new KeypointDataset.Figure(object, Keypoints.of(points));
  }

  private static List<Path> folders() {
    return List.of(dir.resolve("data"));
  }

  private static Source conversations() {
    return new Source.Conversations(folders(), 1, 2, 400, Map.of());
  }

  private static Source keypoints(double narrow) {
    return new Source.Keypoints(folders(), 1, 0, narrow);
  }

  private static Source segmentation() {
    return new Source.Segmentation(folders(), 1, 5, 0.0);
  }

  private static Source interactive() {
    return new Source.Interactive(folders(), 1, 0);
  }

  private static List<Corpus.Picture> shown() throws IOException {
    return Corpus.read(folders()).pictures().stream().filter(p -> !p.things().isEmpty()).toList();
  }

  private static Source inContext() {
    return new Source.InContext(folders(), 1, 0);
  }

  static Stream<Arguments> tasks() {
    return Stream.of(
        Arguments.of(new Source.Objects(folders(), 1, 5, 0.5), "detection", List.of("det")),
        Arguments.of(new Source.Expressions(folders(), 1), "detection", List.of("det")),
        Arguments.of(segmentation(), "detection", List.of("det")),
        Arguments.of(interactive(), "detection", List.of("det")),
        Arguments.of(inContext(), "detection", List.of("det")),
        Arguments.of(keypoints(0.5), "pose", List.of("det", "pose")));
  }

  /** A model with adapters, and what a recipe of some sources makes of it. */
  private record Linked(Params params, Tokenizer tokenizer, LinkedObjective objective)
      implements AutoCloseable {
    static Linked of(Path folder, Recipe.Detector detector, List<Source> sources)
        throws IOException {
      Native.load();
      VisionLlmConfig config = VisionLlmConfig.read(folder);
      Tokenizer tokenizer = Tokenizer.load(folder);
      Params params = new Params(new Init(3));
      Lora.Config lora = new Lora.Config(Lora.Config.REFERENCE.targets(), 4, 8, false, 0);
      Multimodal model =
          new Multimodal(
              params.adapted(lora, new Init(3)),
              config.multimodal(),
              SpecialTokens.of(tokenizer)::id);
      Preprocess preprocess =
          new Preprocess(
              tokenizer,
              config.conversation(),
              config.tiles(),
              config.multimodal().tokensPerTile());
      Decoders decoders = Decoders.of(params, config);
      Painters none =
          new Painters(folder, decoders, new Recipe.Painter(0, 0, false, 0), Problems.refuse());
      Tasks tasks = new Tasks(config, preprocess, model, decoders, detector, none);
      List<SampleSource> opened = new ArrayList<>();
      for (Source s : sources) {
        opened.add(tasks.source(s));
      }
      params.taken().values().stream()
          .filter(Tensor::is_floating_point)
          .forEach(t -> t.requires_grad_(true));
      return new Linked(
          params,
          tokenizer,
          new LinkedObjective(opened, model, tasks.learners(), 0, false, Problems.refuse()));
    }

    /** The losses of one sample of each of some sources. */
    Map<String, Tensor> losses(int... sources) {
      List<Mixture.Item> items =
          IntStream.of(sources).mapToObj(s -> new Mixture.Item(s, 1)).toList();
      SplittableRandom random = new SplittableRandom(5);
      return objective.losses(objective.load(items, random), random).parts();
    }

    boolean moved(String name) {
      Tensor gradient = params.taken().get(name).grad();
      return gradient.defined()
          && gradient.isfinite().all().item_bool()
          && gradient.abs().max().item_float() > 0;
    }

    @Override
    public void close() {
      params.close();
      tokenizer.close();
    }
  }

  @ParameterizedTest
  @MethodSource("tasks")
  void aDecodersLossReachesItsQueriesAndTheLanguageModel(
      Source source, String part, List<String> tools) throws IOException {
    try (var scope = TensorScope.open();
        Linked l = Linked.of(MODEL, MASKS, List.of(source))) {
      Map<String, Tensor> losses = l.losses(0, 0);
      assertThat(losses).containsOnlyKeys("language", part);
      assertThat(losses.get("language").item_float()).isFinite();
      assertThat(losses.get(part).item_float()).isFinite().isPositive();
      losses.get(part).backward(); // alone: the words' loss reaches them too
      for (String tool : List.of("det", "pose", "gen", "edit")) {
        assertThat(l.moved("emb_embeddings_" + tool + ".weight"))
            .as("queries of %s", tool)
            .isEqualTo(tools.contains(tool));
      }
      assertThat(l.params().taken().keySet())
          .filteredOn(n -> n.contains("lora_B"))
          .isNotEmpty()
          .allMatch(l::moved);
      assertThat(
              l.params().taken().keySet().stream()
                  .filter(n -> n.startsWith("region_encoder"))
                  .anyMatch(l::moved))
          .as("marks are seen")
          .isEqualTo(source instanceof Source.Interactive || source instanceof Source.InContext);
    }
  }

  /** Rows of all tasks in one batch: each decoder gets its own rows' calls. */
  @Test
  void aMixedBatchIsJudgedAsItsRowsAlone() throws IOException {
    List<Source> sources =
        List.of(keypoints(0), conversations(), interactive(), segmentation(), keypoints(0));
    Recipe.Detector still = new Recipe.Detector(0, 0, 20); // nothing random in the poses' loss
    try (var scope = TensorScope.open();
        Linked l = Linked.of(MODEL, still, sources)) {
      Map<String, Tensor> mixed = l.losses(0, 1, 2, 3);
      assertThat(mixed).containsOnlyKeys("language", "detection", "pose");
      assertThat(mixed.values()).allMatch(t -> Float.isFinite(t.item_float()));
      assertThat(mixed.get("pose").item_float())
          .isCloseTo(l.losses(0).get("pose").item_float(), within(1e-3f));
      assertThat(l.losses(1)).containsOnlyKeys("language");
    }
  }

  @Test
  void aRunMixesAllTasks() throws IOException {
    Path run = dir.resolve("all");
    Trainer.Step step =
        onlyStep(
            run,
            """
            objective: linked
            data:
            - {task: conversations, folders: [data], dialogues: 2}
            - {task: objects, folders: [data], classes: 5}
            - {task: expressions, folders: [data]}
            - {task: segmentation, folders: [data], classes: 5}
            - {task: interactive, folders: [data], regions: 2}
            - {task: in-context, folders: [data], max_tiles: 2}
            - {task: keypoints, folders: [data], ratio: 2}
            lora: {rank: 4, alpha: 8}
            train: [".*lora_.*", "emb_embeddings_.*", "gdino.*", "unipose.*"]
            recompute: true
            steps: 1
            batch: 9
            mixed: true
            lr: 1.0e-3
            seed: 3
            detector: {denoising: 4, mask_points: 20}
            """);
    assertThat(step.parts()).containsOnlyKeys("language", "detection", "pose");
    assertThat(step.parts().values()).allMatch(Double::isFinite);
    assertThat(step.gradNorm()).isFinite().isPositive();
    assertThat(SafeTensors.open(run.resolve("model.safetensors")).entries().keySet())
        .anyMatch(n -> n.startsWith("unipose."));
  }

  /** With boxes each object is one, with pixels all objects of the class are. */
  @Test
  void inContextAnswersAreJudgedByTheLastPicture() throws IOException {
    try (var scope = TensorScope.open();
        Linked l = Linked.of(MODEL, MASKS, List.of(inContext(), conversations()))) {
      int talks = l.objective().data().get(1).size(); // the same three are the last of them
      List<Mixture.Item> items = new ArrayList<>();
      IntStream.range(0, 3).forEach(i -> items.add(new Mixture.Item(0, i)));
      items.add(new Mixture.Item(1, talks - 1));
      List<Sample> samples = l.objective().load(items, new SplittableRandom(5));
      assertThat(samples).allMatch(s -> s.row().inputs().images().size() == 2);
      assertThat(samples.get(0).target()).isNull();
      assertThat(samples.get(3).target()).isNull();
      assertThat(samples.get(3).row().labels()).isEqualTo(samples.get(2).row().labels());
      Corpus.Picture last = shown().get(1);
      String name = last.things().get(0).name();
      long n = last.things().stream().filter(t -> t.name().equals(name)).count();
      Objects boxes = (Objects) samples.get(1).target();
      assertThat(boxes.target().size()).isEqualTo((int) n);
      assertThat(boxes.classes()).isEqualTo(1);
      Objects pixels = (Objects) samples.get(2).target();
      assertThat(pixels.target().size()).isEqualTo(1);
      int plane = pixels.masks().length;
      boolean[] union = new boolean[plane];
      IntStream.range(0, boxes.masks().length).forEach(i -> union[i % plane] |= boxes.masks()[i]);
      assertThat(pixels.masks()).isEqualTo(union);
    }
  }

  @Test
  void decodersLearnFromCodesAlone() throws IOException {
    Map<String, Double> parts =
        onlyStep(
                dir.resolve("codes"),
                """
                objective: codes
                data:
                - {task: objects, folders: [data], classes: 5}
                - {task: interactive, folders: [data]}
                - {task: keypoints, folders: [data], narrow: 0.5}
                train: ["gdino.*", "unipose.*"]
                steps: 1
                batch: 6
                mixed: true
                lr: 1.0e-3
                seed: 3
                detector: {denoising: 4}
                """)
            .parts();
    assertThat(parts).containsOnlyKeys("detection", "pose");
    assertThat(parts.values()).allMatch(v -> Double.isFinite(v) && v > 0);
  }

  @Test
  void callsOfConversationsArePulledTowardsNamesAndPlaces() throws IOException {
    Map<String, Double> parts =
        onlyStep(
                dir.resolve("pulled"),
                """
                objective: linked
                data:
                - {task: conversations, folders: [data], dialogues: 40, tokens: 1000}
                train: ["llm.*"]
                steps: 1
                batch: 4
                lr: 1.0e-3
                link: 2
                """)
            .parts();
    assertThat(parts).containsOnlyKeys("language", "link", "place");
    assertThat(parts.values()).allMatch(v -> Double.isFinite(v) && v > 0);
  }

  /** Makes a run of one step. @param recipe what it is but for its model */
  private static Trainer.Step onlyStep(Path run, String recipe) throws IOException {
    Path file = Path.of(run + ".yaml");
    Files.writeString(file, "model: \"%s\"\n".formatted(MODEL.toAbsolutePath()) + recipe);
    try (Trainer t = new Trainer(Recipe.read(file), run, false)) {
      Trainer.Step step = t.next();
      assertThat(t.hasNext()).isFalse();
      return step;
    }
  }

  @Test
  void aClassHasTheSamePixelsInMapsAsInItsObjects() throws IOException {
    Corpus corpus = Corpus.read(folders());
    Corpus unmapped =
        new Corpus(corpus.pictures(), corpus.classes(), corpus.expressions(), Map.of(), List.of());
    assertThat(corpus.maps())
        .containsOnlyKeys(corpus.pictures().stream().map(Corpus.Picture::file).toList());
    for (Corpus.Picture p : corpus.pictures()) {
      assertThat(corpus.merged(p)).containsExactlyInAnyOrderElementsOf(unmapped.merged(p));
    }
  }

  @Test
  void whatDoesNotFitTheModelIsRefused() throws IOException {
    refused(NO_POSE, MASKS, keypoints(0), "no pose decoder: set use_unipose");
    refused(MODEL, PLAIN, segmentation(), "mask_points");
    Path blind = Files.createDirectories(dir.resolve("blind"));
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(NO_POSE.resolve(name), blind.resolve(name));
    }
    Files.writeString(
        blind.resolve("config.json"),
        Files.readString(NO_POSE.resolve("config.json"))
            .replace("\"use_region_encoder\": true", "\"use_region_encoder\": false"));
    refused(blind, MASKS, interactive(), "set use_region_encoder");
    Path many = Files.createDirectories(dir.resolve("many"));
    String[] points = IntStream.range(0, 21).mapToObj(i -> "point " + i).toArray(String[]::new);
    new KeypointDataset(List.of(), List.of(), List.of(category(1, "web", points)))
        .write(many.resolve("keypoints.json"));
    refused(MODEL, MASKS, keypoints(0).in(List.of(many)), "class web has 21 keypoints, more than");
    Path without = dir.resolve("sources"); // a folder that holds something else
    refused(MODEL, MASKS, keypoints(0).in(List.of(without)), "keypoints.json: there is no file");
    assertThatThrownBy(() -> new Source.Interactive(folders(), 1, -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("regions is -1");
  }

  private static void refused(Path model, Recipe.Detector detector, Source source, String message) {
    try (var scope = TensorScope.open()) {
      assertThatThrownBy(() -> Linked.of(model, detector, List.of(source)).close())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
    }
  }
}
