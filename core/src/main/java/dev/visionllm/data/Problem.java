package dev.visionllm.data;

/**
 * Something in a data set that cannot be used.
 *
 * @param file the file, as it was named
 * @param at the place in it: a line, an entry of a list with its id, an entry of an archive; empty
 *     for the file as a whole
 * @param message what is there and what should be
 */
public record Problem(String file, String at, String message) {
  @Override
  public String toString() {
    return file + ": " + (at.isEmpty() ? "" : at + ": ") + message;
  }
}
