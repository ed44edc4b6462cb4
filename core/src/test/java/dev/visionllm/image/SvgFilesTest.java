package dev.visionllm.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;

class SvgFilesTest {
  private static final String CIRCLE =
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 10'>"
          + "<rect x='0' y='0' width='10' height='10' fill='#ff0000'/></svg>";

  @Test
  void rendersAtItsAspectRatioWithAlpha() {
    BufferedImage image = SvgFiles.render(CIRCLE.getBytes(UTF_8), "half.svg", 64);
    assertThat(image.getType()).isEqualTo(BufferedImage.TYPE_INT_ARGB);
    assertThat(image.getWidth()).isEqualTo(64);
    assertThat(image.getHeight()).isEqualTo(32);
    assertThat(image.getRGB(10, 16)).isEqualTo(0xffff0000);
    assertThat(image.getRGB(50, 16)).isZero();
  }

  @Test
  void refusesWhatIsNoDrawing() {
    for (String text : new String[] {"", "plain text", "<svg", "<html></html>"}) {
      assertThatThrownBy(() -> SvgFiles.render(text.getBytes(UTF_8), "bad.svg", 64))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("bad.svg: ");
    }
    assertThatThrownBy(() -> SvgFiles.render(CIRCLE.getBytes(UTF_8), "half.svg", 100_000))
        .hasMessageContaining("allowed: 1 to 8192");
  }
}
