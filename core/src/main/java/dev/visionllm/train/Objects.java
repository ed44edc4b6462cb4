package dev.visionllm.train;

import dev.visionllm.geometry.Mask;
import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Raster;
import dev.visionllm.model.gdino.Target;
import java.util.List;

/**
 * What the detector should find in a picture.
 *
 * @param seen the picture as the detector sees it
 * @param classes number of classes asked for
 * @param target the objects
 * @param masks their silhouettes on {@code seen}, row by row, one object after the other; empty if
 *     masks are not learnt
 */
record Objects(Raster seen, int classes, Target target, boolean[] masks) implements ToolTarget {
  /**
   * Makes them as a detector sees them.
   *
   * @param resize how pictures are resized for it
   * @param masks whether it learns silhouettes
   */
  record Maker(DetectorResize resize, boolean masks) {
    /**
     * Resizes a picture and what is in it.
     *
     * @param things the objects asked for
     * @param at position of each one's class in the prompt
     * @param flip whether left becomes right
     */
    Objects of(Raster picture, List<Corpus.Thing> things, int[] at, int classes, boolean flip) {
      return Objects.of(resize.resize(picture).raster(), picture, things, at, classes, masks, flip);
    }

    /** Of the things shown those of some names, which are the classes in their order. */
    Objects named(Raster picture, List<Corpus.Thing> shown, List<String> names, boolean flip) {
      List<Corpus.Thing> things = shown.stream().filter(t -> names.contains(t.name())).toList();
      int[] at = things.stream().mapToInt(t -> names.indexOf(t.name())).toArray();
      return of(picture, things, at, names.size(), flip);
    }
  }

  private static Objects of(
      Raster seen,
      Raster picture,
      List<Corpus.Thing> things,
      int[] at,
      int classes,
      boolean withMasks,
      boolean flip) {
    int w = seen.width();
    int h = seen.height();
    float[][] boxes = new float[things.size()][];
    boolean[] masks = new boolean[withMasks ? things.size() * w * h : 0];
    for (int i = 0; i < boxes.length; i++) {
      Corpus.Thing t = things.get(i);
      double cx = (t.box().x0() + t.box().x1()) / 2 / picture.width();
      boxes[i] =
          new float[] {
            (float) (flip ? 1 - cx : cx),
            (float) ((t.box().y0() + t.box().y1()) / 2 / picture.height()),
            (float) ((t.box().x1() - t.box().x0()) / picture.width()),
            (float) ((t.box().y1() - t.box().y0()) / picture.height())
          };
      if (withMasks) {
        Mask mask = t.mask(picture.width(), picture.height());
        for (int y = 0; y < h; y++) {
          int fromY = (2 * y + 1) * picture.height() / (2 * h); // nearest
          for (int x = 0; x < w; x++) {
            int fromX = (2 * (flip ? w - 1 - x : x) + 1) * picture.width() / (2 * w);
            masks[(i * h + y) * w + x] = mask.get(fromX, fromY);
          }
        }
      }
    }
    return new Objects(flip ? flipped(seen) : seen, classes, new Target(at, boxes), masks);
  }

  private static Raster flipped(Raster picture) {
    byte[] from = picture.rgb();
    byte[] to = new byte[from.length];
    int w = picture.width();
    for (int row = 0; row < from.length; row += 3 * w) {
      for (int x = 0; x < w; x++) {
        System.arraycopy(from, row + 3 * x, to, row + 3 * (w - 1 - x), 3);
      }
    }
    return new Raster(w, picture.height(), to);
  }
}
