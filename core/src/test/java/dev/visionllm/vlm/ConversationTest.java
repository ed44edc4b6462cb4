package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.NoLeaks;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.image.Raster;
import dev.visionllm.link.Route;
import dev.visionllm.model.diffusion.Denoising;
import dev.visionllm.model.llama.Caches;
import dev.visionllm.model.llama.KvCache;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Picture;
import dev.visionllm.result.Pose;
import dev.visionllm.result.Segment;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All tools in one model and one conversation: tokens choose decoders, which come when called. */
class ConversationTest {
  private static final double TOLERANCE = 2e-5;

  @TempDir private static Path dir;
  private static VisionLlm model;

  @BeforeAll
  static void load() throws IOException {
    model = VisionLlm.load(Assembled.write(dir));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static Raster picture(long seed) {
    byte[] rgb = new byte[70 * 50 * 3];
    new Random(seed).nextBytes(rgb);
    return new Raster(70, 50, rgb);
  }

  private static List<Class<?>> kinds(Answer answer) {
    return answer.findings().stream().<Class<?>>map(Finding::getClass).distinct().toList();
  }

  @Test
  void eachTurnsTokensCallTheirDecoder() {
    model.unloadDecoders();
    VisionLlm.Options options = model.options();
    Raster shown = picture(1);
    Chat chat = model.chat();

    Answer found = chat.guide(Prompt.of("Detect dog, cat.", shown), "dog[DET], cat[DET].", options);
    assertThat(kinds(found)).containsExactly(Segment.class); // boxes with masks, where there are
    assertThat(found.findings()).extracting(Finding::label).containsOnly("dog", "cat");
    assertThat(model.loadedDecoders()).containsExactly("gdino");

    VisualPrompt mark = new VisualPrompt.PointPrompt(20, 20);
    Prompt marked = new Prompt("Segment it.", List.of(shown), List.of(mark));
    Answer segmented = chat.guide(marked, "the thing[GRD].", options);
    assertThat(segmented.segments()).hasSize(1); // an expression means one object
    assertThat(segmented.segments().get(0).mask().width()).isEqualTo(70);
    assertThat(segmented.segments().get(0).mask().height()).isEqualTo(50);
    assertThat(model.loadedDecoders()).containsExactly("gdino");

    Answer posed =
        chat.guide(
            new Prompt("Find its keypoints.", List.of(), List.of()),
            "person[DET], nose[POSE], left eye[POSE].",
            options);
    assertThat(kinds(posed)).containsExactly(Pose.class);
    assertThat(posed.poses().get(0).set().points()).containsExactly("nose", "left eye");
    assertThat(model.loadedDecoders()).containsExactly("gdino", "unipose");

    Answer drawn =
        chat.guide(new Prompt("Draw a cat.", List.of(), List.of()), "Here it is [GEN]", options);
    assertThat(kinds(drawn)).containsExactly(Picture.class);
    Picture made = drawn.pictures().get(0);
    assertThat(made.provenance()).containsEntry("prompt", "Draw a cat.").containsKey("seed");
    assertThat(model.loadedDecoders()).containsExactly("gdino", "unipose", "sd");

    Prompt edit = Prompt.of("Make it blue.", Raster.of(made.image()));
    Answer edited;
    try (AnswerStream stream = chat.open(edit, "Here it is [EDIT]", options)) {
      Inputs before = chat.inputs(edit);
      edited = chat.close(edit, stream);
      sameAsOneForward(before, model.tokenizer().encode("Here it is [EDIT]"), stream.state());
    }
    assertThat(kinds(edited)).containsExactly(Picture.class);
    assertThat(edited.pictures().get(0).image().getWidth()).isEqualTo(made.image().getWidth());
    assertThat(model.loadedDecoders()).containsExactly("gdino", "unipose", "sd", "ip2p");

    // two tools in one answer; the picture that was made last is the one they look at
    Answer both =
        chat.guide(
            new Prompt("What is it?", List.of(), List.of()), "A cat[SEG]. Redone [EDIT]", options);
    assertThat(kinds(both)).containsExactly(Segment.class, Picture.class);
    assertThat(both.segments().get(0).mask().width())
        .isEqualTo(edited.pictures().get(0).image().getWidth());

    model.unloadDecoders();
    assertThat(model.loadedDecoders()).isEmpty();
    assertThat(model.ground(shown, "the dog", 0)).isPresent();
    assertThat(model.loadedDecoders()).containsExactly("gdino");
  }

  /** The state after the last turn is that of one forward pass over the whole conversation. */
  private static void sameAsOneForward(Inputs before, int[] answer, Decoding state) {
    Multimodal m = model.multimodal();
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard();
        KvCache fresh = new KvCache(m.llm().config())) {
      int[] ids = IntStream.concat(Arrays.stream(before.ids()), Arrays.stream(answer)).toArray();
      Multimodal.Embedded e =
          m.embed(
              List.of(new Inputs(ids, before.images(), before.regions())), new SplittableRandom(0));
      int t = e.lengths()[0];
      Tensor hidden =
          m.llm().forward(e.embeddings(), Masks.positions(1, 0, t), Masks.causal(t), fresh);
      double cached = Caches.difference(state.cache(), fresh, m.llm().config().layers());
      double most =
          difference(Tensors.floats(m.llm().logits(hidden.select(1, t - 1))), state.logits()[0]);
      int calls = 0;
      List<Route> together = m.links().collect(hidden, e.slots());
      for (Route route : together) {
        List<Tensor> parts = List.of(route.queries());
        List<Route> mine =
            IntStream.of(0, 1)
                .boxed()
                .flatMap(i -> (i == 0 ? state.promptRoutes(0) : state.routes(0)).stream())
                .filter(r -> r.tool() == route.tool())
                .toList();
        float[] ours =
            Tensors.floats(dev.visionllm.nn.F.cat(0, mine.stream().map(Route::queries).toList()));
        most = Math.max(most, difference(Tensors.floats(parts.get(0)), ours));
        calls += route.slots().size();
      }
      System.out.printf(
          "conversation of %d tokens and %d tool calls: maximum difference %.2e, of the cache"
              + " %.2e%n",
          t, calls, most, cached);
      assertThat(cached).isLessThan(TOLERANCE);
      assertThat(calls).isEqualTo(8);
      assertThat(most).isLessThan(TOLERANCE);
    }
  }

