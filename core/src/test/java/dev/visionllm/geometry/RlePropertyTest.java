package dev.visionllm.geometry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

class RlePropertyTest {

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

  @Property(tries = 300)
  void roundTripsAndMeasures(
      @ForAll @IntRange(min = 1, max = 70) int w,
      @ForAll @IntRange(min = 1, max = 70) int h,
      @ForAll @DoubleRange(min = 0, max = 1) double share,
      @ForAll long seed) {
    var mask = random(w, h, share, seed);
    var rle = Rle.of(mask);
    assertThat(rle.toMask()).isEqualTo(mask);
    assertThat(Rle.parse(h, w, rle.toCocoString())).isEqualTo(rle);
    assertThat(rle.area()).isEqualTo(mask.area());
    assertThat(rle.toBox()).isEqualTo(mask.bounds());
  }

  @Property(tries = 300)
  void setOperationsEqualThoseOnPixels(
      @ForAll @IntRange(min = 1, max = 20) int w,
      @ForAll @IntRange(min = 1, max = 20) int h,
      @ForAll @DoubleRange(min = 0, max = 1) double share,
      @ForAll long seed) {
    var a = random(w, h, share, seed);
    var b = random(w, h, 1 - share, seed + 1);
    var or = new Mask(w, h);
    var and = new Mask(w, h);
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        or.set(x, y, a.get(x, y) || b.get(x, y));
        and.set(x, y, a.get(x, y) && b.get(x, y));
      }
    }
    var ra = Rle.of(a);
    var rb = Rle.of(b);
    assertThat(Rle.union(List.of(ra, rb))).isEqualTo(Rle.of(or));
    assertThat(Rle.intersection(List.of(ra, rb))).isEqualTo(Rle.of(and));
    assertThat(ra.iou(rb, false)).isEqualTo(rb.iou(ra, false));
    assertThat(ra.iou(rb, false)).isEqualTo(and.isEmpty() ? 0 : (double) and.area() / or.area());
    assertThat(ra.iou(rb, true)).isEqualTo(and.isEmpty() ? 0 : (double) and.area() / a.area());
  }

  @Property(tries = 200)
  void rectanglesOnWholePixelsAreExact(
      @ForAll @IntRange(min = 0, max = 20) int x,
      @ForAll @IntRange(min = 0, max = 20) int y,
      @ForAll @IntRange(min = 1, max = 20) int w,
      @ForAll @IntRange(min = 1, max = 20) int h) {
    double[] xy = {x, y, x + w, y, x + w, y + h, x, y + h};
    assertThat(Rle.fromPolygon(xy, 40, 40).toMask())
        .isEqualTo(Mask.of(40, 40, Box.ofSize(x, y, w, h)));
  }

  @Property(tries = 200)
  void polygonAreaIsNearTheShoelaceArea(
      @ForAll @IntRange(min = 3, max = 12) int n, @ForAll long seed) {
    var rnd = new Random(seed);
    var xy = new double[2 * n];
    double r = 20 + 25 * rnd.nextDouble();
    double perimeter = 0, twice = 0;
    for (int i = 0; i < n; i++) { // a star-shaped, so simple, polygon
      double angle = 2 * Math.PI * (i + 0.5 * rnd.nextDouble()) / n;
      double radius = r * (0.5 + 0.5 * rnd.nextDouble());
      xy[2 * i] = 50 + radius * Math.cos(angle);
      xy[2 * i + 1] = 50 + radius * Math.sin(angle);
    }
    for (int i = 0; i < n; i++) {
      int j = (i + 1) % n;
      twice += xy[2 * i] * xy[2 * j + 1] - xy[2 * j] * xy[2 * i + 1];
      perimeter += Math.hypot(xy[2 * i] - xy[2 * j], xy[2 * i + 1] - xy[2 * j + 1]);
    }
    assertThat((double) Rle.fromPolygon(xy, 100, 100).area())
        .isCloseTo(Math.abs(twice) / 2, within(perimeter / 2 + 2));
  }

  @Property(tries = 200)
  void boxIouIsSymmetricAndBounded(
      @ForAll @DoubleRange(min = -50, max = 50) double x,
      @ForAll @DoubleRange(min = -50, max = 50) double y,
      @ForAll @DoubleRange(min = 0, max = 80) double w,
      @ForAll @DoubleRange(min = 0, max = 80) double h) {
    var a = new Box(-20, -10, 30, 40);
    var b = Box.ofSize(x, y, w, h);
    assertThat(a.iou(b)).isEqualTo(b.iou(a)).isBetween(0.0, 1.0 + 1e-12);
    assertThat(a.giou(b)).isEqualTo(b.giou(a)).isBetween(-1.0 - 1e-12, a.iou(b) + 1e-12);
  }
}
