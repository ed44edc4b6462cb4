package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.Init;
import dev.visionllm.data.HandMade;
import dev.visionllm.data.Problems;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.Assembled;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generation and editing learn behind the super-link, and before it without a language model. */
class PaintingTest {
  private static final Path WITHOUT = Path.of("src/test/resources/tiny-model").toAbsolutePath();
  private static final String PAIRS = "- {task: generation, folders: [pairs]}\n";
  private static final String EDITS = "- {task: editing, folders: [edits]}\n";
  private static final String PICTURES = "- {task: pictures, folders: [pairs]}\n";

  @TempDir static Path dir;
  private static Path model;

  @BeforeAll
  static void data() throws IOException {
    Native.load();
    model = Assembled.files(dir.resolve("model"));
    Path pairs = Files.createDirectories(dir.resolve("pairs"));
    Path edit = Files.createDirectories(dir.resolve("edits/one"));
    int[] colours = {0xcc2222, 0x22cc22, 0x2222cc, 0xcccc22};
    for (int i = 0; i < colours.length; i++) {
      ImageFiles.writePng(halves(colours[i], 0xf0f0f0), pairs.resolve(i + ".png"));
      Files.writeString(pairs.resolve(i + ".txt"), "number " + i + " beside white");
    }
    ImageFiles.writePng(halves(0xcc2222, 0x101010), edit.resolve("7_0.png"));
    ImageFiles.writePng(halves(0xcc2222, 0xf0f0f0), edit.resolve("7_1.png"));
    Files.writeString(
        edit.resolve("prompt.json"),
        "{\"input\": \"red and black\", \"edit\": \"make it white\", \"output\": \"red\"}");
    Files.writeString(dir.resolve("edits/seeds.json"), "[[\"one\", [7]]]");
  }

  /** One colour on the left, one on the right. */
  private static Raster halves(int left, int right) {
    Raster r = Raster.filled(24, 20, left);
    Raster other = Raster.filled(12, 20, right);
    for (int y = 0; y < 20; y++) {
      System.arraycopy(other.rgb(), 3 * 12 * y, r.rgb(), 3 * (24 * y + 12), 3 * 12);
    }
    return r;
  }

  private static Recipe recipe(Path of, String objective, String data, String train)
      throws IOException {
    return recipe(of, objective, data, train, "");
  }

  private static Recipe recipe(Path of, String objective, String data, String train, String painter)
      throws IOException {
    Path file = dir.resolve("recipe.yaml");
    Files.writeString(
        file,
        """
        model: "%s"
        objective: %s
        data:
        %strain: ['%s']
        steps: 40
        batch: 2
        mixed: true
        lr: 3.0e-3
        seed: 3
        painter: {generation: 16, editing: 8%s}
        """
            .formatted(of, objective, data, train, painter));
    return Recipe.read(file);
  }

  @Test
  void anAutoencoderComesToShowPictures() throws IOException {
    Recipe recipe = recipe(model, "autoencoder", PICTURES, "sd[.]sd_vae[.].*");
    List<Trainer.Step> steps = new ArrayList<>();
    try (Trainer t = new Trainer(recipe, dir.resolve("autoencoder"), false)) {
      t.forEachRemaining(steps::add);
    }
    double first = reconstruction(steps.subList(0, 5));
    double last = reconstruction(steps.subList(35, 40));
    System.out.printf("reconstruction from %.4f to %.4f%n", first, last);
    assertThat(last).isLessThan(0.6 * first);
    assertThat(steps).allMatch(s -> Double.isFinite(s.parts().get("divergence")));
  }

  private static double reconstruction(List<Trainer.Step> steps) {
    return steps.stream().mapToDouble(s -> s.parts().get("reconstruction")).average().orElseThrow();
  }

  /** A model and the objective of its recipe, without an optimiser. */
  private static final class Fixture implements AutoCloseable {
    final Params params = new Params(new Init(5));
    final Tokenizer tokenizer = Tokenizer.load(model);
    final Multimodal multimodal;
    final Painters painters;
    final List<SampleSource> sources = new ArrayList<>();

