package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.NodeList;

class PngTextTest {
  @TempDir Path dir;

  private final Raster picture = Raster.filled(5, 3, 0x336699);

  private static Map<String, String> texts() {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("prompt", "a café\nat night");
    texts.put("negative prompt", "雨, naïve 🎨");
    texts.put("seed", "-3");
    texts.put("empty", "");
    return texts;
  }

  @Test
  void textsSurviveAFileAndThePictureToo() throws IOException {
    Path file = dir.resolve("made.png");
    ImageFiles.writePng(picture, texts(), file);
    assertThat(ImageFiles.texts(file)).containsExactlyEntriesOf(texts());
    assertThat(ImageFiles.read(file)).isEqualTo(picture);
  }

  @Test
  void otherReadersFindThem() throws IOException {
    Path file = dir.resolve("made.png");
    ImageFiles.writePng(picture, texts(), file);
    ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      reader.setInput(in);
      var root =
          (org.w3c.dom.Element) reader.getImageMetadata(0).getAsTree("javax_imageio_png_1.0");
      assertThat(attributes(root.getElementsByTagName("tEXtEntry"), "value"))
          .containsEntry("prompt", "a café\nat night")
          .containsEntry("seed", "-3");
      assertThat(attributes(root.getElementsByTagName("iTXtEntry"), "text"))
          .containsEntry("negative prompt", "雨, naïve 🎨");
    } finally {
      reader.dispose();
    }
  }

  private static Map<String, String> attributes(NodeList entries, String value) {
    Map<String, String> out = new LinkedHashMap<>();
    for (int i = 0; i < entries.getLength(); i++) {
      var attributes = entries.item(i).getAttributes();
      out.put(
          attributes.getNamedItem("keyword").getNodeValue(),
          attributes.getNamedItem(value).getNodeValue());
    }
    return out;
  }

  @Test
  void damagedAndForeignBytesHoldNoTexts() throws IOException {
    byte[] png = PngText.add(ImageFiles.png(picture.toBufferedImage()), texts());
    byte[] flipped = png.clone();
    flipped[8 + 25 + 8 + "prompt".length() + 3] ^= 1; // inside the first text
    assertThat(PngText.read(flipped)).hasSize(texts().size() - 1).doesNotContainKey("prompt");
    for (int n = 0; n < 60; n++) {
      assertThat(PngText.read(java.util.Arrays.copyOf(png, n)).size()).isLessThan(texts().size());
    }
    assertThat(PngText.read(new byte[] {1, 2, 3})).isEmpty();
    Path plain = dir.resolve("plain.png");
    ImageFiles.writePng(picture, plain);
    assertThat(Files.exists(plain)).isTrue();
    assertThat(ImageFiles.texts(plain)).isEmpty();
  }

  @Test
  void refusesKeywordsThatPngCannotHold() throws IOException {
    byte[] png = ImageFiles.png(picture.toBufferedImage());
    for (String keyword : new String[] {"", " seed", "seed ", "two  spaces", "雨", "x".repeat(80)}) {
      assertThatThrownBy(() -> PngText.add(png, Map.of(keyword, "x")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("PNG keyword \"" + keyword + "\" should be 1 to 79");
    }
    assertThatThrownBy(() -> PngText.add(new byte[] {1, 2}, Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
