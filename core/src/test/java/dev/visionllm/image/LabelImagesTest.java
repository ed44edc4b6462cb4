package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.LabelMap;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabelImagesTest {
  @TempDir Path dir;

  /** As palette up to 254, as 16-bit gray above. */
  @ParameterizedTest
  @ValueSource(ints = {0, 7, 254, 255, 40_000})
  void mapsAreReadAsTheyAreWritten(int most) throws Exception {
    LabelMap map = new LabelMap(3, 2, new int[] {-1, 0, most, most, 0, -1});
    Path file = dir.resolve("map.png");
    ImageFiles.writePng(MaskImages.of(map), file);
    assertThat(LabelImages.read(file)).isEqualTo(map);
  }

  @Test
  void grayValuesAreTakenAsTheyAreStored() throws Exception {
    BufferedImage gray = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
    gray.getRaster().setPixels(0, 0, 2, 1, new int[] {0, 200});
    Path file = dir.resolve("gray.png");
    ImageFiles.writePng(gray, file);
    assertThat(LabelImages.read(file)).isEqualTo(new LabelMap(2, 1, new int[] {-1, 199}));
  }

  @Test
  void otherPicturesAreRefused() throws Exception {
    Path colour = dir.resolve("colour.png");
    ImageFiles.writePng(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB), colour);
    assertThatThrownBy(() -> LabelImages.read(colour))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(colour + ": this mask has 3 channels, expected 1");
    Path jpeg = dir.resolve("a.jpg");
    ImageIO.write(new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_GRAY), "jpeg", jpeg.toFile());
    assertThatThrownBy(() -> LabelImages.read(jpeg))
        .hasMessageContaining("a mask is a PNG, not JPEG");
    byte[] bytes = Files.readAllBytes(colour);
    Path cut = Files.write(dir.resolve("cut.png"), Arrays.copyOf(bytes, bytes.length - 20));
    assertThatThrownBy(() -> LabelImages.read(cut))
        .hasMessageContaining("cut.png: the PNG is truncated");
  }
}