    Fixture(Recipe recipe) throws IOException {
      VisionLlmConfig c = VisionLlmConfig.read(model);
      multimodal = new Multimodal(params, c.multimodal(), SpecialTokens.of(tokenizer)::id);
      Preprocess preprocess =
          new Preprocess(tokenizer, c.conversation(), c.tiles(), c.multimodal().tokensPerTile());
      Decoders decoders = Decoders.of(params, c);
      painters = new Painters(model, decoders, recipe.painter(), Problems.refuse());
      Tasks tasks = new Tasks(c, preprocess, multimodal, decoders, recipe.detector(), painters);
      for (Source s : recipe.data()) {
        sources.add(tasks.source(s));
      }
      params
          .taken()
          .forEach((name, t) -> t.requires_grad_(t.is_floating_point() && recipe.trains(name)));
    }

    /** Number of tensors below a name that have a gradient that is not zero; all are finite. */
    long learning(String prefix) {
      long n = 0;
      for (var e : params.taken().entrySet()) {
        Tensor g = e.getValue().grad();
        if (e.getKey().startsWith(prefix) && g.defined()) {
          double most = g.abs().max().item_double();
          assertThat(most).as("gradient of " + e.getKey()).isFinite();
          n += most > 0 ? 1 : 0;
        }
      }
      return n;
    }

    @Override
    public void close() {
      sources.forEach(SampleSource::close);
      params.close();
      tokenizer.close();
    }
  }

  private static List<Mixture.Item> items(int n) {
    return IntStream.range(0, n).mapToObj(i -> new Mixture.Item(i, 0)).toList();
  }

  @Test
  void theLossOfAPictureReachesQueriesAndLanguageModel() throws IOException {
    gradients("generation", "gen", "edit", "sd", "ip2p");
    gradients("editing", "edit", "gen", "ip2p", "sd");
  }

  /** Of a batch with both kinds only one loss goes backward. */
  private static void gradients(
      String part, String mine, String other, String decoder, String otherDecoder)
      throws IOException {
    Recipe recipe = recipe(model, "linked", PAIRS + EDITS, "(?!sd[.]sd_unet).*");
    try (var scope = TensorScope.open();
        Fixture f = new Fixture(recipe)) {
      Objective.Losses losses = linked(f);
      assertThat(losses.parts()).containsOnlyKeys("language", "generation", "editing");
      losses.parts().get(part).backward();
      losses.chain().backward();
      assertThat(f.learning("emb_embeddings_" + mine)).isEqualTo(1);
      assertThat(f.learning("emb_embeddings_" + other)).isZero();
      assertThat(f.learning("llm.model.layers.0.")).isEqualTo(9);
      assertThat(f.learning(decoder + ".emb_proj.")).isEqualTo(4);
      assertThat(f.learning(decoder + ".llm2sd_mapper")).isGreaterThan(20);
      assertThat(f.learning(decoder + ".sd_vae.")).isZero();
      assertThat(f.learning(decoder + ".sd_text_encoder.")).isZero();
      assertThat(f.learning(decoder + ".sd_unet.") > 0).isEqualTo(decoder.equals("ip2p"));
      assertThat(f.learning(otherDecoder + ".")).isZero();
    }
  }

  /** Losses of a batch with both kinds. */
  private static Objective.Losses linked(Fixture f) {
    LinkedObjective objective =
        new LinkedObjective(
            f.sources,
            f.multimodal,
            List.copyOf(f.painters.learners()),
            0,
            true,
            Problems.refuse());
    SplittableRandom random = new SplittableRandom(2);
    return objective.losses(objective.load(items(2), random), random);
  }

  @Test
  void theLinkCanLearnFromCaptionsAlone() throws IOException {
    Recipe recipe = recipe(model, "linked", PAIRS + EDITS, "sd[.].*", ", captions_only: 1");
    try (var scope = TensorScope.open();
        Fixture f = new Fixture(recipe)) {
      Objective.Losses losses = linked(f);
      losses.parts().get("generation").backward();
      losses.chain().backward();
      assertThat(f.learning("sd.llm2sd_mapper")).isGreaterThan(20);
      assertThat(f.learning("sd.sd_")).isZero();
    }
    double one = captionLoss(1), four = captionLoss(4);
    assertThat(one).isPositive();
    assertThat(four).isCloseTo(4 * one, within(1e-5));
  }

