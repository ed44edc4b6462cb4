package dev.visionllm.train;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the cells of a grid over a picture show.
 *
 * @param classes per cell: 0 for nothing, else 1 + the class's number
 * @param boxes per cell cx, cy, w, h of the object's box in shares of the picture, the centre
 *     relative to the cell's; zeros for nothing
 * @param counts per cell: objects of its class in the picture, at most {@link #MOST}; 0 for nothing
 * @param orders per cell: place of its class when the classes are listed from the largest object
 *     down, from 1, at most {@link #MOST}; 0 for nothing
 */
record PatchTargets(long[] classes, float[] boxes, long[] counts, long[] orders) {
  /** Greatest count and order that are told apart. */
  static final int MOST = 8;

  static PatchTargets of(Corpus.Picture p, List<String> classes, int grid) {
    int n = grid * grid;
    PatchTargets out = new PatchTargets(new long[n], new float[4 * n], new long[n], new long[n]);
    List<Mask> masks = p.things().stream().map(t -> t.mask(p.width(), p.height())).toList();
    List<String> order = order(p, masks);
    int[] owners = owners(p, masks, grid);
    for (int cell = 0; cell < n; cell++) {
      if (owners[cell] < 0) {
        continue;
      }
      Corpus.Thing thing = p.things().get(owners[cell]);
      Box b = thing.box();
      long alike = p.things().stream().filter(t -> t.name().equals(thing.name())).count();
      out.classes[cell] = 1 + classes.indexOf(thing.name());
      out.boxes[cell * 4] =
          (float) ((b.x0() + b.x1()) / 2 / p.width() - (cell % grid + 0.5) / grid);
      out.boxes[cell * 4 + 1] =
          (float) ((b.y0() + b.y1()) / 2 / p.height() - (cell / grid + 0.5) / grid);
      out.boxes[cell * 4 + 2] = (float) ((b.x1() - b.x0()) / p.width());
      out.boxes[cell * 4 + 3] = (float) ((b.y1() - b.y0()) / p.height());
      out.counts[cell] = Math.min(MOST, alike);
      out.orders[cell] = Math.min(MOST, 1 + order.indexOf(thing.name()));
    }
    return out;
  }

  /** The picture's classes, the one with the largest object first. */
  private static List<String> order(Corpus.Picture p, List<Mask> masks) {
    List<Integer> bySize = new ArrayList<>();
    for (int i = 0; i < masks.size(); i++) {
      bySize.add(i);
    }
    long[] areas = masks.stream().mapToLong(Mask::area).toArray();
    bySize.sort((i, j) -> Long.compare(areas[j], areas[i]));
    Set<String> seen = new HashSet<>();
    return bySize.stream().map(i -> p.things().get(i).name()).filter(seen::add).toList();
  }

  /** Per cell the object that covers most of it, at least a third; else -1. */
  private static int[] owners(Corpus.Picture p, List<Mask> masks, int grid) {
    int[] owner = new int[grid * grid];
    int[] most = new int[grid * grid];
    Arrays.fill(owner, -1);
    Arrays.fill(most, p.width() * p.height() / (grid * grid) / 3);
    for (int k = 0; k < masks.size(); k++) {
      Mask mask = masks.get(k);
      int[] covered = new int[grid * grid];
      for (int y = 0; y < p.height(); y++) {
        for (int x = 0; x < p.width(); x++) {
          if (mask.get(x, y)) {
            covered[y * grid / p.height() * grid + x * grid / p.width()]++;
          }
        }
      }
      for (int cell = 0; cell < covered.length; cell++) {
        if (covered[cell] > most[cell]) {
          most[cell] = covered[cell];
          owner[cell] = k;
        }
      }
    }
    return owner;
  }
}
