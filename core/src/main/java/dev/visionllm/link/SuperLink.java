package dev.visionllm.link;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Finds routing tokens, lays their queries behind them and collects the queries' hidden states
 * (paper 3.2; reference VisionLLMv2Model.forward). Every group stands right behind its own token,
 * decided per row and per token; the reference decides by row 0 and misplaces the second inserted
 * group.
 */
public final class SuperLink {
  private final List<Tool> tools;

  /**
   * @param tools families with disjoint routing tokens
   */
  public SuperLink(List<Tool> tools) {
    this.tools = List.copyOf(tools);
  }

  /** The tool families, in the checkpoint's order. */
  public List<Tool> tools() {
    return tools;
  }

  /** The family that a token calls, or null for an ordinary token. */
  public Tool toolOf(int id) {
    for (Tool tool : tools) {
      if (tool.routing().containsKey(id)) {
        return tool;
      }
    }
    return null;
  }

  /**
   * Lays the placeholders of each routing token's queries behind it, unless they stand there.
   *
   * @param ids one row of token ids
   * @throws IllegalArgumentException if a group of placeholders is incomplete
   */
  public int[] lay(int[] ids) {
    IntStream.Builder out = IntStream.builder();
    for (int i = 0; i < ids.length; i++) {
      out.add(ids[i]);
      Tool tool = toolOf(ids[i]);
      if (tool == null) {
        continue;
      }
      int[] group = tool.placeholders();
      int next = i + 1 < ids.length ? ids[i + 1] : -1;
      if (Arrays.stream(group).anyMatch(id -> id == next)) {
        if (i + group.length >= ids.length
            || !Arrays.equals(ids, i + 1, i + 1 + group.length, group, 0, group.length)) {
          throw new IllegalArgumentException(
              "token "
                  + i
                  + " "
                  + tool.routing().get(ids[i])
                  + " is followed by an incomplete group of super-link queries: give all "
                  + group.length
                  + " or none");
        }
        i += group.length;
      }
      Arrays.stream(group).forEach(out::add);
    }
    return out.build().toArray();
  }

  /** The tool calls of a laid row. @param row its number in the batch */
  public List<Slot> slots(int row, int[] laid) {
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < laid.length; i++) {
      Tool tool = toolOf(laid[i]);
      if (tool != null) {
        slots.add(new Slot(row, tool, laid[i], i));
      }
    }
    return slots;
  }

  /**
   * Puts the queries' learnable embeddings at their places.
   *
   * @param embeddings (b, t, d)
   * @return (b, t, d), a new tensor; gradients reach the tables
   */
  public Tensor splice(Tensor embeddings, List<Slot> slots) {
    List<Slot> laid = slots.stream().filter(s -> s.tool().queries() > 0).toList();
    if (laid.isEmpty()) {
      return embeddings;
    }
    return put(
        embeddings,
        positions(embeddings.size(1), laid),
        F.cat(0, laid.stream().map(s -> s.tool().table()).toList()));
  }

  /**
   * Groups the hidden states at the queries by row and tool.
   *
   * @param hidden last hidden states, (b, t, d)
   */
  public List<Route> collect(Tensor hidden, List<Slot> slots) {
    long t = hidden.size(1);
    long d = hidden.size(2);
    Tensor flat = hidden.reshape(-1, d);
    List<Route> routes = new ArrayList<>();
    for (int row : slots.stream().mapToInt(Slot::row).distinct().toArray()) {
      for (Tool tool : tools) {
        List<Slot> mine = slots.stream().filter(s -> s.row() == row && s.tool() == tool).toList();
        if (!mine.isEmpty()) {
          long[] at = positions(t, mine);
          Tensor states =
              flat.index_select(0, Tensors.of(at, at.length).to(flat.device(), ScalarType.Long));
          routes.add(new Route(row, tool, mine, states.reshape(mine.size(), tool.states(), d)));
        }
      }
    }
    return routes;
  }

  /**
   * Replaces rows of a batch of sequences.
   *
   * @param sequences (b, t, d)
   * @param positions n flat positions, row * t + column, each at most once
   * @param rows (n, d)
   * @return (b, t, d), a new tensor; gradients reach rows and the untouched positions
   */
  public static Tensor put(Tensor sequences, long[] positions, Tensor rows) {
    Tensor flat = sequences.reshape(-1, sequences.size(2));
    Tensor at = Tensors.of(positions, positions.length).to(flat.device(), ScalarType.Long);
    return flat.index_copy(0, at, rows.to(flat.scalar_type())).reshape(sequences.shape());
  }

  private static long[] positions(long t, List<Slot> slots) {
    return slots.stream()
        .flatMapToLong(
            s -> IntStream.range(0, s.tool().states()).mapToLong(q -> s.row() * t + s.first() + q))
        .toArray();
  }
}
