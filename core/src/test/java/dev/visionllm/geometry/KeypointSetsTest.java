package dev.visionllm.geometry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.KeypointSet.Limb;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KeypointSetsTest {
  @Test
  void setsHaveTheirPublishedSizes() {
    Map<String, Integer> sizes = new LinkedHashMap<>();
    KeypointSets.all().forEach(s -> sizes.put(s.name(), s.size()));
    assertThat(sizes)
        .isEqualTo(
            Map.of(
                "coco",
                17,
                "crowdpose",
                14,
                "ap10k",
                17,
                "300w",
                68,
                "hand",
                21,
                "macaque",
                17,
                "fly",
                32,
                "locust",
                35,
                "animal-face",
                9));
  }

  /** Names, ranges and counts are checked on construction; here what a typing error would break. */
  @Test
  void noLimbIsDrawnTwiceAndBodiesHangTogether() {
    for (KeypointSet set : KeypointSets.all()) {
      Set<Set<Integer>> drawn = new HashSet<>();
      for (Limb limb : set.limbs()) {
        assertThat(drawn.add(Set.of(limb.from(), limb.to()))).as(set.name() + " " + limb).isTrue();
      }
      assertThat(set.limbs()).as(set.name()).isNotEmpty();
    }
    for (KeypointSet set :
        List.of(
            KeypointSets.COCO, KeypointSets.CROWD_POSE, KeypointSets.AP_10K, KeypointSets.HAND)) {
      Set<Integer> reached = new HashSet<>(Set.of(0));
      for (int i = 0; i < set.size(); i++) {
        for (Limb limb : set.limbs()) {
          if (reached.contains(limb.from()) || reached.contains(limb.to())) {
            reached.add(limb.from());
            reached.add(limb.to());
          }
        }
      }
      assertThat(reached).as(set.name()).hasSize(set.size());
    }
  }

  /** The mirror image of a set is the set itself. The parts of 300W's lips are not called left. */
  @Test
  void leftAndRightAreAlike() {
    for (KeypointSet set : KeypointSets.all()) {
      if (set == KeypointSets.FACE_300W) {
        continue;
      }
      int[] mirror = set.points().stream().mapToInt(p -> set.indexOf(mirrored(p))).toArray();
      assertThat(mirror).as(set.name()).doesNotContain(-1);
      Set<Set<Integer>> limbs = new HashSet<>();
      set.limbs().forEach(l -> limbs.add(Set.of(l.from(), l.to())));
      for (Limb limb : set.limbs()) {
        assertThat(limbs)
            .as(set.name() + " " + limb)
            .contains(Set.of(mirror[limb.from()], mirror[limb.to()]));
      }
    }
  }

  private static String mirrored(String point) {
    return point.replace("left", "\0").replace("right", "left").replace("\0", "right");
  }

  @Test
  void ordersAreThoseOfTheDataSets() {
    assertThat(KeypointSets.COCO.indexOf("left wrist")).isEqualTo(9);
    assertThat(KeypointSets.CROWD_POSE.indexOf("neck")).isEqualTo(13);
    assertThat(KeypointSets.AP_10K.indexOf("root of tail")).isEqualTo(4);
    assertThat(KeypointSets.FACE_300W.indexOf("chin center")).isEqualTo(8);
    assertThat(KeypointSets.FACE_300W.indexOf("nasal bridge 4")).isEqualTo(30);
    assertThat(KeypointSets.FACE_300W.indexOf("left mouth corner")).isEqualTo(54);
    assertThat(KeypointSets.HAND.indexOf("pinky fingers first knuckle")).isEqualTo(20);
    assertThat(KeypointSets.FLY.indexOf("hindleg right tip")).isEqualTo(17);
    assertThat(KeypointSets.FLY.indexOf("wing right")).isEqualTo(31);
    assertThat(KeypointSets.LOCUST.indexOf("anttip right")).isEqualTo(20);
    assertThat(KeypointSets.LOCUST.indexOf("hindleg right tip")).isEqualTo(34);
  }

  @Test
  void setsAreFoundByNameByClassOrAsAList() {
    assertThat(KeypointSets.parse(" COCO ")).isSameAs(KeypointSets.COCO);
    assertThat(KeypointSets.parse("beak,  left   wing").points())
        .containsExactly("beak", "left wing");
    assertThatThrownBy(() -> KeypointSets.parse("coca")).hasMessageContaining("crowdpose");
    assertThatThrownBy(() -> KeypointSets.parse("beak,,tail")).hasMessageContaining("without");
    assertThatThrownBy(() -> KeypointSets.parse("beak, beak")).hasMessageContaining("'beak' twice");
    assertThat(KeypointSets.ofClass("Tennis player")).contains(KeypointSets.COCO);
    assertThat(KeypointSets.ofClass("snow leopard")).contains(KeypointSets.AP_10K);
    assertThat(KeypointSets.ofClass("cat face")).contains(KeypointSets.ANIMAL_FACE);
    assertThat(KeypointSets.ofClass("woman's face")).contains(KeypointSets.FACE_300W);
    assertThat(KeypointSets.ofClass("teapot")).isEmpty();
  }

  @Test
  void refusesSetsThatContradictThemselves() {
    List<String> two = List.of("a", "b");
    assertThatThrownBy(() -> new KeypointSet("x", two, List.of(new Limb(0, 2)), List.of()))
        .hasMessageContaining("2 points");
    assertThatThrownBy(() -> new KeypointSet("x", two, List.of(), List.of(.1)))
        .hasMessageContaining("sigmas");
    assertThatThrownBy(() -> new KeypointSet("x", two, List.of(), List.of(.1, Double.NaN)))
        .hasMessageContaining("positive");
    assertThatThrownBy(() -> new KeypointSet("x", List.of(), List.of(), List.of()))
        .hasMessageContaining("no points");
  }
}
