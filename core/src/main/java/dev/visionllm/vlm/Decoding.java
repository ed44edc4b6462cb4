package dev.visionllm.vlm;

import dev.visionllm.link.Route;
import dev.visionllm.link.Slot;
import dev.visionllm.link.Tool;
import dev.visionllm.model.llama.KvCache;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * The state of decoding a batch of rows: a KV cache, which of its columns hold tokens, and the
 * hidden states at the super-link queries so far. When a routing token is accepted its queries go
 * through the model in the same pass, so the cache is what a full forward of the laid sequence
 * gives. Rows may call tools at different steps: a step is as wide as its widest row, and the
 * others' columns are padding that nobody sees.
 */
final class Decoding implements AutoCloseable {
  /** Hidden states of one tool call, (q, d), kept beyond scopes; in the prompt or the answer. */
  private record Call(Slot slot, Tensor states, boolean prompt) {}

  private final Multimodal model;
  private final KvCache cache;
  private final List<Tensor> owned = new ArrayList<>();
  private List<List<Call>> calls;
  private boolean[][] valid;
  private float[][] logits;
  private boolean prompting = true;

  /** Runs the prompt. @param prompt rows padded on the right */
  Decoding(Multimodal model, Multimodal.Embedded prompt) {
    this.model = model;
    this.cache = new KvCache(model.llm().config());
    int b = prompt.lengths().length;
    int t = (int) prompt.embeddings().size(1);
    calls = new ArrayList<>();
    IntStream.range(0, b).forEach(i -> calls.add(new ArrayList<>()));
    valid = Masks.right(prompt.lengths(), t);
    try {
      forward(prompt.embeddings(), prompt.lengths(), prompt.slots());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
    prompting = false;
  }

  /** Keys and values of all tokens so far; it stays this object's. */
  KvCache cache() {
    return cache;
  }

  /** Scores of the next token, per row. */
  float[][] logits() {
    return logits;
  }

  /** Whether the token calls a tool, so that its queries have to go through the model. */
  boolean calls(int token) {
    return model.links().toolOf(token) != null;
  }

  /** Whether the model's context holds these tokens and their queries; as {@link #accept}. */
  boolean fits(int[] tokens, boolean[] live) {
    int widest = lay(tokens, live).stream().mapToInt(r -> r.length).max().orElseThrow();
    return cache.length() + widest <= model.llm().config().context();
  }

  private List<int[]> lay(int[] tokens, boolean[] live) {
    return IntStream.range(0, tokens.length)
        .mapToObj(i -> live[i] ? model.links().lay(new int[] {tokens[i]}) : new int[0])
        .toList();
  }

  /**
   * Appends one token to each row, and behind a routing token its queries.
   *
   * @param tokens next token per row
   * @param live rows that are still decoding; others get padding
   * @throws IllegalArgumentException if they do not fit, see {@link #fits}
   */
  void accept(int[] tokens, boolean[] live) {
    int b = tokens.length;
    List<int[]> ids = lay(tokens, live);
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < b; i++) {
      slots.addAll(model.links().slots(i, ids.get(i)));
    }
    int[] lengths = ids.stream().mapToInt(r -> r.length).toArray();
    int n = Arrays.stream(lengths).max().orElseThrow();
    if (cache.length() + n > model.llm().config().context()) {
      throw new IllegalArgumentException(
          "the answer does not fit: the model's context of "
              + model.llm().config().context()
              + " tokens is full");
    }
    boolean[][] grown = new boolean[b][];
    long[] flat = new long[b * n];
    for (int i = 0; i < b; i++) {
      grown[i] = Arrays.copyOf(valid[i], valid[i].length + n);
      Arrays.fill(grown[i], valid[i].length, valid[i].length + lengths[i], true);
      for (int j = 0; j < lengths[i]; j++) {
        flat[i * n + j] = ids.get(i)[j];
      }
    }
    valid = grown;
    TensorScope.value(
        () -> {
          Tensor id = Tensors.of(flat, b, n);
          Tensor x = model.llm().embed(id.to(model.device(), id.scalar_type()));
          forward(model.links().splice(x, slots), lengths, slots);
          return null;
        });
  }

  /** Row i continues the former row rows[i]; for beam search. */
  void reorder(int[] rows) {
    cache.reorder(rows);
    boolean[][] nextValid = new boolean[rows.length][];
    float[][] nextLogits = new float[rows.length][];
    List<List<Call>> nextCalls = new ArrayList<>();
    for (int i = 0; i < rows.length; i++) {
      nextValid[i] = valid[rows[i]];
      nextLogits[i] = logits[rows[i]];
      nextCalls.add(new ArrayList<>(calls.get(rows[i])));
    }
    valid = nextValid;
    logits = nextLogits;
    calls = nextCalls;
  }

  /**
   * What a row's answer hands to the decoders, grouped by tool; tensors belong to the caller's
   * scope.
   */
  List<Route> routes(int row) {
    return routes(row, false);
  }

  /** As {@link #routes}, of the calls that the prompt itself holds: earlier turns, guided runs. */
  List<Route> promptRoutes(int row) {
    return routes(row, true);
  }

  private List<Route> routes(int row, boolean prompt) {
    List<Route> routes = new ArrayList<>();
    for (Tool tool : model.links().tools()) {
      List<Call> mine =
          calls.get(row).stream()
              .filter(c -> c.prompt() == prompt && c.slot().tool() == tool)
              .toList();
      if (!mine.isEmpty()) {
        routes.add(
            new Route(
                row,
                tool,
                mine.stream()
                    .map(c -> new Slot(row, tool, c.slot().token(), c.slot().at()))
                    .toList(),
                F.stack(0, mine.stream().map(Call::states).toList())));
      }
    }
    return routes;
  }

  private void forward(Tensor embeddings, int[] lengths, List<Slot> slots) {
    TensorScope.value(
        () -> {
          int b = lengths.length;
          int n = (int) embeddings.size(1);
          Tensor mask = Masks.padded(valid, n).to(embeddings.device(), embeddings.scalar_type());
          Tensor positions = Masks.positions(valid, n);
          positions = positions.to(embeddings.device(), positions.scalar_type());
          Tensor hidden = model.llm().forward(embeddings, positions, mask, cache);
          for (Slot s : slots) {
            Tensor states =
                Multimodal.row(hidden, s.row(), s.first(), s.first() + s.tool().states());
            Tensor kept = TensorScope.keep(states.clone());
            owned.add(kept);
            int before = count(valid[s.row()]) - lengths[s.row()];
            Slot inRow = new Slot(s.row(), s.tool(), s.token(), before + s.at());
            calls.get(s.row()).add(new Call(inRow, kept, prompting));
          }
          Tensor flat = hidden.reshape(-1, hidden.size(2));
          long[] last = new long[b];
          for (int i = 0; i < b; i++) {
            last[i] = (long) i * n + Math.max(0, lengths[i] - 1);
          }
          Tensor at = Tensors.of(last, b);
          Tensor scores =
              model.llm().logits(flat.index_select(0, at.to(flat.device(), at.scalar_type())));
          float[] all = Tensors.floats(scores);
          int vocab = all.length / b;
          logits = new float[b][];
          for (int i = 0; i < b; i++) {
            logits[i] = Arrays.copyOfRange(all, i * vocab, (i + 1) * vocab);
          }
          return null;
        });
  }

  private static int count(boolean[] columns) {
    int n = 0;
    for (boolean c : columns) {
      n += c ? 1 : 0;
    }
    return n;
  }

  @Override
  public void close() {
    cache.close();
    owned.forEach(Tensor::close);
    owned.clear();
  }
}
