package dev.visionllm.data;

import dev.visionllm.checkpoint.AtomicFile;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An instances file in COCO's format: pictures, annotations, categories (cocodataset.org, "object
 * detection").
 */
public record CocoDataset(
    List<Picture> pictures, List<Annotation> annotations, List<Category> categories) {

  /** A picture; {@code file} is relative to the picture folder that the data set goes with. */
  public record Picture(long id, String file, int width, int height) {}

  /**
   * One object.
   *
   * @param box pixels of the picture
   * @param area square pixels of the mask, or of the box where there is no mask
   * @param crowd whether it stands for a group of objects
   * @param segmentation null if the file has none
   * @param visibleFraction share of the object that is seen; 1 if the file does not say
   * @param colour dominant colour; null if the file does not say
   */
  public record Annotation(
      long id,
      long pictureId,
      long categoryId,
      Box box,
      double area,
      boolean crowd,
      Segmentation segmentation,
      double visibleFraction,
      String colour) {}

  /** A class; ids need not be consecutive. */
  public record Category(long id, String name, String supercategory) {}

  /** The mask of an annotation. */
  public sealed interface Segmentation {
    /** As run-length code at the picture's size. */
    Rle toRle(int height, int width);

    /** Outlines, each x0, y0, x1, y1, ... in pixels. */
    record Polygons(List<List<Double>> outlines) implements Segmentation {
      @Override
      public Rle toRle(int height, int width) {
        return Rle.fromPolygons(
            outlines.stream()
                .map(o -> o.stream().mapToDouble(Double::doubleValue).toArray())
                .toList(),
            height,
            width);
      }
    }

    /** Run-length code. */
    record Runs(Rle rle) implements Segmentation {
      @Override
      public Rle toRle(int height, int width) {
        return rle;
      }
    }
  }

  public CocoDataset {
    pictures = List.copyOf(pictures);
    annotations = List.copyOf(annotations);
    categories = List.copyOf(categories);
  }

  /**
   * Annotations by picture id, in the order of the file; pictures without any are mapped to an
   * empty list.
   */
  public Map<Long, List<Annotation>> byPicture() {
    Map<Long, List<Annotation>> out = new HashMap<>();
    for (Picture p : pictures) out.put(p.id(), new ArrayList<>());
    for (Annotation a : annotations) out.get(a.pictureId()).add(a);
    return out;
  }

  /** Category names by id. */
  public Map<Long, String> names() {
    Map<Long, String> out = new HashMap<>();
    for (Category c : categories) out.put(c.id(), c.name());
    return out;
  }

  /**
   * Reads and checks an instances file.
   *
   * @throws IllegalArgumentException if the file is not of the format; the message names the file
   *     and the entry
   */
  public static CocoDataset read(Path file) throws IOException {
    JsonNode root;
    try (var in = Files.newInputStream(file)) {
      root = JsonMapper.shared().readTree(in);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(file + " is not valid JSON: " + e.getOriginalMessage(), e);
    }
    return new Reader(file.toString()).dataset(root);
  }

  /** Writes the data set; masks as run-length strings or polygons, as they are. */
  public void write(Path file) throws IOException {
    AtomicFile.write(file, this::write);
  }

  private void write(OutputStream out) {
    try (JsonGenerator json =
        JsonMapper.shared()
            .writer()
            .without(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .createGenerator(out)) {
      json.writeStartObject();
      json.writeArrayPropertyStart("images");
      for (Picture p : pictures) {
        json.writeStartObject();
        json.writeNumberProperty("id", p.id());
        json.writeStringProperty("file_name", p.file());
        json.writeNumberProperty("width", p.width());
        json.writeNumberProperty("height", p.height());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeArrayPropertyStart("annotations");
      for (Annotation a : annotations) write(json, a);
      json.writeEndArray();
      json.writeArrayPropertyStart("categories");
      for (Category c : categories) {
        json.writeStartObject();
        json.writeNumberProperty("id", c.id());
        json.writeStringProperty("name", c.name());
        json.writeStringProperty("supercategory", c.supercategory());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private static void write(JsonGenerator json, Annotation a) {
    json.writeStartObject();
    json.writeNumberProperty("id", a.id());
    json.writeNumberProperty("image_id", a.pictureId());
    json.writeNumberProperty("category_id", a.categoryId());
    json.writeArrayPropertyStart("bbox");
    for (double v : new double[] {a.box().x0(), a.box().y0(), a.box().width(), a.box().height()})
      number(json, v);
    json.writeEndArray();
    json.writeName("area");
    number(json, a.area());
    json.writeNumberProperty("iscrowd", a.crowd() ? 1 : 0);
    if (a.segmentation() instanceof Segmentation.Runs runs) {
      json.writeObjectPropertyStart("segmentation");
      json.writeArrayPropertyStart("size");
      json.writeNumber(runs.rle().height());
      json.writeNumber(runs.rle().width());
      json.writeEndArray();
      json.writeStringProperty("counts", runs.rle().toCocoString());
      json.writeEndObject();
    } else if (a.segmentation() instanceof Segmentation.Polygons polygons) {
      json.writeArrayPropertyStart("segmentation");
      for (List<Double> outline : polygons.outlines()) {
        json.writeStartArray();
        for (double v : outline) number(json, v);
        json.writeEndArray();
      }
      json.writeEndArray();
    }
    json.writeNumberProperty("visible_fraction", Math.round(a.visibleFraction() * 1e4) / 1e4);
    if (a.colour() != null) json.writeStringProperty("colour", a.colour());
    json.writeEndObject();
  }

  private static void number(JsonGenerator json, double v) {
    if (v == Math.rint(v) && Math.abs(v) < 1e15) json.writeNumber((long) v);
    else json.writeNumber(v);
  }

  /** Walks the tree; every message starts with the file and the entry. */
  private static final class Reader {
    private static final double SLACK =
        1; // published COCO files have boxes that end a rounding error outside
    private final String file;

    Reader(String file) {
      this.file = file;
    }

    CocoDataset dataset(JsonNode root) {
      if (!root.isObject())
        throw new IllegalArgumentException(
            file + " is not a COCO file: its top level is no JSON object");
      Map<Long, Picture> pictures = new HashMap<>();
      List<Picture> pictureList = new ArrayList<>();
      for (JsonNode n : array(root, "images")) {
        String at = at("images", pictureList.size());
        String name = n.path("file_name").asString("");
        if (name.isBlank()) throw new IllegalArgumentException(at + " has no file_name");
        Picture p = new Picture(id(n, "id", at), name, side(n, "width", at), side(n, "height", at));
        if (pictures.put(p.id(), p) != null)
          throw new IllegalArgumentException(at + " repeats the id " + p.id());
        pictureList.add(p);
      }
      List<Category> categories = new ArrayList<>();
      Set<Long> categoryIds = new HashSet<>();
      for (JsonNode n : array(root, "categories")) {
        String at = at("categories", categories.size());
        String name = n.path("name").asString("");
        if (name.isBlank()) throw new IllegalArgumentException(at + " has no name");
        Category c = new Category(id(n, "id", at), name, n.path("supercategory").asString(""));
        if (!categoryIds.add(c.id()))
          throw new IllegalArgumentException(at + " repeats the id " + c.id());
        categories.add(c);
      }
      List<Annotation> annotations = new ArrayList<>();
      Set<Long> ids = new HashSet<>();
      for (JsonNode n : array(root, "annotations")) {
        Annotation a = annotation(n, at("annotations", annotations.size()), pictures, categoryIds);
        if (!ids.add(a.id())) {
          throw new IllegalArgumentException(
              at("annotations", annotations.size()) + " repeats the id " + a.id());
        }
        annotations.add(a);
      }
      return new CocoDataset(pictureList, annotations, categories);
    }

    private Annotation annotation(
        JsonNode n, String at, Map<Long, Picture> pictures, Set<Long> categories) {
      long pictureId = id(n, "image_id", at);
      Picture picture = pictures.get(pictureId);
      if (picture == null)
        throw new IllegalArgumentException(
            at + " names image_id " + pictureId + ", which is not in images");
      long category = id(n, "category_id", at);
      if (!categories.contains(category)) {
        throw new IllegalArgumentException(
            at + " names category_id " + category + ", which is not in categories");
      }
      JsonNode b = n.path("bbox");
      if (!b.isArray() || b.size() != 4)
        throw new IllegalArgumentException(at + ".bbox is not [x, y, width, height]");
      double[] v = new double[4];
      for (int i = 0; i < 4; i++) v[i] = number(b.get(i), at + ".bbox");
      if (v[2] < 0 || v[3] < 0)
        throw new IllegalArgumentException(
            at + ".bbox has the negative size " + v[2] + " x " + v[3]);
      if (v[0] < -SLACK
          || v[1] < -SLACK
          || v[0] + v[2] > picture.width() + SLACK
          || v[1] + v[3] > picture.height() + SLACK) {
        throw new IllegalArgumentException(
            at
                + ".bbox "
                + b
                + " leaves its picture of "
                + picture.width()
                + " x "
                + picture.height()
                + " pixels");
      }
      Segmentation segmentation =
          segmentation(n.get("segmentation"), at + ".segmentation", picture);
      double area = n.has("area") ? number(n.get("area"), at + ".area") : v[2] * v[3];
      if (area < 0) throw new IllegalArgumentException(at + ".area is negative: " + area);
      double visible =
          n.has("visible_fraction")
              ? number(n.get("visible_fraction"), at + ".visible_fraction")
              : 1;
      if (visible < 0 || visible > 1)
        throw new IllegalArgumentException(at + ".visible_fraction " + visible + " is not in 0..1");
      return new Annotation(
          id(n, "id", at),
          pictureId,
          category,
          Box.ofSize(v[0], v[1], v[2], v[3]),
          area,
          n.path("iscrowd").asInt(0) == 1,
          segmentation,
          visible,
          n.path("colour").asString(null));
    }

    private Segmentation segmentation(JsonNode n, String at, Picture picture) {
      if (n == null || n.isNull()) return null;
      if (n.isArray()) {
        List<List<Double>> outlines = new ArrayList<>();
        for (JsonNode o : n) {
          if (!o.isArray() || o.size() < 6 || o.size() % 2 != 0) {
            throw new IllegalArgumentException(
                at + " has an outline that is not [x, y, ...] of at least three points");
          }
          List<Double> outline = new ArrayList<>();
          for (JsonNode c : o) outline.add(number(c, at));
          outlines.add(List.copyOf(outline));
        }
        return outlines.isEmpty() ? null : new Segmentation.Polygons(List.copyOf(outlines));
      }
      if (!n.isObject())
        throw new IllegalArgumentException(
            at + " is neither a list of outlines nor a run-length code");
      return new Segmentation.Runs(rle(n, at, picture));
    }

    private static Rle rle(JsonNode n, String at, Picture picture) {
      Rle rle = DataJson.rle(n, at);
      if (rle.height() != picture.height() || rle.width() != picture.width()) {
        throw new IllegalArgumentException(
            at
                + ".size ["
                + rle.height()
                + ", "
                + rle.width()
                + "] is not its picture's ["
                + picture.height()
                + ", "
                + picture.width()
                + "]");
      }
      return rle;
    }

    private JsonNode array(JsonNode root, String name) {
      JsonNode n = root.get(name);
      if (n == null || !n.isArray())
        throw new IllegalArgumentException(file + " has no list '" + name + "'");
      return n;
    }

    private String at(String list, int index) {
      return file + ": " + list + "[" + index + "]";
    }

    private static long id(JsonNode n, String name, String at) {
      JsonNode v = n.get(name);
      if (v == null || !v.isIntegralNumber() || !v.canConvertToLong()) {
        throw new IllegalArgumentException(at + "." + name + " is not a whole number: " + v);
      }
      return v.asLong();
    }

    private static int side(JsonNode n, String name, String at) {
      JsonNode v = n.get(name);
      if (v == null || !v.isIntegralNumber() || !v.canConvertToInt() || v.asInt() < 1) {
        throw new IllegalArgumentException(
            at + "." + name + " is not a positive whole number: " + v);
      }
      return v.asInt();
    }

    private static double number(JsonNode v, String at) {
      return DataJson.number(v, at);
    }
  }
}