  private double captionLoss(int weight) throws IOException {
    Recipe recipe = recipe(model, "linked", PAIRS + EDITS, "sd[.].*", ", captions_only: " + weight);
    try (var scope = TensorScope.open();
        Fixture f = new Fixture(recipe)) {
      return linked(f).parts().get("generation").item_float();
    }
  }

  @Test
  void denoiserAndTextEncoderLearnWithoutALanguageModel() throws IOException {
    Recipe recipe = recipe(model, "diffusion", PAIRS + EDITS, ".*");
    try (var scope = TensorScope.open();
        Fixture f = new Fixture(recipe)) {
      DiffusionObjective objective =
          new DiffusionObjective(
              f.sources.stream().map(PaintingSource.class::cast).toList(), f.painters.learners());
      SplittableRandom random = new SplittableRandom(2);
      Objective.Losses losses = objective.losses(objective.load(items(2), random), random);
      assertThat(losses.parts()).containsOnlyKeys("generation", "editing");
      losses.parts().get("generation").add(losses.parts().get("editing")).backward();
      for (String decoder : List.of("sd.", "ip2p.")) {
        assertThat(f.learning(decoder + "sd_unet.")).isGreaterThan(50);
        assertThat(f.learning(decoder + "sd_text_encoder.")).isGreaterThan(20);
        assertThat(f.learning(decoder + "sd_vae.")).isZero();
        assertThat(f.learning(decoder + "emb_proj.")).isZero();
      }
      assertThat(f.learning("llm.")).isZero();
    }
  }

  /** With the released names: the picture to edit has no say until it has been learnt. */
  @Test
  void editingStartsAsGenerationStands() throws IOException {
    VisionLlmConfig c = VisionLlmConfig.read(model);
    try (var scope = TensorScope.open();
        Params p = new Params(new EditingStart(new Init(3)))) {
      Decoders decoders = Decoders.of(p, c);
      var noise = Tensors.options(ScalarType.Float);
      Tensor latents = torch.randn(new long[] {2, 4, 8, 8}, noise);
      Tensor picture = torch.randn(new long[] {2, 4, 8, 8}, noise);
      Tensor context = torch.randn(new long[] {2, 9, c.sd().mapper().hidden()}, noise);
      Tensor times = Tensors.of(new long[] {10, 700}, 2);
      Tensor drawn = decoders.sd().unet().forward(latents, times, context);
      Tensor edited = decoders.ip2p().unet().forward(F.cat(1, latents, picture), times, context);
      double most = drawn.sub(edited).abs().max().item_double();
      System.out.printf("largest difference %.2e%n", most);
      assertThat(most).isLessThan(1e-5);
      Tensor words = Tensors.of(new long[] {0, 7, 2}, 1, 3);
      Tensor one = decoders.sd().textEncoder().forward(words);
      assertThat(one.equal(decoders.ip2p().textEncoder().forward(words))).isTrue();
    }
  }

