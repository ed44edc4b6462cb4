package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSet.Limb;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.image.SkeletonOverlay.Item;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SkeletonOverlayTest {
  private static final int GROUND = 0x808080;
  private static final Raster GRAY = Raster.filled(200, 150, GROUND);
  private static final KeypointSet ARM =
      new KeypointSet(
          "arm", List.of("a", "b", "c"), List.of(new Limb(0, 1), new Limb(1, 2)), List.of());

  @Test
  void everyLimbHasItsColour() {
    Raster drawn =
        SkeletonOverlay.draw(
            GRAY, List.of(new Item(ARM, Keypoints.of(20, 20, 2, 100, 20, 2, 100, 120, 2))));
    assertThat(drawn.pixel(60, 20)).isEqualTo(colour(0, 2));
    assertThat(drawn.pixel(100, 70)).isEqualTo(colour(1, 2));
    assertThat(drawn.pixel(20, 20)).as("its dot").isEqualTo(colour(0, 2));
    assertThat(drawn.pixel(150, 100)).isEqualTo(GROUND);
    assertThat(GRAY.pixel(60, 20)).as("the picture itself is untouched").isEqualTo(GROUND);
  }

  @Test
  void pointsThatAreNotThereAreNotDrawn() {
    Raster drawn =
        SkeletonOverlay.draw(
            GRAY, List.of(new Item(ARM, Keypoints.of(20, 20, 1, 100, 20, 2, 0, 0, 0))));
    assertThat(drawn.pixel(60, 20)).isEqualTo(colour(0, 2));
    assertThat(drawn.pixel(50, 10)).as("no limb to the missing point").isEqualTo(GROUND);
    assertThat(drawn.pixel(1, 1)).isEqualTo(GROUND);
  }

  @Test
  void limbsOfASetDiffer() {
    for (KeypointSet set : KeypointSets.all()) {
      Set<Integer> colours = new HashSet<>();
      for (int i = 0; i < set.limbs().size(); i++) {
        colours.add(colour(i, set.limbs().size()));
      }
      assertThat(colours).as(set.name()).hasSameSizeAs(set.limbs());
    }
  }

  @Test
  void pointsOutsideOfThePictureAndTinyPicturesAreFine() {
    Item item = new Item(ARM, Keypoints.of(-50, -20, 2, 400, 20, 2, 100, 900, 2));
    assertThat(SkeletonOverlay.draw(GRAY, List.of(item)).width()).isEqualTo(200);
    Raster tiny = Raster.filled(3, 2, 0);
    assertThat(SkeletonOverlay.draw(tiny, List.of())).isEqualTo(tiny);
    assertThat(SkeletonOverlay.draw(tiny, List.of(item)).height()).isEqualTo(2);
    assertThatThrownBy(() -> new Item(ARM, Keypoints.of(1, 1, 2))).hasMessageContaining("arm");
  }

  private static int colour(int i, int n) {
    return SkeletonOverlay.colour(i, n).getRGB() & 0xffffff;
  }
}
