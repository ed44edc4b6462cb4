package dev.visionllm.data;

import dev.visionllm.geometry.Rle;
import java.util.List;

/**
 * One conversation about at most one picture.
 *
 * @param id unique within its file
 * @param image path of the picture relative to the file's folder; null for text alone
 * @param task what it trains or tests, in the words of {@link Task}, or another word; empty if the
 *     file does not say
 * @param turns human and assistant in turn, the human first; the first turn holds {@code <image>}
 *     where there is a picture
 * @param regions one per {@code <region>} in the turns, in order
 * @param answer bare answer for evaluation, such as "yes", "3" or "dog"; null if the file does not
 *     say
 */
public record Dialogue(
    String id, String image, String task, List<Turn> turns, List<Region> regions, String answer) {
  public Dialogue {
    turns = List.copyOf(turns);
    regions = List.copyOf(regions);
  }

  /** Who speaks. */
  public enum Role {
    HUMAN,
    ASSISTANT
  }

  /** One utterance. */
  public record Turn(Role role, String text) {}

  /**
   * Part of the picture that the human points at; coordinates in pixels, (0, 0) is the outer corner
   * of the first pixel.
   */
  public sealed interface Region {
    /** A box by its corners. */
    record Box(double x0, double y0, double x1, double y1) implements Region {}

    /** A point. */
    record Point(double x, double y) implements Region {}

    /** A line through at least two points, each (x, y). */
    record Scribble(List<Point> points) implements Region {
      public Scribble {
        points = List.copyOf(points);
      }
    }

    /** A mask of the picture's size. */
    record Mask(Rle rle) implements Region {}
  }
}
