package dev.visionllm.geometry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

class PolygonsPropertyTest {
  private static Mask random(int w, int h, double share, long seed) {
    var rnd = new Random(seed);
    var mask = new Mask(w, h);
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        mask.set(x, y, rnd.nextDouble() < share);
      }
    }
    return mask;
  }

  @Property(tries = 400)
  void tracedAndFilledIsTheMask(
      @ForAll @IntRange(min = 1, max = 40) int w,
      @ForAll @IntRange(min = 1, max = 40) int h,
      @ForAll @DoubleRange(min = 0, max = 1) double share,
      @ForAll long seed) {
    var mask = random(w, h, share, seed);
    var outlines = Polygons.of(mask);
    assertThat(outlines.toMask()).isEqualTo(mask);
    long area = 0;
    for (var part : outlines.parts()) {
      assertThat(part.outer().area()).isPositive();
      assertThat(part.holes()).allMatch(hole -> hole.area() < 0);
      // each part alone is a connected region, and its holes are its own
      var alone = new Polygons(w, h, List.of(part)).toMask();
      assertThat((long) alone.area()).isEqualTo(part.area());
      assertThat(Polygons.of(alone).parts()).containsExactly(part);
      area += part.area();
    }
    assertThat(area).isEqualTo(mask.area());
  }

  @Property(tries = 100)
  void cornersAlternateSoThatNoneIsSpared(@ForAll long seed) {
    for (var ring : Polygons.of(random(12, 9, 0.6, seed)).rings()) {
      int[] xy = ring.xy();
      for (int i = 0; i < xy.length; i += 2) {
        int j = (i + 2) % xy.length;
        int k = (i + 4) % xy.length;
        assertThat((xy[i] == xy[j]) != (xy[i + 1] == xy[j + 1])).isTrue();
        assertThat(xy[i] == xy[j]).isNotEqualTo(xy[j] == xy[k]);
      }
    }
  }

  /** Without holes they are COCO's polygons too: its tools fill them to the same mask. */
  @Property(tries = 200)
  void cocosToolsFillThemAlike(@ForAll @IntRange(min = 1, max = 12) int most, @ForAll long seed) {
    var rnd = new Random(seed);
    var mask = new Mask(30, 25); // columns that stand on the bottom: no holes
    for (int x = 0; x < 30; x++) {
      int tall = rnd.nextInt(most + 1);
      for (int y = 25 - tall; y < 25; y++) {
        mask.set(x, y);
      }
    }
    var rings =
        Polygons.of(mask).rings().stream()
            .map(r -> Arrays.stream(r.xy()).asDoubleStream().toArray())
            .toList();
    if (!rings.isEmpty()) {
      assertThat(Rle.fromPolygons(rings, 25, 30).toMask()).isEqualTo(mask);
    }
  }
}
