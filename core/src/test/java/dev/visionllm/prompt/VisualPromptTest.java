package dev.visionllm.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.VisualPrompt.BoxPrompt;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VisualPromptTest {
  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "box:-1,0,10,10",
        "box:0,0,101,10",
        "box:200,200,300,300",
        "box:0,0,10,50.5",
        "point:100.5,3",
        "point:3,-0.1",
        "scribble:1,1;200,1"
      })
  void outsideThePicture(String text) throws IOException {
    VisualPrompt region = VisualPrompt.parse(text);
    assertThatThrownBy(() -> region.mask(100, 50))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("region " + text)
        .hasMessageContaining("outside the picture of 100 x 50")
        .hasMessageContaining("keep x within 0..100 and y within 0..50");
  }

  @ParameterizedTest
  @ValueSource(strings = {"box:10,10,5,20", "box:10,10,20,10", "box:3,3,3,3"})
  void invertedOrEmptyBoxes(String text) {
    assertThatThrownBy(() -> VisualPrompt.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text)
        .hasMessageContaining("x0 < x1 and y0 < y1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "box",
        "box:",
        "box:1,2,3",
        "box:1,2,3,4,5",
        "box:a,b,c,d",
        "circle:1,2,3",
        "point:1",
        "scribble:",
        "scribble:1,2;3",
        "mask:",
        "1,2,3,4"
      })
  void malformed(String text) {
    assertThatThrownBy(() -> VisualPrompt.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(VisualPrompt.SYNTAX);
  }

  @ParameterizedTest
  @ValueSource(strings = {"box:NaN,0,1,1", "point:Infinity,0", "scribble:1,1"})
  void meaninglessNumbers(String text) {
    assertThatThrownBy(() -> VisualPrompt.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(VisualPrompt.SYNTAX);
  }

  /** The cases of the reference's boxes_to_masks, which clamps where a prompt is an error. */
  @Test
  void boxesTouchTheReferencesPixels() {
    assertThat(BoxPrompt.touched(new Box(3.2, 4.9, 20, 30.7), 50, 40).bounds())
        .isEqualTo(new Box(3, 4, 21, 31));
    assertThat(BoxPrompt.touched(new Box(-5, 0, 10, 10), 50, 40).bounds())
        .isEqualTo(new Box(0, 0, 11, 11));
    assertThat(BoxPrompt.touched(new Box(10, 10, 500, 500), 50, 40).bounds())
        .isEqualTo(new Box(10, 10, 50, 40));
    assertThat(BoxPrompt.touched(new Box(7, 7, 7, 7), 50, 40).area()).isEqualTo(1);
    assertThat(BoxPrompt.of(0, 0, 50, 40).mask(50, 40).area()).isEqualTo(2000);
  }

  @Test
  void aScribbleIsAThickLine() throws IOException {
    Mask mask = VisualPrompt.parse("scribble:20,50; 180,50; 180,90").mask(200, 100);
    assertThat(mask.get(100, 50)).isTrue();
    assertThat(mask.get(180, 70)).isTrue();
    assertThat(mask.get(100, 70)).isFalse();
    assertThat(mask.bounds()).isEqualTo(new Box(19, 49, 181, 91));
    assertThat(VisualPrompt.parse("scribble:0,0;0,0").mask(8, 8).area()).isPositive();
  }

  @Test
  void masksFromFiles() throws IOException {
    Raster white = Raster.filled(6, 4, 0);
    byte[] rgb = white.rgb().clone();
    rgb[0] = rgb[1] = rgb[2] = (byte) 255;
    Path file = dir.resolve("m.png");
    ImageFiles.writePng(new Raster(6, 4, rgb), file);
    VisualPrompt region = VisualPrompt.parse("mask:" + file);
    assertThat(region.mask(6, 4).bounds()).isEqualTo(new Box(0, 0, 1, 1));
    assertThatThrownBy(() -> region.mask(7, 4))
        .hasMessageContaining("6 x 4")
        .hasMessageContaining("picture has 7 x 4");

    Path black = dir.resolve("black.png");
    ImageFiles.writePng(white, black);
    VisualPrompt empty = VisualPrompt.parse("mask:" + black);
    assertThatThrownBy(() -> empty.mask(6, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("black.png is empty");
    assertThatThrownBy(() -> VisualPrompt.parse("mask:" + dir.resolve("none.png")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"box:1,2.5,30,40", "point:3,4", "scribble:1,2;3,4;5.25,6"})
  void textsReadBack(String text) throws IOException {
    assertThat(VisualPrompt.parse(text)).hasToString(text);
  }
}
