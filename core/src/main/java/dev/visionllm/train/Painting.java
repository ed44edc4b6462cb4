package dev.visionllm.train;

import dev.visionllm.image.Raster;

/** What a picture decoder should make of a call. */
sealed interface Painting extends ToolTarget {
  /** What the call asks for. */
  String text();

  /** The square picture that should come out. */
  Raster picture();

  /** A picture of a caption. */
  record Drawn(String text, Raster picture) implements Painting {}

  /**
   * A picture that was changed as told.
   *
   * @param before what it was, of the same size
   */
  record Edited(String text, Raster before, Raster picture) implements Painting {}
}
