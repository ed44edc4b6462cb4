package dev.visionllm.geometry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
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
}