  private static double difference(float[] a, float[] b) {
    assertThat(a).hasSameSizeAs(b);
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  @Test
  void guidedRequestsCallTheSameTools() {
    Raster shown = picture(2);
    assertThat(model.segment(shown, List.of("dog", "cat"), 0))
        .isNotEmpty()
        .allMatch(s -> s.mask().width() == 70);
    assertThat(model.detect(shown, List.of("dog", "cat"), 0))
        .hasSameSizeAs(model.segment(shown, List.of("dog", "cat"), 0));
    assertThat(model.semantic(shown, List.of("dog", "cat")).labels()).hasSize(70 * 50);
    List<VisualPrompt> marks =
        List.of(VisualPrompt.BoxPrompt.of(2, 3, 70, 50), VisualPrompt.BoxPrompt.of(0, 0, 40, 30));
    assertThat(model.segmentMarked(shown, marks, 0))
        .extracting(Segment::label)
        .containsExactly("region 1", "region 2");
    Map<String, dev.visionllm.geometry.KeypointSet> sets = new LinkedHashMap<>();
    sets.put("person", KeypointSets.COCO);
    sets.put("heron", dev.visionllm.geometry.KeypointSet.ofList("beak, left wing"));
    List<Pose> poses = model.pose(shown, sets, 0);
    assertThat(poses).extracting(Pose::label).contains("person", "heron");
    assertThat(poses).allMatch(p -> p.keypoints().points().size() == p.set().size());
    assertThatThrownBy(() -> model.semantic(shown, List.of("dog", "dog")))
        .hasMessageContaining("named twice");
    assertThatThrownBy(() -> model.generate(" ", "", model.generation()))
        .hasMessageContaining("name at least one");
  }

  @Test
  void seedsMakeTheSamePictureAgain() {
    var settings = model.generation();
    assertThat(generated(3, settings)).isEqualTo(generated(3, settings));
    assertThat(generated(3, settings)).isNotEqualTo(generated(4, settings));
  }

  private static Raster generated(long seed, dev.visionllm.model.diffusion.Settings settings) {
    try (Denoising run = model.generate("a cat", "", settings.seeded(seed))) {
      run.forEachRemaining(step -> assertThat(step.number()).isPositive());
      return run.pictures().get(0);
    }
  }

  @Test
  void holdsNoMemoryAfterwards() {
    Raster shown = picture(4);
    VisionLlm.Options options = model.options();
    NoLeaks.assertFlat(
        () -> {
          Chat chat = model.chat();
          chat.guide(
              Prompt.of("All of it.", shown),
              "dog[DET], cat[SEG], person[DET], nose[POSE]. It [GRD]",
              options);
          chat.guide(
              new Prompt("Draw.", List.of(), List.of()), "Here [GEN] and there [EDIT]", options);
        });
    NoLeaks.assertFlat(
        () -> {
          model.detect(shown, List.of("dog"), 0);
          model.unloadDecoders();
        });
  }
}
