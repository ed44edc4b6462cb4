package dev.visionllm.vlm;

import dev.visionllm.geometry.Rle;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Segment;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Tells the marked object among what the detector found for its mark: the highest product of score
 * and fit. The reference takes the highest score, even of an object that the mark does not touch.
 */
final class Marked {
  private Marked() {}

  /**
   * The object that a mark means; empty if the mark meets nothing that was found.
   *
   * @param found for this mark
   */
  static Optional<Segment> object(List<Segment> found, VisualPrompt mark) {
    if (found.isEmpty()) {
      return Optional.empty();
    }
    ToDoubleFunction<Segment> fit = fit(mark, found.get(0).rle());
    Segment best = null;
    double most = 0;
    for (Segment s : found) {
      double value = s.score() * fit.applyAsDouble(s);
      if (value > most) {
        best = s;
        most = value;
      }
    }
    return Optional.ofNullable(best);
  }

  /**
   * How well an object fits a mark, 0..1: of a point or scribble the share that lies on it, of a
   * box or mask the intersection over union.
   *
   * @param size that of the picture
   */
  private static ToDoubleFunction<Segment> fit(VisualPrompt mark, Rle size) {
    if (mark instanceof VisualPrompt.BoxPrompt b) {
      return s -> b.box().iou(s.box());
    }
    Rle pixels = Rle.of(mark.mask(size.width(), size.height()));
    if (mark instanceof VisualPrompt.MaskPrompt) {
      return s -> pixels.iou(s.rle(), false);
    }
    return s -> (double) Rle.intersection(List.of(pixels, s.rle())).area() / pixels.area();
  }
}
