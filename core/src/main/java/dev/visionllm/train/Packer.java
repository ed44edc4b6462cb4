package dev.visionllm.train;

import dev.visionllm.data.Dialogue;
import dev.visionllm.image.Raster;
import dev.visionllm.link.SuperLink;
import dev.visionllm.link.Tool;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.Labels;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.AnswerText;
import dev.visionllm.vlm.Guided;
import dev.visionllm.vlm.Inputs;
import dev.visionllm.vlm.Preprocess;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Packs several conversations about one picture behind one copy of the picture. Each conversation
 * sees the picture and itself (segments), so a packed row teaches what its conversations teach one
 * by one, at a fraction of the cost.
 */
final class Packer {
  /**
   * A packed row.
   *
   * @param inputs ids laid with super-link placeholders, the picture, regions
   * @param labels one per id, {@link Labels#IGNORE} where nothing is learnt
   * @param segments one per id: 0 the picture and what precedes it, or all of a row without one; k
   *     conversation k
   * @param calls the tool calls of the row, in order
   */
  record Row(Inputs inputs, int[] labels, int[] segments, List<AnswerText.Call> calls) {}

  private final Preprocess preprocess;
  private final SuperLink links;
  private final int patchId;
  private final int tokensPerTile;
  private final int most;

  /**
   * @param tokensPerTile language-model tokens of one tile
   * @param most tokens of a row; conversations that do not fit are left for another epoch
   */
  Packer(Preprocess preprocess, SuperLink links, int tokensPerTile, int most) {
    this.preprocess = preprocess;
    this.links = links;
    this.tokensPerTile = tokensPerTile;
    this.patchId = SpecialTokens.of(preprocess.tokenizer()).imagePatch();
    this.most = most;
  }

  /**
   * Packs conversations, in the given order, as many as fit.
   *
   * @throws IllegalArgumentException if not even one fits, or a conversation has no picture
   */
  Row pack(Raster picture, List<Dialogue> dialogues) {
    Inputs.Picture cut = preprocess.picture(picture);
    IntStream.Builder ids = IntStream.builder();
    IntStream.Builder labels = IntStream.builder();
    IntStream.Builder segments = IntStream.builder();
    List<Inputs.Region> regions = new ArrayList<>();
    List<AnswerText.Call> calls = new ArrayList<>();
    int[] prefix = null;
    int length = 0;
    int segment = 0;
    for (Dialogue d : dialogues) {
      Labels.Example e =
          Labels.of(preprocess.tokenizer(), preprocess.conversation().full(turns(d)));
      int image =
          IntStream.range(0, e.ids().length)
              .filter(i -> e.ids()[i] == Tokenizer.IMAGE)
              .findFirst()
              .orElseThrow(
                  () -> new IllegalArgumentException("conversation " + d.id() + " has no <image>"));
      int[] head = Arrays.copyOf(e.ids(), image);
      if (prefix == null) {
        prefix = head;
        int[] shared =
            IntStream.concat(
                    Arrays.stream(head),
                    IntStream.generate(() -> patchId).limit((long) cut.tiles() * tokensPerTile))
                .toArray();
        length = shared.length;
        for (int id : shared) {
          ids.add(id);
          labels.add(Labels.IGNORE);
          segments.add(0);
        }
      } else if (!Arrays.equals(prefix, head)) {
        throw new IllegalArgumentException(
            "conversation " + d.id() + " has text before its <image>: put <image> first");
      }
      Laid laid = lay(e, image + 1);
      if (length + laid.ids().length > most) {
        continue;
      }
      segment++;
      length += laid.ids().length;
      for (int i = 0; i < laid.ids().length; i++) {
        ids.add(laid.ids()[i]);
        labels.add(laid.labels()[i]);
        segments.add(segment);
      }
      for (Dialogue.Region r : d.regions()) {
        regions.add(
            new Inputs.Region(
                0, preprocess.region(r.prompt().mask(picture.width(), picture.height()))));
      }
      for (Dialogue.Turn t : d.turns()) {
        calls.addAll(AnswerText.calls(t.text()));
      }
    }
    if (segment == 0) {
      throw new IllegalArgumentException(
          "no conversation about the picture fits into "
              + most
              + " tokens: raise tokens in the recipe");
    }
    return new Row(
        new Inputs(ids.build().toArray(), List.of(cut), regions),
        labels.build().toArray(),
        segments.build().toArray(),
        calls);
  }

  /** A row of one guided request and its answer. */
  Row pack(Raster picture, Guided guided) {
    return pack(picture, guided, List.of());
  }

  /** The same with what the user marks, one region per placeholder of the question. */
  Row pack(Raster picture, Guided guided, List<Dialogue.Region> regions) {
    List<Dialogue.Turn> turns =
        List.of(
            new Dialogue.Turn(Dialogue.Role.HUMAN, guided.question()),
            new Dialogue.Turn(Dialogue.Role.ASSISTANT, guided.answer()));
    Dialogue dialogue = new Dialogue(guided.question(), "", "", turns, regions, null);
    return pack(picture, List.of(dialogue));
  }

  /**
   * A row of one guided request without a picture, and its answer.
   *
   * @throws IllegalArgumentException if it does not fit
   */
  Row pack(Guided guided) {
    Conversation.Turn turn = new Conversation.Turn(guided.question(), guided.answer());
    Laid laid =
        lay(Labels.of(preprocess.tokenizer(), preprocess.conversation().full(List.of(turn))), 0);
    int length = laid.ids().length;
    if (length > most) {
      throw new IllegalArgumentException(
          "the request has " + length + " tokens, a row holds at most " + most);
    }
    Inputs inputs = new Inputs(laid.ids(), List.of(), List.of());
    return new Row(inputs, laid.labels(), new int[length], AnswerText.calls(guided.answer()));
  }

  private record Laid(int[] ids, int[] labels) {}

  /** Ids and labels from a position on, with placeholders behind routing tokens. */
  private Laid lay(Labels.Example e, int from) {
    int[] tail = Arrays.copyOfRange(e.ids(), from, e.ids().length);
    int[] ids = links.lay(tail);
    int[] labels = new int[ids.length];
    int at = 0;
    for (int i = 0; i < tail.length; i++) {
      labels[at++] = e.labels()[from + i];
      Tool tool = links.toolOf(tail[i]);
      for (int q = 0; tool != null && q < tool.queries(); q++) {
        labels[at++] = Labels.IGNORE;
      }
    }
    return new Laid(ids, labels);
  }

  private static List<Conversation.Turn> turns(Dialogue d) {
    List<Conversation.Turn> turns = new ArrayList<>();
    for (int i = 0; i + 1 < d.turns().size(); i += 2) {
      turns.add(new Conversation.Turn(d.turns().get(i).text(), d.turns().get(i + 1).text()));
    }
    return turns;
  }
}
