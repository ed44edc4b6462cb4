package dev.visionllm.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.prompt.VisualPrompt.PointPrompt;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class VisualPromptPropertyTest {

  @Property(tries = 200)
  void aPointInsideMarksADiscAroundIt(
      @ForAll @IntRange(min = 1, max = 400) int w,
      @ForAll @IntRange(min = 1, max = 400) int h,
      @ForAll @IntRange(max = 1000) int fx,
      @ForAll @IntRange(max = 1000) int fy) {
    double x = fx * w / 1000.0;
    double y = fy * h / 1000.0;
    Mask mask = new PointPrompt(x, y).mask(w, h);
    double radius = Math.max(1, VisualPrompt.POINT_RADIUS * Math.min(w, h));
    assertThat(mask.area()).isPositive();
    assertThat(mask.get((int) Math.min(x, w - 1), (int) Math.min(y, h - 1))).isTrue();
    Box bounds = mask.bounds();
    assertThat(bounds.width()).isLessThanOrEqualTo(2 * radius + 1);
    assertThat(Math.abs(bounds.centerX() - x)).isLessThanOrEqualTo(radius);
  }
}
