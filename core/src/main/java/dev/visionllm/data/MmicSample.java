package dev.visionllm.data;

import dev.visionllm.geometry.Box;
import dev.visionllm.image.VisualMark;
import java.util.List;

/**
 * One sample before it is drawn.
 *
 * @param mark of all marked pictures; null if there are none
 * @param shown the examples, then what is to be solved
 * @param wanted objects of the last picture that are asked for; none where the answer is text
 * @param drawing seed of what differs between marks of a kind
 */
record MmicSample(
    MmicPattern pattern,
    VisualMark mark,
    List<Shown> shown,
    List<CocoDataset.Annotation> wanted,
    String question,
    String reply,
    String answer,
    long drawing) {
  /**
   * One picture.
   *
   * @param marked objects that get the mark
   * @param part of the picture that is shown; null for all of it
   */
  record Shown(CocoDataset.Picture picture, List<CocoDataset.Annotation> marked, Box part) {}
}
