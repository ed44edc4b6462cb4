package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.prompt.VisualPrompt.BoxPrompt;
import dev.visionllm.prompt.VisualPrompt.MaskPrompt;
import dev.visionllm.prompt.VisualPrompt.PointPrompt;
import dev.visionllm.prompt.VisualPrompt.ScribblePrompt;
import dev.visionllm.result.Segment;
import java.util.List;
import org.junit.jupiter.api.Test;

class MarkedTest {
  private static final Segment SURE = segment(.9, new Box(0, 0, 10, 10));
  private static final Segment LARGE = segment(.5, new Box(20, 20, 40, 40));
  private static final Segment SMALL = segment(.4, new Box(28, 28, 32, 32));
  private static final List<Segment> FOUND = List.of(SURE, LARGE, SMALL);

  @Test
  void theSurestOfThoseUnderAPointWins() {
    assertThat(Marked.object(FOUND, new PointPrompt(30, 30))).contains(LARGE);
    assertThat(Marked.object(FOUND, new PointPrompt(5, 5))).contains(SURE);
  }

  @Test
  void whatNoMarkMeetsIsNotIt() {
    for (VisualPrompt mark :
        List.of(
            new PointPrompt(45, 5),
            BoxPrompt.of(41, 0, 50, 9),
            new ScribblePrompt(List.of(new PointPrompt(45, 5), new PointPrompt(48, 8))),
            mask(new Box(12, 12, 18, 18)))) {
      assertThat(Marked.object(FOUND, mark)).as("%s", mark).isEmpty();
    }
    assertThat(Marked.object(List.of(), new PointPrompt(5, 5))).isEmpty();
  }

  @Test
  void boxesAndMasksTellSizes() {
    assertThat(Marked.object(FOUND, BoxPrompt.of(27, 28, 32, 32))).contains(SMALL);
    assertThat(Marked.object(FOUND, BoxPrompt.of(20, 21, 41, 40))).contains(LARGE);
    assertThat(Marked.object(FOUND, mask(new Box(28, 28, 32, 33)))).contains(SMALL);
    assertThat(Marked.object(FOUND, mask(new Box(20, 20, 40, 38)))).contains(LARGE);
  }

  @Test
  void aScribbleThatCrossesOneObjectMeansTheOtherThatHoldsIt() {
    var scribble = new ScribblePrompt(List.of(new PointPrompt(22, 30), new PointPrompt(38, 30)));
    Segment surer = segment(.8, new Box(28, 28, 32, 32));
    assertThat(Marked.object(List.of(surer, LARGE), scribble)).contains(LARGE);
  }

  private static MaskPrompt mask(Box box) {
    return new MaskPrompt("mask", Mask.of(50, 50, box));
  }

  private static Segment segment(double score, Box box) {
    return new Segment("region 1", score, box, Rle.of(Mask.of(50, 50, box)), 1);
  }
}
