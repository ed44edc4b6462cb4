package dev.visionllm.vlm;

import java.util.List;

/**
 * One row for the multimodal language model: token ids and what their placeholders stand for.
 *
 * @param ids token ids; one {@code <im_patch>} per image feature, one {@code <region>} per region,
 *     routing tokens with or without their query placeholders
 * @param images the pictures in order; none if the row has no {@code <im_patch>}
 * @param regions the regions in order
 */
public record Inputs(int[] ids, List<Picture> images, List<Region> regions) {
  /**
   * The tiles of one picture.
   *
   * @param pixels normalised values, (tiles, 3, size, size) in row-major order; the last tile is
   *     the global picture
   */
  public record Picture(int tiles, int size, float[] pixels) {
    /** Checks the array's length. */
    public Picture {
      if (pixels.length != tiles * 3 * size * size) {
        throw new IllegalArgumentException(
            "a picture of "
                + tiles
                + " tiles of "
                + size
                + " pixels needs "
                + tiles * 3 * size * size
                + " values, has "
                + pixels.length);
      }
    }
  }

  /**
   * A visual prompt on the global tile of a picture.
   *
   * @param image index into the row's images
   * @param mask 0 or 1 per pixel of the global tile, row-major
   */
  public record Region(int image, float[] mask) {}
}
