package dev.visionllm.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.image.Raster;
import dev.visionllm.prompt.VisualPrompt.PointPrompt;
import java.util.List;
import org.junit.jupiter.api.Test;

class PromptTest {
  private static final Raster PICTURE = Raster.filled(40, 30, 0);
  private static final VisualPrompt POINT = new PointPrompt(5, 5);

  @Test
  void placeholdersAndRegionsMustAgreeWhereThereAreAny() {
    List<Raster> images = List.of(PICTURE);
    assertThat(new Prompt("What is <region>?", images, List.of(POINT)).regionPlaceholders())
        .isEqualTo(1);
    assertThat(new Prompt("What is this?", images, List.of(POINT)).regions()).hasSize(1);
    assertThatThrownBy(() -> new Prompt("<region> and <region>?", images, List.of(POINT)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 placeholder(s) <region>")
        .hasMessageContaining("1 region(s)");
    assertThatThrownBy(() -> new Prompt("What is <region>?", images, List.of()))
        .hasMessageContaining("1 placeholder(s) <region> but 0 region(s)");
    assertThatThrownBy(() -> new Prompt("<image> <image> differ?", images, List.of()))
        .hasMessageContaining("2 placeholder(s) <image> but 1 picture(s)");
  }

  @Test
  void aRegionMarksThePictureBeforeItOrTheLast() {
    List<Raster> images = List.of(PICTURE, Raster.filled(9, 9, 0));
    List<VisualPrompt> points = List.of(new PointPrompt(30, 20), new PointPrompt(8, 8));
    assertThat(new Prompt("<image> <region> <image> <region>", images, points).marked())
        .containsExactly(0, 1);
    assertThat(new Prompt("<image> <region> <region> <image>", images, points).marked())
        .containsExactly(0, 0);
    assertThatThrownBy(() -> new Prompt("<image> <image> <region> <region>", images, points))
        .hasMessageContaining("outside the picture of 9 x 9");
    assertThatThrownBy(() -> new Prompt("<region>, <region>?", images, points))
        .hasMessageContaining("outside the picture of 9 x 9");
    assertThat(new Prompt("<image> <image>?", images, points.subList(1, 2)).marked())
        .containsExactly(1);
    assertThat(Prompt.marked("<region> of <image>")).containsExactly(0);
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> Prompt.of("  ", PICTURE)).hasMessageContaining("no text");
    assertThatThrownBy(() -> new Prompt("What?", List.of(), List.of(POINT)))
        .hasMessageContaining("no picture");
    assertThatThrownBy(() -> new Prompt("What?", List.of(PICTURE), List.of(new PointPrompt(41, 5))))
        .hasMessageContaining("outside the picture of 40 x 30");
  }

  @Test
  void aTextAloneIsAPrompt() {
    assertThat(new Prompt("Hello", List.of(), List.of()).images()).isEmpty();
  }
}
