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
