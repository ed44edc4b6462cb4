package dev.visionllm.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class SuperLinkPropertyTest {
  private static final SuperLink LINKS =
      new SuperLink(
          List.of(
              new Tool("det", Map.of(80, "[DET]", 81, "[GRD]"), new int[] {90, 91, 92}, null),
              new Tool("gen", Map.of(82, "[GEN]"), new int[] {90, 90}, null)));

  /** Rows without placeholders. */
  @Provide
  Arbitrary<int[]> rows() {
    return Arbitraries.integers().between(70, 85).array(int[].class).ofMaxSize(30);
  }

  @Property
  void layingTwiceIsLayingOnce(@ForAll("rows") int[] row) {
    int[] once = LINKS.lay(row);
    assertThat(LINKS.lay(once)).isEqualTo(once);
  }

  @Property
  void layingOnlyAddsPlaceholdersBehindTheirTokens(@ForAll("rows") int[] row) {
    int[] laid = LINKS.lay(row);
    assertThat(Arrays.stream(laid).filter(id -> id < 90)).containsExactly(boxed(row));
    List<Slot> slots = LINKS.slots(3, laid);
    assertThat(slots.stream().map(Slot::token))
        .containsExactly(boxed(Arrays.stream(row).filter(i -> i >= 80 && i <= 82).toArray()));
    int placeholders = 0;
    for (Slot s : slots) {
      int[] group = s.tool().placeholders();
      assertThat(s.row()).isEqualTo(3);
      assertThat(laid[s.at()]).isEqualTo(s.token());
      assertThat(Arrays.copyOfRange(laid, s.at() + 1, s.at() + 1 + group.length)).isEqualTo(group);
      placeholders += group.length;
    }
    assertThat(laid).hasSize(row.length + placeholders);
  }

  private static Integer[] boxed(int[] ids) {
    return Arrays.stream(ids).boxed().toArray(Integer[]::new);
  }
}
