package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.image.Tiles.Grid;
import dev.visionllm.image.Tiles.Mode;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

class TilesPropertyTest {

  @Property(tries = 200)
  void tilesAreSquareAsManyAsCountedAndGlobalLast(
      @ForAll @IntRange(min = 1, max = 90) int w,
      @ForAll @IntRange(min = 1, max = 90) int h,
      @ForAll @IntRange(min = 1, max = 12) int max,
      @ForAll Mode mode) {
    Raster picture = noise(w, h);
    Tiles tiles = new Tiles(mode, 14, max);
    List<Raster> cut = tiles.cut(picture);
    assertThat(cut).hasSize(tiles.count(w, h)).hasSizeLessThanOrEqualTo(max + 1);
    assertThat(cut).allMatch(t -> t.width() == 14 && t.height() == 14);
    if (mode == Mode.ANYRES) {
      assertThat(cut.get(cut.size() - 1)).isEqualTo(Resample.bicubic(picture, 14, 14));
    }
  }

  @Property(tries = 500)
  void noGridIsCloserInAspect(
      @ForAll @IntRange(min = 1, max = 4000) int w,
      @ForAll @IntRange(min = 1, max = 4000) int h,
      @ForAll @IntRange(min = 1, max = 40) int max) {
    Grid chosen = new Tiles(Mode.ANYRES, 336, max).grid(w, h);
    double aspect = (double) w / h;
    double distance = Math.abs(aspect - (double) chosen.columns() / chosen.rows());
    for (Grid other : Tiles.grids(max)) {
      assertThat(distance)
          .isLessThanOrEqualTo(Math.abs(aspect - (double) other.columns() / other.rows()));
    }
  }

  /** The reference sorts a Python set: its order among equal areas must not matter. */
  @Example
  void orderAmongGridsOfEquallyManyTilesHasNoEffect() {
    for (int max = 1; max <= 48; max++) {
      List<Grid> grids = Tiles.grids(max);
      for (Grid a : grids) {
        for (Grid b : grids) {
          double ra = (double) a.columns() / a.rows();
          double rb = (double) b.columns() / b.rows();
          if (a.tiles() == b.tiles() && ra < rb) {
            double middle = (ra + rb) / 2;
            double half = (rb - ra) / 2;
            assertThat(grids)
                .as("between %s and %s of %d", a, b, max)
                .anyMatch(g -> Math.abs((double) g.columns() / g.rows() - middle) < half);
          }
        }
      }
    }
  }

  @Property(tries = 300)
  void aRegionIsNeverLostOnTheGlobalTile(
      @ForAll @IntRange(min = 1, max = 300) int w,
      @ForAll @IntRange(min = 1, max = 300) int h,
      @ForAll @DoubleRange(min = 0, max = 0.99) double x,
      @ForAll @DoubleRange(min = 0, max = 0.99) double y) {
    Mask mask = new Mask(w, h);
    mask.set((int) (x * w), (int) (y * h));
    for (Mode mode : new Mode[] {Mode.ANYRES, Mode.PAD}) {
      Mask tile = new Tiles(mode, 28, 4).region(mask);
      assertThat(tile.area()).isPositive();
      assertThat(tile.width()).isEqualTo(28);
    }
  }

  @Example
  void aRegionLiesWhereItsPixelsLie() {
    Raster picture = Raster.filled(90, 30, 0);
    Mask left = new Mask(90, 30);
    for (int py = 0; py < 30; py++) {
      for (int px = 0; px < 30; px++) {
        left.set(px, py);
      }
    }
    assertThat(picture.width()).isEqualTo(left.width());
    assertThat(new Tiles(Mode.ANYRES, 30, 4).region(left).bounds())
        .isEqualTo(new Box(0, 0, 10, 30));
    assertThat(new Tiles(Mode.PAD, 30, 4).region(left).bounds()).isEqualTo(new Box(0, 10, 10, 20));
    assertThatThrownBy(() -> new Tiles(Mode.SQUARE, 30, 4).region(left))
        .hasMessageContaining("outside the centre square");
    assertThatThrownBy(() -> new Tiles(Mode.PAD, 30, 4).region(new Mask(5, 5)))
        .hasMessageContaining("mask is empty");
  }

  @Property(tries = 300)
  void boxesMapToTheDetectorAndBack(
      @ForAll @IntRange(min = 1, max = 3000) int w,
      @ForAll @IntRange(min = 1, max = 3000) int h,
      @ForAll DetectorResize.Rule rule,
      @ForAll @DoubleRange(min = 0, max = 1) double x,
      @ForAll @DoubleRange(min = 0, max = 1) double y) {
    DetectorResize resize = new DetectorResize(rule, 800, 1333);
    var size = resize.size(w, h);
    assertThat(Math.min(size.width(), size.height())).isBetween(1, 800);
    if (rule == DetectorResize.Rule.MMCV) { // torchvision's rounding overshoots on narrow pictures
      assertThat(Math.max(size.width(), size.height())).isLessThanOrEqualTo(1333);
    }
    var resized = new DetectorResize.Resized(Raster.filled(size.width(), size.height(), 0), w, h);
    Box box = new Box(x * w / 2, y * h / 2, w - x * w / 3, h - y * h / 3);
    Box there = resized.fromOriginal(box);
    assertThat(there.x1()).isLessThanOrEqualTo(size.width() + 1e-6);
    Box back = resized.toOriginal(there);
    assertThat(Math.abs(back.x0() - box.x0())).isLessThan(1e-6);
    assertThat(Math.abs(back.y1() - box.y1())).isLessThan(1e-6);
  }

  @Property(tries = 100)
  void resamplingKeepsFlatColoursAndSizes(
      @ForAll @IntRange(min = 1, max = 60) int w,
      @ForAll @IntRange(min = 1, max = 60) int h,
      @ForAll @IntRange(min = 1, max = 60) int toW,
      @ForAll @IntRange(min = 1, max = 60) int toH) {
    Raster flat = Raster.filled(w, h, 0x6496c8);
    Raster expected = Raster.filled(toW, toH, 0x6496c8);
    assertThat(Resample.bicubic(flat, toW, toH)).isEqualTo(expected);
    assertThat(Resample.bilinear(flat, toW, toH)).isEqualTo(expected);
    assertThat(CvResize.bilinear(flat, toW, toH)).isEqualTo(expected);
  }

  private static Raster noise(int w, int h) {
    byte[] rgb = new byte[3 * w * h];
    new Random(w * 1000L + h).nextBytes(rgb);
    return new Raster(w, h, rgb);
  }
}
