package dev.visionllm.data;

import dev.visionllm.geometry.Rle;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One conversation about pictures.
 *
 * @param id unique within its file
 * @param images paths of the pictures relative to the file's folder; none for text alone
 * @param task what it trains or tests, in the words of {@link Task}, or another word; empty if the
 *     file does not say
 * @param turns human and assistant in turn, the human first; there is one {@code <image>} for every
 *     picture, in the first turn where it is the only one, else where the human speaks
 * @param regions one per {@code <region>} in the turns, in order
 * @param answer bare answer for evaluation, such as "yes", "3" or "dog"; null if the file does not
 *     say
 */
public record Dialogue(
    String id,
    List<String> images,
    String task,
    List<Turn> turns,
    List<Region> regions,
    String answer) {
  public Dialogue {
    images = List.copyOf(images);
    turns = List.copyOf(turns);
    regions = List.copyOf(regions);
  }

  /** About one picture, or none where {@code image} is null. */
  public Dialogue(
      String id, String image, String task, List<Turn> turns, List<Region> regions, String answer) {
    this(id, image == null ? List.of() : List.of(image), task, turns, regions, answer);
  }

  /**
   * The picture of a conversation about at most one; null for text alone.
   *
   * @throws IllegalArgumentException if there are several, which the data may hold
   */
  public String image() {
    if (images.size() > 1) {
      throw new IllegalArgumentException(
          "dialogue " + id + " is about " + images.size() + " pictures, expected at most one");
    }
    return images.isEmpty() ? null : images.get(0);
  }

  /** The picture of each region, by its place in the turns: see {@link Prompt#marked(String)}. */
  public List<Integer> marked() {
    return Prompt.marked(turns.stream().map(Turn::text).collect(Collectors.joining("\n")));
  }

  /** Who speaks. */
  public enum Role {
    HUMAN,
    ASSISTANT
  }

  /** One utterance. */
  public record Turn(Role role, String text) {}

  /**
   * Part of a picture that the human points at; coordinates in pixels, (0, 0) is the outer corner
   * of the first pixel.
   */
  public sealed interface Region {
    /** Whether it lies in a picture of that size; a box may end a rounding error outside. */
    boolean fits(int width, int height);

    /** As what a user would give. */
    VisualPrompt prompt();

    /** A box by its corners. */
    record Box(double x0, double y0, double x1, double y1) implements Region {
      @Override
      public VisualPrompt.BoxPrompt prompt() {
        return new VisualPrompt.BoxPrompt(new dev.visionllm.geometry.Box(x0, y0, x1, y1));
      }

      @Override
      public boolean fits(int width, int height) {
        return x1 <= width + CocoFile.SLACK && y1 <= height + CocoFile.SLACK;
      }
    }

    /** A point. */
    record Point(double x, double y) implements Region {
      @Override
      public VisualPrompt.PointPrompt prompt() {
        return new VisualPrompt.PointPrompt(x, y);
      }

      @Override
      public boolean fits(int width, int height) {
        return x <= width && y <= height;
      }
    }

    /** A line through at least two points, each (x, y). */
    record Scribble(List<Point> points) implements Region {
      public Scribble {
        points = List.copyOf(points);
      }

      @Override
      public VisualPrompt prompt() {
        return new VisualPrompt.ScribblePrompt(points.stream().map(Point::prompt).toList());
      }

      @Override
      public boolean fits(int width, int height) {
        return points.stream().allMatch(p -> p.fits(width, height));
      }
    }

    /** A mask of the picture's size. */
    record Mask(Rle rle) implements Region {
      @Override
      public VisualPrompt prompt() {
        return new VisualPrompt.MaskPrompt("region", rle.toMask());
      }

      @Override
      public boolean fits(int width, int height) {
        return rle.width() == width && rle.height() == height;
      }
    }
  }
}
