package dev.visionllm.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a picture is made of: it can be drawn again with one part changed, and every pixel that the
 * part does not touch stays the same.
 *
 * @param background width * height pixels 0xRRGGBB, row-major
 * @param layers the objects from back to front
 */
record Composition(int width, int height, int[] background, List<Layer> layers) {
  Composition {
    layers = List.copyOf(layers);
  }

  /** Without one of the objects. */
  Composition without(int thing) {
    List<Layer> rest = new ArrayList<>(layers);
    rest.remove(thing);
    return new Composition(width, height, background, rest);
  }

  /** With another object in the place of one. */
  Composition with(int thing, Layer other) {
    List<Layer> changed = new ArrayList<>(layers);
    changed.set(thing, other);
    return new Composition(width, height, background, changed);
  }

  /** Before another background. */
  Composition before(int[] other) {
    return new Composition(width, height, other, layers);
  }

  /** Draws it. An object that is hidden completely has no area and bounds without meaning. */
  Scene scene(long index) {
    int[] rgb = background.clone();
    int[] owner = new int[rgb.length];
    Arrays.fill(owner, -1);
    for (int i = 0; i < layers.size(); i++) layers.get(i).draw(rgb, owner, width, height, i);
    return seen(index, width, height, rgb, owner, layers);
  }

  /** What is seen of the layers in a picture of them. */
  static Scene seen(long index, int width, int height, int[] rgb, int[] owner, List<Layer> layers) {
    int n = layers.size();
    int[] x0 = new int[n];
    int[] y0 = new int[n];
    int[] x1 = new int[n];
    int[] y1 = new int[n];
    int[] area = new int[n];
    int[][] colours = new int[n][Colour.values().length];
    Arrays.fill(x0, width);
    Arrays.fill(y0, height);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int o = owner[y * width + x];
        if (o < 0) continue;
        area[o]++;
        x0[o] = Math.min(x0[o], x);
        y0[o] = Math.min(y0[o], y);
        x1[o] = Math.max(x1[o], x + 1);
        y1[o] = Math.max(y1[o], y + 1);
        Colour c = Colour.of(rgb[y * width + x]);
        if (c != null) colours[o][c.ordinal()]++;
      }
    }
    List<Scene.Thing> things = new ArrayList<>();
    for (int o = 0; o < n; o++) {
      Colour colour = Colour.dominant(colours[o], area[o]);
      double fraction = area[o] / (double) layers.get(o).area();
      things.add(
          new Scene.Thing(
              layers.get(o).name(), area[o], fraction, x0[o], y0[o], x1[o], y1[o], colour));
    }
    return new Scene(index, width, height, rgb, List.copyOf(things), owner);
  }
}
