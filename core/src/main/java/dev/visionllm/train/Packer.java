package dev.visionllm.train;

import dev.visionllm.data.Dialogue;
import dev.visionllm.geometry.Mask;
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
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Packs several conversations about one picture behind one copy of the picture. Each conversation
 * sees the picture and itself (segments), so a packed row teaches what its conversations teach one
 * by one, at a fraction of the cost. A conversation about several pictures, or none, is a row.
 */
final class Packer {
  /**
   * A packed row.
   *
   * @param inputs ids laid with super-link placeholders, the pictures, regions
   * @param labels one per id, {@link Labels#IGNORE} where nothing is learnt
   * @param segments one per id: 0 the shared picture and what precedes it, or all of a row that
   *     shares none; k conversation k
   * @param calls the tool calls of the row, in order
   */
  record Row(Inputs inputs, int[] labels, int[] segments, List<Call> calls) {}

  /**
   * A tool call.
   *
   * @param meaning what it stands for; null where nothing says
   */
  record Call(String token, Meaning meaning) {}

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
   * @param meanings of a conversation's calls, as {@link Row} has them
   * @throws IllegalArgumentException if not even one fits, or a conversation has no picture
   */
  Row pack(Raster picture, List<Dialogue> dialogues, Function<Dialogue, List<Meaning>> meanings) {
    Inputs.Picture cut = preprocess.picture(picture);
    IntStream.Builder ids = IntStream.builder();
    IntStream.Builder labels = IntStream.builder();
    IntStream.Builder segments = IntStream.builder();
    List<Inputs.Region> regions = new ArrayList<>();
    List<Call> calls = new ArrayList<>();
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
      regions.addAll(regions(List.of(picture), d));
      calls.addAll(calls(d, meanings.apply(d)));
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

  /**
   * A row of one conversation about any number of pictures, each in its own place.
   *
   * @throws IllegalArgumentException if it does not fit
   */
  Row pack(List<Raster> pictures, Dialogue d) {
    List<Inputs.Picture> cut = pictures.stream().map(preprocess::picture).toList();
    int[] counts = cut.stream().mapToInt(p -> p.tiles() * tokensPerTile).toArray();
    Labels.Example e = Labels.of(preprocess.tokenizer(), preprocess.conversation().full(turns(d)));
    Laid laid = lay(e.expandImages(patchId, counts), 0);
    int length = laid.ids().length;
    if (length > most) {
      throw new IllegalArgumentException(
          "%d pictures and the text are %d tokens, a row holds at most %d: lower max_tiles, or raise"
                  .formatted(cut.size(), length, most)
              + " tokens up to the model's context");
    }
    Inputs inputs = new Inputs(laid.ids(), cut, regions(pictures, d));
    return new Row(inputs, laid.labels(), new int[length], calls(d, labels(d)));
  }

  /** A row of one guided request and its answer. */
  Row pack(Raster picture, Guided guided) {
    return pack(picture, guided, List.of());
  }

  /** The same with what the user marks, one region per placeholder of the question. */
  Row pack(Raster picture, Guided guided, List<Dialogue.Region> regions) {
    return pack(picture, List.of(dialogue(guided, regions)), Packer::labels);
  }

  /**
   * A row of one guided request without a picture, and its answer.
   *
   * @throws IllegalArgumentException if it does not fit
   */
  Row pack(Guided guided) {
    return pack(List.of(), dialogue(guided, List.of()));
  }

  private static Dialogue dialogue(Guided guided, List<Dialogue.Region> regions) {
    List<Dialogue.Turn> turns =
        List.of(
            new Dialogue.Turn(Dialogue.Role.HUMAN, guided.question()),
            new Dialogue.Turn(Dialogue.Role.ASSISTANT, guided.answer()));
    return new Dialogue(guided.question(), "", "", turns, regions, null);
  }

  private List<Inputs.Region> regions(List<Raster> pictures, Dialogue d) {
    List<Inputs.Region> regions = new ArrayList<>();
    List<Integer> marked = d.marked();
    for (int i = 0; i < d.regions().size(); i++) {
      int at = marked.get(i);
      Raster on = pictures.get(at);
      Mask mask = d.regions().get(i).prompt().mask(on.width(), on.height());
      regions.add(new Inputs.Region(at, preprocess.region(mask)));
    }
    return regions;
  }

  /** The calls of a conversation's answers, as they are written. */
  static List<AnswerText.Call> calls(Dialogue d) {
    return d.turns().stream().flatMap(t -> AnswerText.calls(t.text()).stream()).toList();
  }

  /** Classes that calls are labelled with, whatever they are. */
  private static List<Meaning> labels(Dialogue d) {
    return calls(d).stream().map(c -> Meaning.of(c.label())).toList();
  }

  private static List<Call> calls(Dialogue d, List<Meaning> meanings) {
    List<AnswerText.Call> written = calls(d);
    return IntStream.range(0, written.size())
        .mapToObj(i -> new Call(written.get(i).token(), meanings.get(i)))
        .toList();
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
