package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.checkpoint.Init;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.data.Dialogue.Turn;
import dev.visionllm.image.Raster;
import dev.visionllm.image.Tiles;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.Labels;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.Guided;
import dev.visionllm.vlm.Inputs;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PackerTest {
  private Tokenizer tokenizer;
  private Params params;
  private Multimodal model;
  private Packer packer;

  @BeforeEach
  void open() throws Exception {
    Native.load();
    tokenizer = Tokenizer.load(Path.of("../models/nano"));
    params = new Params(new Init(3));
    Multimodal.Config config =
        new Multimodal.Config(
            new ClipVision.Config(28, 14, 16, 32, 3, 2, 1e-5),
            "mlp2x_gelu",
            false,
            -2,
            8,
            new Llama.Config(tokenizer.size(), 32, 48, 2, 4, 4, 1e-5, 10_000, 256, false),
            4,
            false,
            8);
    try (var scope = TensorScope.open()) {
      model = new Multimodal(params, config, SpecialTokens.of(tokenizer)::id);
    }
    Preprocess preprocess =
        new Preprocess(
            tokenizer,
            Conversation.named("vicuna_v1"),
            new Tiles(Tiles.Mode.ANYRES, 28, 1),
            config.tokensPerTile());
    packer = new Packer(preprocess, model.links(), 4, 256);
  }

  @AfterEach
  void close() {
    params.close();
    tokenizer.close();
  }

  private static final Raster PICTURE = Raster.filled(40, 30, 0x3366cc);

  private static Dialogue dialogue(String id, String question, String answer) {
    return new Dialogue(
        id,
        "a.png",
        "",
        List.of(new Turn(Role.HUMAN, "<image>\n" + question), new Turn(Role.ASSISTANT, answer)),
        List.of(),
        null);
  }

  private static final List<Dialogue> TALK =
      List.of(
          dialogue("a", "Is there a dog?", "Yes."),
          dialogue("b", "Detect the cat and dog.", "cat[DET], dog[DET]."),
          dialogue("c", "How many apples are there?", "3"));

  private Packer.Row pack(List<Dialogue> dialogues) {
    return pack(packer, dialogues);
  }

  private static Packer.Row pack(Packer packer, List<Dialogue> dialogues) {
    return packer.pack(PICTURE, dialogues, d -> Meaning.of(d, null, List.of("cat", "dog")));
  }

  private double loss(Packer.Row row) {
    try (var scope = TensorScope.open()) {
      int t = row.labels().length;
      Multimodal.Embedded e = model.embed(List.of(row.inputs()), new SplittableRandom(1));
      int[][] segments = {row.segments()};
      Tensor hidden =
          model
              .llm()
              .forward(
                  e.embeddings(), Masks.segmentPositions(segments), Masks.segments(segments), null);
      long[] labels = Arrays.stream(row.labels()).asLongStream().toArray();
      return Tensors.floats(
          LanguageLoss.ofHidden(hidden, model.llm().head(), Tensors.of(labels, 1, t)))[0];
    }
  }

  private static long supervised(Packer.Row row) {
    return Arrays.stream(row.labels()).filter(l -> l != Labels.IGNORE).count();
  }

  @Test
  void aPackedRowTeachesWhatItsDialoguesTeachAlone() {
    Packer.Row packed = pack(TALK);
    double sum = 0;
    long tokens = 0;
    for (Dialogue d : TALK) {
      Packer.Row alone = pack(List.of(d));
      sum += loss(alone) * supervised(alone);
      tokens += supervised(alone);
    }
    double difference = Math.abs(loss(packed) - sum / tokens);
    System.out.printf("packed against single dialogues: loss differs by %.3g%n", difference);
    assertThat(supervised(packed)).isEqualTo(tokens);
    assertThat(difference).isLessThan(1e-5);
  }

  @Test
  void toolCallsKeepTheirNamesAndTheirQueriesAreNotSupervised() {
    Packer.Row row = pack(TALK);
    assertThat(row.calls())
        .extracting(Packer.Call::meaning)
        .containsExactly(Meaning.of("cat"), Meaning.of("dog"));
    int emb = SpecialTokens.of(tokenizer).emb(0);
    int[] ids = row.inputs().ids();
    assertThat(Arrays.stream(ids).filter(i -> i == emb).count()).isEqualTo(2);
    for (int i = 0; i < ids.length; i++) {
      if (SpecialTokens.of(tokenizer).isEmb(ids[i])) {
        assertThat(row.labels()[i]).isEqualTo(Labels.IGNORE);
      }
    }
  }

  @Test
  void aRequestWithoutAPictureCallsItsToolAlone() {
    Packer.Row row = packer.pack(Guided.generate("a red dog"));
    assertThat(row.inputs().images()).isEmpty();
    assertThat(row.calls()).extracting(Packer.Call::token).containsExactly("[GEN]");
    int gen = SpecialTokens.of(tokenizer).id("[GEN]");
    assertThat(Arrays.stream(row.labels()).filter(l -> l == gen).count()).isEqualTo(1);
    int emb = SpecialTokens.of(tokenizer).emb(0);
    assertThat(Arrays.stream(row.inputs().ids()).filter(i -> i == emb).count()).isEqualTo(8);
    assertThat(row.labels()).hasSameSizeAs(row.segments()).doesNotContain(emb);
    assertThat(loss(row)).isFinite();
    Packer tiny = new Packer(preprocess(), model.links(), 4, 10);
    assertThatThrownBy(() -> tiny.pack(Guided.generate("a red dog")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 10");
  }

  /** As inference reads it, with queries; the second picture has three tiles. */
  @Test
  void aRowOfTwoPicturesHasEachInItsPlace() {
    Preprocess two = preprocess().withMost(2);
    List<Raster> pictures = List.of(PICTURE, Raster.filled(80, 30, 0xcc6633));
    List<Turn> turns =
        List.of(
            new Turn(Role.HUMAN, "<image>\n<region> is a cat.\n<image>\nWhat is <region>?"),
            new Turn(Role.ASSISTANT, "A dog."),
            new Turn(Role.HUMAN, "Find what is like <region>."),
            new Turn(Role.ASSISTANT, "dog[DET]"));
    List<Dialogue.Region> regions =
        List.of(
            new Dialogue.Region.Box(0, 0, 20, 15),
            new Dialogue.Region.Box(60, 0, 80, 30),
            new Dialogue.Region.Point(10, 10));
    Dialogue d = new Dialogue("two", List.of("a.png", "b.png"), "", turns, regions, null);
    Packer.Row row = new Packer(two, model.links(), 4, 256).pack(pictures, d);
    Inputs asked =
        two.inputs(
            pictures,
            IntStream.range(0, 3)
                .mapToObj(i -> new Preprocess.Mark(i == 0 ? 0 : 1, regions.get(i).prompt()))
                .toList(),
            two.conversation()
                .full(
                    List.of(
                        new Conversation.Turn(turns.get(0).text(), turns.get(1).text()),
                        new Conversation.Turn(turns.get(2).text(), turns.get(3).text()))));
    assertThat(row.inputs().ids()).isEqualTo(model.links().lay(asked.ids()));
    assertThat(row.inputs().images()).extracting(Inputs.Picture::tiles).containsExactly(1, 3);
    assertThat(row.inputs().regions()).extracting(Inputs.Region::image).containsExactly(0, 1, 1);
    assertThat(row.inputs().regions()).usingRecursiveComparison().isEqualTo(asked.regions());
    int[] learnt = Arrays.stream(row.labels()).filter(l -> l != Labels.IGNORE).toArray();
    assertThat(tokenizer.decode(learnt)).isEqualTo("A dog.</s> dog[DET]</s>");
    assertThat(row.labels()).hasSameSizeAs(row.segments());
    assertThat(row.segments()).containsOnly(0);
    assertThat(loss(row)).isFinite();
    Packer small = new Packer(two, model.links(), 4, 50);
    assertThatThrownBy(() -> small.pack(pictures, d))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 pictures and the text are")
        .hasMessageContaining("at most 50");
  }

  @Test
  void aConversationAboutOnePictureIsTheSameRowAlone() {
    Packer.Row packed = pack(TALK.subList(1, 2));
    Packer.Row alone = packer.pack(List.of(PICTURE), TALK.get(1));
    assertThat(alone.inputs().ids()).isEqualTo(packed.inputs().ids());
    assertThat(alone.labels()).isEqualTo(packed.labels());
    assertThat(alone.calls()).isEqualTo(packed.calls());
  }

  @Test
  void whatDoesNotFitIsLeftOutAndNothingAtAllIsAnError() {
    Packer small = new Packer(preprocess(), model.links(), 4, 80);
    assertThat(pack(small, TALK.subList(0, 1)).segments()).contains(1);
    Packer tiny = new Packer(preprocess(), model.links(), 4, 10);
    assertThatThrownBy(() -> pack(tiny, TALK))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("10 tokens");
  }

  private Preprocess preprocess() {
    return new Preprocess(
        tokenizer, Conversation.named("vicuna_v1"), new Tiles(Tiles.Mode.ANYRES, 28, 1), 4);
  }
}
