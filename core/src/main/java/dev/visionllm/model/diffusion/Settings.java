package dev.visionllm.model.diffusion;

import dev.visionllm.image.Raster;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How pictures are made.
 *
 * @param schedule path from noise to picture
 * @param steps of the schedule
 * @param guidance how strongly the text is followed; at most 1 turns guidance off and halves the
 *     work
 * @param imageGuidance when editing, how strongly the picture is kept; below 1 turns guidance off
 * @param width pixels, a multiple of the autoencoder's pixels per latent
 * @param height pixels, likewise
 * @param images pictures that one run makes
 * @param seed of the first picture; picture i has seed + i, so it can be made again alone
 * @param previews whether each step gives a small picture
 * @param tiled whether pictures are decoded in tiles, which needs less memory
 */
public record Settings(
    Schedule schedule,
    int steps,
    double guidance,
    double imageGuidance,
    int width,
    int height,
    int images,
    long seed,
    boolean previews,
    boolean tiled) {
  /** The reference's for generation. */
  public static final Settings GENERATE =
      new Settings(Schedule.PNDM, 50, 7.5, 1, 512, 512, 1, 0, false, false);

  /** The reference's for editing. */
  public static final Settings EDIT =
      new Settings(Schedule.EULER_ANCESTRAL, 100, 7.5, 1.5, 512, 512, 1, 0, false, false);

  private static final int LONGEST = 4096;
  private static final int MOST_IMAGES = 64;

  /** Refuses values without a meaning. */
  public Settings {
    if (steps < 1) {
      throw new IllegalArgumentException("steps is " + steps + ", should be at least 1");
    }
    if (!(guidance >= 0 && guidance <= 100) || !(imageGuidance >= 0 && imageGuidance <= 100)) {
      throw new IllegalArgumentException(
          "guidance is "
              + guidance
              + " and image guidance "
              + imageGuidance
              + ", should be from 0 to 100");
    }
    if (width < 1 || height < 1 || width > LONGEST || height > LONGEST) {
      throw new IllegalArgumentException(
          "the picture's size is "
              + width
              + " x "
              + height
              + ", should be 1 to "
              + LONGEST
              + " pixels a side");
    }
    if (images < 1 || images > MOST_IMAGES) {
      throw new IllegalArgumentException("images is " + images + ", should be 1 to " + MOST_IMAGES);
    }
  }

  /** The same with another size. */
  public Settings sized(int width, int height) {
    return new Settings(
        schedule, steps, guidance, imageGuidance, width, height, images, seed, previews, tiled);
  }

  /** The same with another number of steps. */
  public Settings stepped(int steps) {
    return new Settings(
        schedule, steps, guidance, imageGuidance, width, height, images, seed, previews, tiled);
  }

  /** The same that follow words and picture otherwise. */
  public Settings guided(double guidance, double imageGuidance) {
    return new Settings(
        schedule, steps, guidance, imageGuidance, width, height, images, seed, previews, tiled);
  }

  /** The same with another schedule. */
  public Settings scheduled(Schedule schedule) {
    return new Settings(
        schedule, steps, guidance, imageGuidance, width, height, images, seed, previews, tiled);
  }

  /** The same with another seed. */
  public Settings seeded(long seed) {
    return new Settings(
        schedule, steps, guidance, imageGuidance, width, height, images, seed, previews, tiled);
  }

  /** The same with or without previews. */
  public Settings withPreviews(boolean previews) {
    return new Settings(
        schedule, steps, guidance, imageGuidance, width, height, images, seed, previews, tiled);
  }

  /**
   * The same with a picture's aspect ratio.
   *
   * @param longest pixels of the longer side, at most; smaller pictures keep their size
   * @param multiple what both sides are rounded down to, at least one of it
   */
  public Settings sizedLike(Raster picture, int longest, int multiple) {
    double shrink = Math.min(1, (double) longest / Math.max(picture.width(), picture.height()));
    return sized(
        rounded(picture.width() * shrink, multiple), rounded(picture.height() * shrink, multiple));
  }

  private static int rounded(double side, int multiple) {
    return Math.max(multiple, (int) Math.round(side) / multiple * multiple);
  }

  /**
   * How a picture came to be, as the text that its PNG file carries.
   *
   * @param prompt what the user asked for
   * @param negative what was to be avoided, or empty
   * @param model name of the model
   * @param image index of the picture in its run
   */
  public Map<String, String> provenance(String prompt, String negative, String model, int image) {
    Map<String, String> text = new LinkedHashMap<>();
    text.put("Software", "VisionLLM4J");
    text.put("prompt", prompt);
    if (!negative.isEmpty()) {
      text.put("negative prompt", negative);
    }
    text.put("model", model);
    text.put("seed", Long.toString(seed + image));
    text.put("schedule", schedule.spoken());
    text.put("steps", Integer.toString(steps));
    text.put("guidance", Double.toString(guidance));
    text.put("image guidance", Double.toString(imageGuidance));
    return text;
  }
}
