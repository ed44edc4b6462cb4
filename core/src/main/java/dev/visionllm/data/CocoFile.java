package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.CocoDataset.Category;
import dev.visionllm.data.CocoDataset.Picture;
import dev.visionllm.data.CocoDataset.Segmentation;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import tools.jackson.databind.JsonNode;

/**
 * A file of COCO's family, read list by list as a stream: the lists may stand in any order. Each
 * entry that cannot be used is one problem, its first.
 */
record CocoFile(Path file, Problems problems) {
  /** Pixels; published COCO files have boxes that end a rounding error outside. */
  static final double SLACK = 1;

  /** Pictures by id, in the order of the file. */
  Map<Long, Picture> pictures() throws IOException {
    Map<Long, Picture> out = new LinkedHashMap<>();
    list("images", CocoFile::picture, Picture::id, p -> out.put(p.id(), p));
    return out;
  }

  /** Categories by id, in the order of the file. */
  Map<Long, Category> categories() throws IOException {
    Map<Long, Category> out = new LinkedHashMap<>();
    list("categories", CocoFile::category, Category::id, c -> out.put(c.id(), c));
    return out;
  }

  /** Objects. */
  void annotations(
      Map<Long, Picture> pictures, Map<Long, Category> categories, Consumer<Annotation> each)
      throws IOException {
    list("annotations", n -> annotation(n, pictures, categories.keySet()), Annotation::id, each);
  }

  /**
   * Walks through a list whose entries have an id of their own.
   *
   * @param parse throws if the entry is not as it should be
   */
  <T> void list(String name, Function<JsonNode, T> parse, ToLongFunction<T> id, Consumer<T> each)
      throws IOException {
    Set<Long> ids = new HashSet<>();
    JsonStream.list(
        file,
        name,
        problems,
        (n, i) -> {
          JsonNode known = n.path("id");
          problems.take(
              file,
              name + "[" + i + "]" + (known.isIntegralNumber() ? " (id " + known + ")" : ""),
              () -> {
                DataJson.object(n);
                T entry = parse.apply(n);
                if (!ids.add(id.applyAsLong(entry))) {
                  throw new IllegalArgumentException(
                      "repeats the id " + known + ": ids must be unique in " + name);
                }
                each.accept(entry);
              });
        });
  }

  private static Picture picture(JsonNode n) {
    return new Picture(
        DataJson.id(n, "id"),
        DataJson.text(n, "file_name"),
        DataJson.side(n, "width"),
        DataJson.side(n, "height"));
  }

  static Category category(JsonNode n) {
    String above = DataJson.optionalText(n, "supercategory");
    return new Category(DataJson.id(n, "id"), DataJson.text(n, "name"), above == null ? "" : above);
  }

  /** The picture that an annotation names. */
  static Picture pictureOf(JsonNode n, Map<Long, Picture> pictures) {
    long id = DataJson.id(n, "image_id");
    Picture picture = pictures.get(id);
    if (picture == null) {
      throw new IllegalArgumentException("names image_id " + id + ", which is not in images");
    }
    return picture;
  }

  static Annotation annotation(JsonNode n, Map<Long, Picture> pictures, Set<Long> categories) {
    Picture picture = pictureOf(n, pictures);
    long category = DataJson.id(n, "category_id");
    if (!categories.contains(category)) {
      throw new IllegalArgumentException(
          "names category_id " + category + ", which is not in categories");
    }
    Box box = box(n.get("bbox"), picture);
    double area = n.has("area") ? DataJson.number(n.get("area"), "area") : box.area();
    if (area < 0) {
      throw new IllegalArgumentException("area is negative: " + area);
    }
    double visible =
        n.has("visible_fraction")
            ? DataJson.number(n.get("visible_fraction"), "visible_fraction")
            : 1;
    if (visible < 0 || visible > 1) {
      throw new IllegalArgumentException("visible_fraction " + visible + " is not in 0..1");
    }
    int crowd = n.path("iscrowd").asInt(n.has("iscrowd") ? -1 : 0);
    if (crowd != 0 && crowd != 1) {
      throw new IllegalArgumentException(
          "iscrowd is neither 0 nor 1: " + DataJson.show(n.get("iscrowd")));
    }
    return new Annotation(
        DataJson.id(n, "id"),
        picture.id(),
        category,
        box,
        area,
        crowd == 1,
        segmentation(n.get("segmentation"), picture),
        visible,
        DataJson.optionalText(n, "colour"));
  }

  private static Box box(JsonNode n, Picture picture) {
    double[] v = DataJson.numbers(n, 4, "bbox", "[x, y, width, height]");
    if (v[2] <= 0 || v[3] <= 0) {
      throw new IllegalArgumentException(
          "bbox " + n + " has no area: width and height must be positive");
    }
    if (Math.min(v[0], v[1]) < -SLACK
        || v[0] + v[2] > picture.width() + SLACK
        || v[1] + v[3] > picture.height() + SLACK) {
      throw new IllegalArgumentException(
          "bbox %s leaves its picture of %d x %d pixels"
              .formatted(n, picture.width(), picture.height()));
    }
    return Box.ofSize(v[0], v[1], v[2], v[3]);
  }

  private static Segmentation segmentation(JsonNode n, Picture picture) {
    if (n == null || n.isNull() || n.isArray() && n.isEmpty()) return null;
    if (n.isArray()) {
      List<List<Double>> outlines = new ArrayList<>();
      for (JsonNode o : n) {
        if (!o.isArray() || o.size() < 6 || o.size() % 2 != 0) {
          throw new IllegalArgumentException(
              "segmentation has an outline that is not [x, y, ...] of at least three points: "
                  + DataJson.show(o));
        }
        List<Double> outline = new ArrayList<>();
        for (JsonNode c : o) outline.add(DataJson.number(c, "segmentation"));
        outlines.add(List.copyOf(outline));
      }
      return new Segmentation.Polygons(List.copyOf(outlines));
    }
    if (!n.isObject()) {
      throw new IllegalArgumentException(
          "segmentation is neither a list of outlines nor a run-length code: " + DataJson.show(n));
    }
    Rle rle = DataJson.rle(n, "segmentation");
    if (rle.height() != picture.height() || rle.width() != picture.width()) {
      throw new IllegalArgumentException(
          "segmentation.size [%d, %d] is not its picture's [%d, %d]"
              .formatted(rle.height(), rle.width(), picture.height(), picture.width()));
    }
    return new Segmentation.Runs(rle);
  }
}
