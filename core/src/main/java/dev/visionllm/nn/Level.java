package dev.visionllm.nn;

/**
 * One map of a pyramid whose levels are laid out as one row of tokens.
 *
 * @param height rows of the map
 * @param width columns of the map
 * @param start where its tokens start among those of all levels
 */
public record Level(int height, int width, int start) {
  /** Where the next level's tokens start. */
  public int end() {
    return start + height * width;
  }
}