  @Test
  void aRecipeStartsEditingFromARunThatDraws() throws IOException {
    Recipe draws = recipe(model, "diffusion", PAIRS, "sd[.].*");
    try (Trainer t = new Trainer(draws, dir.resolve("draws"), false)) {
      t.next();
      t.save();
    }
    Path file = dir.resolve("recipe.yaml");
    recipe(model, "diffusion", EDITS, "ip2p[.].*");
    String asDraws =
        Files.readString(file).replace("editing: 8}", "editing: 8, edits_as_draws: true}");
    Files.writeString(file, asDraws);
    Recipe fromNothing = Recipe.read(file);
    assertThatThrownBy(() -> new Trainer(fromNothing, dir.resolve("from-nothing"), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "edits_as_draws starts from trained weights, but no pattern of the recipe's from"
                + " matches sd.sd_unet.conv_in.weight");
    Files.writeString(file, asDraws + "\nfrom: {'.*': draws}\n");
    try (Trainer t = new Trainer(Recipe.read(file), dir.resolve("edits-as-draws"), false)) {
      t.save();
    }
    try (var scope = TensorScope.open()) {
      Params.Source run = Checkpoint.open(dir.resolve("draws")).withHardware(Hardware.CPU);
      Params.Source start =
          Checkpoint.open(dir.resolve("edits-as-draws")).withHardware(Hardware.CPU);
      Tensor drawn = run.get("sd.sd_unet.conv_in.weight", 16, 4, 3, 3);
      Tensor edits = start.get("ip2p.sd_unet.conv_in.weight", 16, 8, 3, 3);
      assertThat(F.slice(edits, 1, 0, 4).equal(drawn)).isTrue();
      assertThat(F.slice(edits, 1, 4, 8).abs().max().item_double()).isZero();
    }
  }

  @Test
  void theSameSeedGivesTheSameSteps() throws IOException {
    Recipe recipe = recipe(model, "diffusion", PAIRS + EDITS, "(sd|ip2p)[.].*");
    List<Trainer.Step> once = steps(recipe, "once");
    assertThat(once).allMatch(s -> s.gradNorm() > 0);
    assertThat(steps(recipe, "again")).isEqualTo(once);
  }

  private static List<Trainer.Step> steps(Recipe recipe, String run) throws IOException {
    try (Trainer t = new Trainer(recipe, dir.resolve(run), false)) {
      return List.of(t.next(), t.next());
    }
  }

  @Test
  void wrongCombinationsSayWhatToDo() throws IOException {
    refused(recipe(WITHOUT, "linked", PAIRS, ".*"), "use_sd");
    refused(recipe(WITHOUT, "diffusion", EDITS, ".*"), "use_ip2p");
    String classes = "- {task: objects, folders: [data]}\n";
    refused(recipe(model, "diffusion", classes, ".*"), "the recipe has task objects");
    refused(recipe(WITHOUT, "autoencoder", PICTURES, ".*"), "match neither");
    refused(recipe(model, "autoencoder", PICTURES, ".*"), "match both");
    refused(recipe(model, "autoencoder", PAIRS, "sd[.].*"), "task pictures only");
    refused(recipe(model, "linked", PICTURES, ".*"), "the recipe has task pictures");
    String elsewhere = "- {task: pictures, folders: [nowhere]}\n";
    refused(recipe(model, "autoencoder", elsewhere, "sd[.].*"), "does not exist");
    recipe(model, "linked", PAIRS, ".*");
    Path odd = dir.resolve("odd.yaml");
    Files.writeString(
        odd, Files.readString(dir.resolve("recipe.yaml")).replace("ation: 16", "ation: 15"));
    refused(Recipe.read(odd), "multiple of 2");
  }

  private static void refused(Recipe recipe, String words) {
    assertThatThrownBy(() -> new Trainer(recipe, dir.resolve("refused"), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(words);
  }

  /** COCO's file, a shard beside others, and pairs in a folder. */
  @Test
  void captionsComeInSeveralLayouts() throws IOException {
    Path coco = Files.createDirectories(dir.resolve("coco/images")).getParent();
    Files.copy(dir.resolve("pairs/1.png"), coco.resolve("images/a.png"));
    Files.writeString(
        coco.resolve("captions.json"),
        """
        {"images": [{"id": 5, "file_name": "images/a.png", "width": 24, "height": 20}],
         "annotations": [{"id": 1, "image_id": 5, "caption": "green"},
                         {"id": 2, "image_id": 5, "caption": "green and white"}]}
        """);
    Path shards = Files.createDirectories(dir.resolve("shards"));
    HandMade.tar(
        shards.resolve("000.tar"),
        List.of(
            new HandMade.Entry("x.png", Files.readAllBytes(dir.resolve("pairs/0.png"))),
            HandMade.Entry.of("x.txt", "red")));
    Source.Generation all = new Source.Generation(List.of(coco, shards, dir.resolve("pairs")), 1);
    try (GenerationSamples s = new GenerationSamples(all, null, 16, Problems.refuse())) {
      assertThat(IntStream.range(0, s.size()).mapToObj(i -> s.painting(i).text()))
          .startsWith("green", "green and white", "red", "number 0 beside white")
          .hasSize(7);
      Raster padded = s.painting(2).picture(); // 24 x 20 on white
      assertThat(padded.width()).isEqualTo(16);
      assertThat(padded.pixel(2, 0)).isEqualTo(0xffffff);
      assertThat(padded.pixel(2, 8)).isEqualTo(0xcc2222);
    }
  }

  @Test
  void captionsWithSpecialTokensAreNoWords() {
    assertThat(PaintingSource.plain("a dog [DE]")).isEqualTo("a dog [DE]");
    assertThatThrownBy(() -> PaintingSource.plain("a dog [DET]"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[DET]");
  }
}
