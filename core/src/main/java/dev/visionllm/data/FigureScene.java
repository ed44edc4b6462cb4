package dev.visionllm.data;

import dev.visionllm.data.figures.Drawing;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Rle;
import java.util.List;

/**
 * A picture of figures with keypoints.
 *
 * @param index its number in the sequence of the generator
 * @param rgb width * height pixels 0xRRGGBB, row-major
 * @param figures from back to front
 */
record FigureScene(long index, int width, int height, int[] rgb, List<Shown> figures) {
  /**
   * One figure.
   *
   * @param visible its pixels that are seen
   * @param fraction of its pixels that are seen
   * @param keypoints in pixels, in the order of the drawing's set
   */
  record Shown(Drawing drawing, Rle visible, double fraction, Keypoints keypoints) {}

  FigureScene {
    figures = List.copyOf(figures);
  }
}
