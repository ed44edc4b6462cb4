package dev.visionllm.eval;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.result.Segment;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A data folder of two pictures of 32 x 32 pixels on gray, whose objects are squares of 100 pixels
 * in the colours of their classes: a.png has a red dog and a green cat, b.png a red dog. Nothing is
 * blue, which would be a bus.
 */
record TinyWorld(Path folder) {
  static final int SIDE = 32;
  static final Map<String, Integer> COLOURS = Map.of("dog", 0xff0000, "cat", 0xff00, "bus", 0xff);
  static final Box DOG_OF_A = new Box(4, 4, 14, 14);
  static final Box CAT_OF_A = new Box(16, 16, 26, 26);
  static final Box DOG_OF_B = new Box(8, 8, 18, 18);

  /** Writes pictures and instances.json; category ids are 3, 7 and 9. */
  static TinyWorld write(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("images"));
    var world = new TinyWorld(folder);
    ImageFiles.writePng(a(), folder.resolve("images/a.png"));
    ImageFiles.writePng(b(), folder.resolve("images/b.png"));
    world.file(
        "instances.json",
        """
        {"images": [{"id": 1, "file_name": "images/a.png", "width": 32, "height": 32},
                    {"id": 2, "file_name": "images/b.png", "width": 32, "height": 32}],
         "annotations": [%s, %s, %s],
         "categories": [{"id": 3, "name": "dog"}, {"id": 7, "name": "cat"},
                        {"id": 9, "name": "bus"}]}
        """
            .formatted(
                annotation(11, 1, 3, DOG_OF_A),
                annotation(12, 1, 7, CAT_OF_A),
                annotation(13, 2, 3, DOG_OF_B)));
    return world;
  }

  private static String annotation(int id, int picture, int category, Box box) {
    return """
    {"id": %d, "image_id": %d, "category_id": %d, "bbox": [%s, %s, 10, 10], "area": 100,
     "iscrowd": 0, "segmentation": {"size": [32, 32], "counts": "%s"}}
    """
        .formatted(id, picture, category, box.x0(), box.y0(), Rle.of(mask(box)).toCocoString());
  }

  Path file(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  /** Writes an 8-bit gray picture with a value in each box, 0 elsewhere. */
  void gray(String name, Map<Box, Integer> values) throws IOException {
    var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
    values.forEach(
        (box, value) -> {
          for (int y = (int) box.y0(); y < box.y1(); y++) {
            for (int x = (int) box.x0(); x < box.x1(); x++) {
              image.getRaster().setSample(x, y, 0, value);
            }
          }
        });
    Files.createDirectories(folder.resolve(name).getParent());
    ImageFiles.writePng(image, folder.resolve(name));
  }

  DataFolder open() {
    return DataFolder.open(folder, Integer.MAX_VALUE);
  }

  /** Runs a suite on it, with all three classes named in every picture. */
  Map<String, Double> run(Suite suite, Suites.Subject subject) throws IOException {
    var ticks = new ArrayList<Integer>();
    var evaluation = suite.open(open());
    var rows = evaluation.run(subject, new Suites.Settings(3, 2, 5), ticks::add).rows();
    if (ticks.get(ticks.size() - 1) != evaluation.items()) {
      throw new AssertionError(ticks + " do not end at " + evaluation.items());
    }
    return rows;
  }

  static Raster a() {
    return drawn(Map.of(DOG_OF_A, "dog", CAT_OF_A, "cat"));
  }

  static Raster b() {
    return drawn(Map.of(DOG_OF_B, "dog"));
  }

  static Raster blank() {
    return drawn(Map.of());
  }

  /** Squares of classes on gray. */
  static Raster drawn(Map<Box, String> things) {
    var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
    var g = image.createGraphics();
    g.setColor(Color.GRAY);
    g.fillRect(0, 0, SIDE, SIDE);
    things.forEach(
        (box, name) -> {
          g.setColor(new Color(COLOURS.get(name)));
          g.fillRect((int) box.x0(), (int) box.y0(), (int) box.width(), (int) box.height());
        });
    g.dispose();
    return Raster.of(image);
  }

  static Mask mask(Box box) {
    return Mask.of(SIDE, SIDE, box);
  }

  static Segment segment(String label, Box box) {
    return new Segment(label, .9, box, Rle.of(mask(box)), 1);
  }

  /** The upper half of a box. */
  static Box half(Box box) {
    return new Box(box.x0(), box.y0(), box.x1(), (box.y0() + box.y1()) / 2);
  }

  /** Where a picture has the colour of a class. */
  static Optional<Box> see(Raster picture, String name) {
    var mask = new Mask(picture.width(), picture.height());
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < picture.width(); x++) {
        mask.set(x, y, COLOURS.getOrDefault(name, -1) == picture.pixel(x, y));
      }
    }
    return mask.isEmpty() ? Optional.empty() : Optional.of(mask.bounds());
  }

  /** The objects of a picture among the named classes. */
  static List<Segment> see(Raster picture, List<String> names) {
    return names.stream().flatMap(n -> see(picture, n).stream().map(b -> segment(n, b))).toList();
  }
}
