package dev.visionllm.geometry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GeometryTest {
  private static final Box A = new Box(0, 0, 10, 10);

  @Test
  void boxRefusesNonsense() {
    assertThatThrownBy(() -> new Box(0, 0, Double.NaN, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not finite");
    assertThatThrownBy(() -> new Box(3, 0, 2, 1)).hasMessageContaining("x0 <= x1");
  }

  @Test
  void boxMeasures() {
    var b = new Box(5, 5, 15, 10);
    assertThat(A.iou(b)).isEqualTo(25.0 / 125);
    assertThat(A.iou(A)).isEqualTo(1);
    assertThat(A.iou(new Box(10, 0, 20, 10))).isZero();
    assertThat(A.giou(b)).isCloseTo(0.2 - 25.0 / 150, within(1e-12));
    assertThat(A.giou(new Box(20, 0, 30, 10))).isCloseTo(-1.0 / 3, within(1e-12));
    assertThat(A.intersect(b)).contains(new Box(5, 5, 10, 10));
    assertThat(A.intersect(new Box(10, 0, 20, 10))).isEmpty();
    assertThat(new Box(-5, 2, 4, 30).clip(10, 20)).isEqualTo(new Box(0, 2, 4, 20));
    assertThat(b.scale(2, 3)).isEqualTo(new Box(10, 15, 30, 30));
    var c = b.cxcywh();
    assertThat(Box.ofCenter(c[0], c[1], c[2], c[3])).isEqualTo(b);
    assertThat(Box.ofSize(1, 2, 3, 4)).isEqualTo(new Box(1, 2, 4, 6));
  }

  @Test
  void maskOfBox() {
    var mask = Mask.of(20, 8, new Box(2, 3, 7, 5));
    assertThat(mask.area()).isEqualTo(10);
    assertThat(mask.bounds()).isEqualTo(new Box(2, 3, 7, 5));
    assertThat(mask.get(2, 3)).isTrue();
    assertThat(mask.get(7, 3)).isFalse();
    assertThat(new Mask(3, 3).bounds()).isEqualTo(new Box(0, 0, 0, 0));
    assertThatThrownBy(() -> mask.get(20, 0)).hasMessageContaining("outside");
    assertThatThrownBy(() -> Mask.of(2, 2, new boolean[3])).hasMessageContaining("3 bits");
    assertThatThrownBy(() -> new Mask(0, 2)).hasMessageContaining("positive");
  }

  @Test
  void keypointsCountLabelled() {
    var k = Keypoints.of(1, 2, 2, 0, 0, 0, 3, 4, 1);
    assertThat(k.points()).hasSize(3);
    assertThat(k.labelled()).isEqualTo(2);
    assertThatThrownBy(() -> Keypoints.of(1, 2)).hasMessageContaining("threes");
    assertThatThrownBy(() -> Keypoints.of(1, 2, 0.5)).hasMessageContaining("visibility");
  }

  @Test
  void rleOfEdgeCases() {
    var full = Rle.of(Mask.of(3, 2, new Box(0, 0, 3, 2)));
    assertThat(full.counts()).containsExactly(0, 6);
    assertThat(full.toBox()).isEqualTo(new Box(0, 0, 3, 2));
    var empty = Rle.of(new Mask(3, 2));
    assertThat(empty.counts()).containsExactly(6);
    assertThat(empty.toBox()).isEqualTo(new Box(0, 0, 0, 0));
    assertThat(full.iou(empty, false)).isZero();
    assertThat(empty.iou(empty, false)).isZero();
    assertThat(Rle.union(List.of(empty, full))).isEqualTo(full);
    assertThat(Rle.intersection(List.of(empty, full))).isEqualTo(empty);
    assertThat(Rle.parse(2, 3, full.toCocoString())).isEqualTo(full);
  }

  @Test
  void rleRefusesDamage() {
    assertThatThrownBy(() -> new Rle(2, 3, new int[] {5})).hasMessageContaining("6 pixels");
    assertThatThrownBy(() -> new Rle(2, 3, new int[] {7, -1})).hasMessageContaining("-1");
    assertThatThrownBy(() -> new Rle(2, 3, new int[0])).hasMessageContaining("not 0");
    assertThatThrownBy(() -> Rle.parse(2, 3, "ab")).hasMessageContaining("cut short");
    assertThatThrownBy(() -> Rle.parse(2, 3, "é")).hasMessageContaining("'é'");
    assertThatThrownBy(() -> Rle.parse(2, 3, "ooooooooooooo")).hasMessageContaining("damaged");
    assertThatThrownBy(() -> Rle.fromPolygon(new double[] {1, 2, 3, 4}, 5, 5))
        .hasMessageContaining("three points");
    assertThatThrownBy(() -> Rle.fromPolygons(List.of(), 5, 5)).hasMessageContaining("polygon");
    var a = new Rle(2, 3, new int[] {6});
    var b = new Rle(3, 2, new int[] {6});
    assertThatThrownBy(() -> a.iou(b, false)).hasMessageContaining("3 x 2 and 2 x 3");
  }

  @Test
  void outlinesOfARingAndOfACheckerboard() {
    var ring = Mask.of(5, 4, new Box(1, 0, 5, 4));
    ring.set(2, 1, false);
    ring.set(3, 2, false); // the two meet at a corner: one hole
    var parts = Polygons.of(ring).parts();
    assertThat(parts).hasSize(1);
    assertThat(parts.get(0).outer().xy()).containsExactly(1, 0, 5, 0, 5, 4, 1, 4);
    assertThat(parts.get(0).holes()).hasSize(1);
    assertThat(parts.get(0).holes().get(0).area()).isEqualTo(-2);
    assertThat(parts.get(0).area()).isEqualTo(14);
    var board = new Mask(2, 2);
    board.set(0, 0);
    board.set(1, 1); // they meet at a corner: two parts
    assertThat(Polygons.of(board).parts()).hasSize(2).allMatch(p -> p.holes().isEmpty());
    assertThat(Polygons.of(new Mask(3, 2)).parts()).isEmpty();
    assertThat(Polygons.of(new Mask(3, 2)).toMask()).isEqualTo(new Mask(3, 2));
    assertThatThrownBy(() -> new Polygons.Ring(new int[] {1, 2, 3, 4}))
        .hasMessageContaining("three corners");
    assertThatThrownBy(() -> new Polygons(0, 2, List.of())).hasMessageContaining("positive");
  }

  @Test
  void polygonsOfOtherShapesAreFilledByPixelCentres() {
    var triangle = new Polygons.Ring(new int[] {-2, -2, 6, -2, -2, 6}); // reaches over the edges
    var whole = new Polygons(4, 4, List.of(new Polygons.Polygon(triangle, List.of()))).toMask();
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        assertThat(whole.get(x, y)).as("%d, %d", x, y).isEqualTo(x + 0.5 + y + 0.5 < 4);
      }
    }
  }

  @Test
  void labelMapsSplitIntoMasks() {
    var map = new LabelMap(3, 2, new int[] {0, 0, 2, LabelMap.NONE, 2, 2});
    assertThat(map.areas()).isEqualTo(Map.of(LabelMap.NONE, 1, 0, 2, 2, 3));
    assertThat(map.get(2, 0)).isEqualTo(2);
    assertThat(map.mask(2).bits()).containsExactly(false, false, true, false, true, true);
    assertThat(map.mask(1).isEmpty()).isTrue();
    assertThat(map).isEqualTo(new LabelMap(3, 2, map.labels()));
    assertThatThrownBy(() -> map.get(3, 0)).hasMessageContaining("outside");
    assertThatThrownBy(() -> new LabelMap(2, 2, new int[3])).hasMessageContaining("cannot have 3");
    assertThatThrownBy(() -> new LabelMap(1, 1, new int[] {-2})).hasMessageContaining("label -2");
  }

  @Test
  void overlapsGoClassByClass() {
    record Item(int kind, Box box) {}
    var best = new Item(0, A);
    var same = new Item(0, new Box(0, 0, 10, 9)); // IoU 0.9 with the best
    var next = new Item(0, new Box(0, 0, 10, 8)); // 0.8 with the best, 0.89 with what went
    var other = new Item(1, A);
    var items = List.of(best, same, next, other);
    assertThat(Overlaps.thin(items, Item::box, Item::kind, 0.85))
        .containsExactly(best, next, other);
    assertThat(Overlaps.thin(items, Item::box, Item::kind, 0.5)).containsExactly(best, other);
    assertThat(Overlaps.thin(items, Item::box, Item::kind, 1)).isEqualTo(items);
  }
}
