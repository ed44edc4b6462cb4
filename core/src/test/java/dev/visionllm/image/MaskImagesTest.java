package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.geometry.Mask;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class MaskImagesTest {
  /** Through the PNG and back. */
  private static BufferedImage written(BufferedImage image) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(ImageFiles.png(image)));
  }

  @Test
  void aMaskIsBlackAndWhite() throws IOException {
    Mask mask = Mask.of(13, 7, new Box(2, 1, 9, 5));
    BufferedImage image = written(MaskImages.of(mask));
    assertThat(image.getColorModel().getPixelSize()).isEqualTo(1);
    for (int y = 0; y < 7; y++) {
      for (int x = 0; x < 13; x++) {
        assertThat(image.getRGB(x, y) & 0xffffff).isEqualTo(mask.get(x, y) ? 0xffffff : 0);
      }
    }
  }

  @Test
  void aLabelMapHasItsLabelsPlusOneAsValues() throws IOException {
    for (int most : new int[] {2, 254, 255, 65534}) {
      LabelMap map = new LabelMap(2, 2, new int[] {LabelMap.NONE, 0, 1, most});
      BufferedImage image = written(MaskImages.of(map));
      int[] values = image.getRaster().getPixels(0, 0, 2, 2, (int[]) null);
      assertThat(values).as("labels up to " + most).containsExactly(0, 1, 2, most + 1);
      if (most < 255) {
        assertThat(image.getRGB(1, 0)).isEqualTo(Overlay.colour(0).getRGB());
        assertThat(image.getRGB(0, 0) & 0xffffff).isZero();
      }
    }
    assertThatThrownBy(() -> MaskImages.of(new LabelMap(1, 1, new int[] {65535})))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("65534");
  }
}
