package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VisualMarkTest {
  private static final int SIDE = 120;
  private static final Raster GRAY = Raster.filled(SIDE, SIDE, 0x808080);
  private static final Box BOX = new Box(40, 50, 80, 90);

  /** A disk in the box, so that mask and box differ. */
  private static VisualMark.Target target() {
    Mask mask = new Mask(SIDE, SIDE);
    for (int y = 50; y < 90; y++) {
      for (int x = 40; x < 80; x++) {
        if (Math.hypot(x + 0.5 - 60, y + 0.5 - 70) <= 20) mask.set(x, y);
      }
    }
    return new VisualMark.Target(BOX, Rle.of(mask));
  }

  private static Raster draw(VisualMark.Kind kind, boolean solid, long seed) {
    return new VisualMark(kind, solid).draw(GRAY, List.of(target()), new SplittableRandom(seed));
  }

  private static boolean changed(Raster drawn, int x, int y) {
    return drawn.pixel(x, y) != 0x808080;
  }

  private static int changed(Raster drawn) {
    int n = 0;
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) n += changed(drawn, x, y) ? 1 : 0;
    }
    return n;
  }

  @ParameterizedTest
  @EnumSource(VisualMark.Kind.class)
  void aSolidMarkChangesMoreThanAHollowOneAtTheSamePlace(VisualMark.Kind kind) {
    Raster hollow = draw(kind, false, 1);
    Raster solid = draw(kind, true, 1);
    assertThat(changed(hollow)).isPositive().isLessThan(changed(solid));
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        if (changed(hollow, x, y)) assertThat(changed(solid, x, y)).as(x + "," + y).isTrue();
      }
    }
  }

  @Test
  void aHollowBoxIsItsFrame() {
    Raster drawn = draw(VisualMark.Kind.BOX, false, 1);
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        boolean far = x < 36 || y < 46 || x >= 84 || y >= 94;
        boolean inner = x >= 44 && y >= 54 && x < 76 && y < 86;
        if (far || inner) assertThat(changed(drawn, x, y)).as(x + "," + y).isFalse();
      }
    }
    assertThat(changed(drawn, 40, 70)).isTrue();
    assertThat(changed(drawn, 60, 50)).isTrue();
  }

  @Test
  void aSolidBoxCoversItsInsideAndLetsItShowThrough() {
    Raster two = new Raster(SIDE, SIDE, GRAY.rgb().clone());
    two.rgb()[3 * (70 * SIDE + 60)] = 0;
    Raster drawn =
        new VisualMark(VisualMark.Kind.BOX, true)
            .draw(two, List.of(target()), new SplittableRandom(1));
    assertThat(changed(drawn, 70, 60)).isTrue();
    assertThat(drawn.pixel(60, 70)).isNotEqualTo(drawn.pixel(61, 70));
  }

  @ParameterizedTest
  @EnumSource(
      value = VisualMark.Kind.class,
      names = {"CIRCLE", "HAND_DRAWN_CIRCLE"})
  void aCircleGoesAroundTheObject(VisualMark.Kind kind) {
    Raster drawn = draw(kind, false, 5);
    assertThat(changed(drawn, 60, 70)).isFalse();
    for (int[] d : new int[][] {{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
      boolean met = false;
      for (int r = 0; r < 40; r++) met |= changed(drawn, 60 + r * d[0], 70 + r * d[1]);
      assertThat(met).isTrue();
    }
    for (int x = 0; x < SIDE; x++) {
      assertThat(changed(drawn, x, 30)).isFalse();
      assertThat(changed(drawn, x, 110)).isFalse();
    }
  }

  @Test
  void aSolidMaskCoversTheMask() {
    Raster drawn = draw(VisualMark.Kind.MASK, true, 1);
    Mask mask = target().mask().toMask();
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        if (mask.get(x, y)) assertThat(changed(drawn, x, y)).isTrue();
      }
    }
    assertThat(changed(drawn, 41, 51)).as("in the box, not in the mask").isFalse();
    assertThat(changed(draw(VisualMark.Kind.MASK, false, 1), 60, 70)).isFalse();
  }

  @Property(tries = 50)
  void anArrowsTipIsOnTheObject(
      @ForAll long seed, @ForAll @IntRange(max = 100) int x, @ForAll @IntRange(max = 100) int y) {
    Box box = new Box(x, y, x + 20, y + 20);
    Mask mask = new Mask(SIDE, SIDE);
    for (int v = y; v < y + 20; v++) {
      mask.set(x, v); // a bar at the left edge of the box
      mask.set(Math.min(x + 19, SIDE - 1), v);
    }
    Raster drawn =
        new VisualMark(VisualMark.Kind.ARROW, true)
            .draw(
                GRAY,
                List.of(new VisualMark.Target(box, Rle.of(mask))),
                new SplittableRandom(seed));
    boolean touched = false;
    for (int v = y; v < y + 20; v++) touched |= changed(drawn, x, v) || changed(drawn, x + 19, v);
    assertThat(touched).isTrue();
  }

  @Test
  void handDrawnCirclesDifferBySeedAndByNothingElse() {
    assertThat(draw(VisualMark.Kind.HAND_DRAWN_CIRCLE, false, 3))
        .isEqualTo(draw(VisualMark.Kind.HAND_DRAWN_CIRCLE, false, 3))
        .isNotEqualTo(draw(VisualMark.Kind.HAND_DRAWN_CIRCLE, false, 4));
  }

  @Test
  void theColourDiffersFromTheObject() {
    for (int colour : new int[] {0xe6142d, 0x1eb43c, 0x2850e6, 0xffdc14, 0xffffff, 0}) {
      Raster drawn =
          new VisualMark(VisualMark.Kind.BOX, false)
              .draw(
                  Raster.filled(SIDE, SIDE, colour),
                  List.of(target()),
                  new SplittableRandom(colour));
      int p = drawn.pixel(40, 70);
      int most = 0;
      for (int c = 0; c <= 16; c += 8) {
        most = Math.max(most, Math.abs((p >> c & 255) - (colour >> c & 255)));
      }
      assertThat(most).as(Integer.toHexString(colour)).isGreaterThan(80);
    }
  }

  @Test
  void aMaskMarkNeedsAMask() {
    VisualMark mark = new VisualMark(VisualMark.Kind.MASK, true);
    List<VisualMark.Target> bare = List.of(new VisualMark.Target(BOX, null));
    assertThatThrownBy(() -> mark.draw(GRAY, bare, new SplittableRandom(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no mask");
  }
}
