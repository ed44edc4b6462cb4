package dev.visionllm.eval;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.prompt.VisualPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;

/** How a user could mark an object; the same random numbers give the same marks. */
final class ObjectMarks {
  /** The kinds of marks. */
  enum Kind {
    POINT,
    SCRIBBLE,
    BOX,
    MASK;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final int FEWEST_PIXELS = 10; // of an object with a point or a scribble
  private static final int STEPS = 24;
  private static final double TURN = .5; // radians that a walk turns by, at most
  private static final double STRIDE = .08; // of the longer side of the object

  private final Mask mask;
  private final Random random;
  private final int[] pixels; // of the object, row by row

  /**
   * @param mask the object's pixels
   */
  ObjectMarks(Mask mask, Random random) {
    this.mask = mask;
    this.random = random;
    boolean[] bits = mask.bits();
    int[] found = new int[mask.area()];
    int n = 0;
    for (int i = 0; i < bits.length; i++) {
      if (bits[i]) {
        found[n++] = i;
      }
    }
    pixels = found;
  }

  /**
   * Marks the object; a point is the centre of one of its pixels, a scribble a walk on it, a box is
   * that around the mask.
   *
   * @return empty if it is too small: no pixels, or fewer than ten for a point or a scribble, as in
   *     the reference (datasets/visual_sampler)
   */
  Optional<VisualPrompt> mark(Kind kind) {
    boolean pointed = kind == Kind.POINT || kind == Kind.SCRIBBLE;
    if (pixels.length < (pointed ? FEWEST_PIXELS : 1)) {
      return Optional.empty();
    }
    Box b = mask.bounds();
    return Optional.of(
        switch (kind) {
          case POINT -> point();
          case SCRIBBLE -> scribble();
          case BOX -> VisualPrompt.BoxPrompt.of(b.x0(), b.y0(), b.x1(), b.y1());
          case MASK -> new VisualPrompt.MaskPrompt("mask", mask);
        });
  }

  private VisualPrompt.PointPrompt point() {
    int i = pixels[random.nextInt(pixels.length)];
    return new VisualPrompt.PointPrompt(i % mask.width() + .5, i / mask.width() + .5);
  }

  private VisualPrompt scribble() {
    Box b = mask.bounds();
    double stride = Math.max(1, STRIDE * Math.max(b.width(), b.height()));
    List<VisualPrompt.PointPrompt> walk = new ArrayList<>(List.of(point()));
    double angle = 2 * Math.PI * random.nextDouble();
    for (int k = 0; k < STEPS; k++) {
      var at = walk.get(walk.size() - 1);
      double x = at.x() + stride * Math.cos(angle);
      double y = at.y() + stride * Math.sin(angle);
      if (on(x, y) && on((x + at.x()) / 2, (y + at.y()) / 2)) {
        walk.add(new VisualPrompt.PointPrompt(x, y));
        angle += TURN * (2 * random.nextDouble() - 1);
      } else {
        angle = 2 * Math.PI * random.nextDouble(); // turns at the outline
      }
    }
    if (walk.size() == 1) {
      walk.add(point());
    }
    return new VisualPrompt.ScribblePrompt(walk);
  }

  private boolean on(double x, double y) {
    return x >= 0 && y >= 0 && x < mask.width() && y < mask.height() && mask.get((int) x, (int) y);
  }
}
