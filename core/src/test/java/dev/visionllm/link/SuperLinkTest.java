package dev.visionllm.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class SuperLinkTest {
  private static final int[] PERCEPTION = {90, 91, 92};
  private static final int[] GENERATION = {90, 90};
  private static final SuperLink LINKS = links(null, null);

  private static SuperLink links(Tensor det, Tensor gen) {
    return new SuperLink(
        List.of(
            new Tool("det", Map.of(80, "[DET]", 81, "[GRD]"), PERCEPTION, det),
            new Tool("gen", Map.of(82, "[GEN]"), GENERATION, gen)));
  }

  @Test
  void decidesForEveryTokenOfItsOwn() {
    assertThat(LINKS.lay(new int[] {1, 80, 90, 91, 92, 2, 81, 3, 82, 90, 90, 82}))
        .containsExactly(1, 80, 90, 91, 92, 2, 81, 90, 91, 92, 3, 82, 90, 90, 82, 90, 90);
  }

  @Test
  void refusesIncompleteGroups() {
    for (int[] row :
        List.of(
            new int[] {1, 80, 90},
            new int[] {80, 90, 91},
            new int[] {80, 90, 91, 5},
            new int[] {80, 91, 92},
            new int[] {80, 90, 92, 91},
            new int[] {82, 90, 5})) {
      assertThatThrownBy(() -> LINKS.lay(row))
          .as(Arrays.toString(row))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("incomplete group of super-link queries");
    }
    assertThatThrownBy(() -> LINKS.lay(new int[] {7, 8, 81, 90}))
        .hasMessage(
            "token 2 [GRD] is followed by an incomplete group of super-link queries: give all 3 or"
                + " none");
  }

  @Test
  void splicesTablesAndCollectsStatesByRowAndTool() {
    Native.load();
    try (var scope = TensorScope.open()) {
      SuperLink links =
          links(Tensors.of(new float[] {1, 2, 3}, 3, 1), Tensors.of(new float[] {4, 5}, 2, 1));
      int[] first = links.lay(new int[] {9, 80, 82, 81});
      int[] second = links.lay(new int[] {82});
      List<Slot> slots =
          List.of(links.slots(0, first), links.slots(1, second)).stream()
              .flatMap(List::stream)
              .toList();
      int t = first.length;
      Tensor x = links.splice(Tensors.of(new float[2 * t], 2, t, 1), slots);
      float[] expected = new float[2 * t];
      System.arraycopy(new float[] {0, 0, 1, 2, 3, 0, 4, 5, 0, 1, 2, 3}, 0, expected, 0, t);
      expected[t + 1] = 4;
      expected[t + 2] = 5;
      assertThat(Tensors.floats(x)).isEqualTo(expected);

      List<Route> routes = links.collect(x, slots);
      assertThat(routes.stream().map(r -> r.row() + r.tool().name()))
          .containsExactly("0det", "0gen", "1gen");
      assertThat(Tensors.floats(routes.get(0).queries())).containsExactly(1, 2, 3, 1, 2, 3);
      assertThat(routes.get(0).queries().shape()).containsExactly(2, 3, 1);
      assertThat(Tensors.floats(routes.get(2).queries())).containsExactly(4, 5);
      assertThat(links.splice(x, List.of())).isSameAs(x);
      assertThat(links.collect(x, List.of())).isEmpty();
    }
  }

  /** Without queries nothing is laid, and the routing token's own state goes to the decoder. */
  @Test
  void aToolWithoutQueriesHandsOverTheTokensState() {
    Native.load();
    try (var scope = TensorScope.open()) {
      Tool det = new Tool("det", Map.of(80, "[DET]"), new int[0], null);
      Tool gen =
          new Tool("gen", Map.of(82, "[GEN]"), GENERATION, Tensors.of(new float[] {4, 5}, 2, 1));
      SuperLink links = new SuperLink(List.of(det, gen));
      int[] row = links.lay(new int[] {9, 80, 82, 80});
      assertThat(row).containsExactly(9, 80, 82, 90, 90, 80);
      List<Slot> slots = links.slots(0, row);
      Tensor x = links.splice(Tensors.of(new float[] {1, 2, 3, 0, 0, 6}, 1, 6, 1), slots);
      assertThat(Tensors.floats(x)).containsExactly(1, 2, 3, 4, 5, 6);
      List<Route> routes = links.collect(x, slots);
      assertThat(routes.get(0).queries().shape()).containsExactly(2, 1, 1);
      assertThat(Tensors.floats(routes.get(0).queries())).containsExactly(2, 6);
      assertThat(Tensors.floats(routes.get(1).queries())).containsExactly(4, 5);
    }
  }

  @Test
  void toolsMayShareTheirQueries() {
    Native.load();
    try (var scope = TensorScope.open()) {
      Tool det =
          new Tool("det", Map.of(80, "[DET]"), PERCEPTION, Tensors.of(new float[] {1, 2, 3}, 3, 1));
      SuperLink links = new SuperLink(List.of(det, det.sharing("pose", Map.of(83, "[POSE]"))));
      int[] row = links.lay(new int[] {83, 80});
      Tensor x = links.splice(Tensors.of(new float[8], 1, 8, 1), links.slots(0, row));
      assertThat(Tensors.floats(x)).containsExactly(0, 1, 2, 3, 0, 1, 2, 3);
      assertThat(links.collect(x, links.slots(0, row)).stream().map(r -> r.tool().name()))
          .containsExactly("det", "pose");
    }
  }
}
