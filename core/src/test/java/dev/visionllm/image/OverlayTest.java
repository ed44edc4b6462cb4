package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import dev.visionllm.image.Overlay.Item;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OverlayTest {
  private static final Raster GRAY = Raster.filled(200, 150, 0x808080);

  @Test
  void boxesHaveTheColourOfTheirLabel() {
    Raster drawn =
        Overlay.draw(
            GRAY,
            List.of(
                new Item(new Box(20, 40, 90, 120), "cat", 0.9),
                new Item(new Box(110, 40, 180, 120), "dog", 0.8),
                new Item(new Box(120, 80, 170, 110), "cat", 0.7)));
    int cat = Overlay.colour(0).getRGB() & 0xffffff;
    int dog = Overlay.colour(1).getRGB() & 0xffffff;
    assertThat(drawn.pixel(20, 100)).isEqualTo(cat);
    assertThat(drawn.pixel(50, 120)).isEqualTo(cat);
    assertThat(drawn.pixel(180, 100)).isEqualTo(dog);
    assertThat(drawn.pixel(120, 100)).isEqualTo(cat);
    assertThat(drawn.pixel(60, 90)).as("inside is untouched").isEqualTo(0x808080);
    assertThat(drawn.pixel(5, 145)).as("outside is untouched").isEqualTo(0x808080);
    assertThat(GRAY.pixel(20, 100)).as("the picture itself is untouched").isEqualTo(0x808080);
  }

  @Test
  void tagsStayInsideThePictureAndAreDrawnAtItsEdges() {
    for (Box box :
        List.of(
            new Box(0, 0, 200, 150),
            new Box(150, 0, 200, 20),
            new Box(0, 130, 30, 150),
            new Box(190, 140, 200, 150))) {
      Raster drawn = Overlay.draw(GRAY, List.of(new Item(box, "a rather long label", 0.5)));
      assertThat(count(drawn, Overlay.colour(0).getRGB() & 0xffffff))
          .as("" + box)
          .isGreaterThan(800);
    }
  }

  @Test
  void sameInputSamePixels() {
    List<Item> items = List.of(new Item(new Box(10, 30, 60, 80), "ball", Double.NaN));
    assertThat(Overlay.draw(GRAY, items)).isEqualTo(Overlay.draw(GRAY, items));
  }

  @Test
  void aTinyPictureAndAnEmptyListAreFine() {
    Raster tiny = Raster.filled(3, 2, 0);
    assertThat(Overlay.draw(tiny, List.of())).isEqualTo(tiny);
    assertThat(Overlay.draw(tiny, List.of(new Item(new Box(0, 0, 3, 2), "x", 1))).width())
        .isEqualTo(3);
  }

  @Test
  void aHundredLabelsHaveAHundredColours() {
    Set<Integer> colours = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      colours.add(Overlay.colour(i).getRGB());
    }
    assertThat(colours).hasSize(100);
  }

  private static int count(Raster picture, int colour) {
    int n = 0;
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < picture.width(); x++) {
        n += picture.pixel(x, y) == colour ? 1 : 0;
      }
    }
    return n;
  }

  @Test
  void masksAreTranslucentWithAnOutlineInsteadOfABox() {
    Mask mask = Mask.of(200, 150, new Box(60, 40, 140, 120));
    for (int y = 70; y < 90; y++) {
      for (int x = 90; x < 110; x++) {
        mask.set(x, y, false);
      }
    }
    Box box = new Box(40, 40, 160, 140);
    Raster drawn = Overlay.draw(GRAY, List.of(new Item(box, "cat", 0.9, Rle.of(mask))));
    int full = Overlay.colour(0).getRGB() & 0xffffff;
    assertThat(drawn.pixel(60, 100)).as("outline").isEqualTo(full);
    assertThat(drawn.pixel(90, 80)).as("outline of the hole").isEqualTo(full);
    assertThat(drawn.pixel(100, 80)).as("in the hole").isEqualTo(0x808080);
    assertThat(drawn.pixel(40, 100)).as("where the box would be").isEqualTo(0x808080);
    int inside = drawn.pixel(75, 100);
    for (int shift = 0; shift < 24; shift += 8) {
      double expected = 0x80 + 0.45 * ((full >> shift & 255) - 0x80);
      assertThat((double) (inside >> shift & 255)).isCloseTo(expected, within(0.51));
    }
  }

  @Test
  void anEmptyMaskLeavesTheBoxAndOneOfAnotherSizeIsRefused() {
    Box box = new Box(20, 40, 90, 120);
    Item bare = new Item(box, "cat", 0.9);
    Item empty = new Item(box, "cat", 0.9, Rle.of(new Mask(200, 150)));
    assertThat(Overlay.draw(GRAY, List.of(empty))).isEqualTo(Overlay.draw(GRAY, List.of(bare)));
    Item turned = new Item(box, "cat", 0.9, Rle.of(new Mask(150, 200)));
    assertThatThrownBy(() -> Overlay.draw(GRAY, List.of(turned)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("150 x 200 pixels, its picture 200 x 150");
  }
}
