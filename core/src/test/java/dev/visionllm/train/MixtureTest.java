package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class MixtureTest {
  private static final List<Mixture.Part> PARTS =
      List.of(new Mixture.Part(10, 3, i -> i), new Mixture.Part(7, 1, i -> -i));

  private static List<List<Mixture.Item>> passes(Mixture m, int n) {
    List<List<Mixture.Item>> out = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      out.add(m.next());
    }
    return out;
  }

  @Test
  void aPassIsOfOneSourceAndSourcesComeByTheirRatios() {
    List<List<Mixture.Item>> all = passes(new Mixture(PARTS, 4, false, false, 5), 2000);
    assertThat(all)
        .allSatisfy(p -> assertThat(p.stream().map(Mixture.Item::source).distinct()).hasSize(1));
    double first = all.stream().filter(p -> p.get(0).source() == 0).count() / 2000.0;
    assertThat(first).isCloseTo(0.75, within(0.03));
  }

  @Test
  void mixedPassesHoldSeveralSources() {
    List<List<Mixture.Item>> all = passes(new Mixture(PARTS, 8, true, false, 5), 100);
    assertThat(all)
        .anySatisfy(p -> assertThat(p.stream().map(Mixture.Item::source).distinct()).hasSize(2));
  }

  @Test
  void everyEpochOfASourceVisitsEachSampleOnceInANewOrder() {
    List<Integer> seen =
        passes(new Mixture(PARTS.subList(0, 1), 5, false, false, 1), 4).stream()
            .flatMap(List::stream)
            .map(Mixture.Item::index)
            .toList();
    assertThat(new HashSet<>(seen.subList(0, 10))).hasSize(10);
    assertThat(new HashSet<>(seen.subList(10, 20))).hasSize(10);
    assertThat(seen.subList(0, 10)).isNotEqualTo(seen.subList(10, 20));
  }

  @Test
  void likeLengthsComeTogether() {
    Mixture.Part part = new Mixture.Part(64, 1, i -> i * 37 % 64);
    List<List<Mixture.Item>> all = passes(new Mixture(List.of(part), 4, false, true, 9), 16);
    assertThat(all)
        .allSatisfy(
            p ->
                assertThat(p.stream().mapToInt(i -> i.index() * 37 % 64).summaryStatistics())
                    .satisfies(s -> assertThat(s.getMax() - s.getMin()).isEqualTo(3)));
    assertThat(all.stream().flatMap(List::stream).map(Mixture.Item::index).distinct()).hasSize(64);
  }

  @Test
  void theSeedDecides() {
    assertThat(passes(new Mixture(PARTS, 4, true, false, 5), 50))
        .isEqualTo(passes(new Mixture(PARTS, 4, true, false, 5), 50))
        .isNotEqualTo(passes(new Mixture(PARTS, 4, true, false, 6), 50));
  }

  @Test
  void aSourceWithoutSamplesIsAnError() {
    List<Mixture.Part> none = List.of(new Mixture.Part(0, 1, i -> 0));
    assertThatThrownBy(() -> new Mixture(none, 4, false, false, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("source 0");
  }
}
