package dev.visionllm.eval;

import dev.visionllm.eval.CocoEval.CocoBox;
import dev.visionllm.eval.CocoEval.Guess;
import dev.visionllm.eval.CocoEval.Pose;
import dev.visionllm.eval.CocoEval.Truth;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Truths and guesses of COCO's JSON files, read as pycocotools' COCO and loadRes do: a field named
 * ignore is not looked at, and a truth without key points is ignored for key points. The area of a
 * guessed mask is its pixels even where the result has a box too (loadRes would take the box's
 * area; tools delete the box before they score masks).
 */
public final class CocoJson {
  private final Path file;
  private final JsonNode annotations;
  private final Map<Long, Size> pictures = new LinkedHashMap<>();
  private final Map<Long, String> categories = new LinkedHashMap<>();

  private record Size(int width, int height) {}

  private CocoJson(Path file, JsonNode root) {
    this.file = file;
    annotations = field(root, "annotations");
    for (var image : field(root, "images")) {
      pictures.put(
          id(image, "id"), new Size((int) number(image, "width"), (int) number(image, "height")));
    }
    for (var category : field(root, "categories")) {
      categories.put(id(category, "id"), field(category, "name").asString());
    }
  }

  /**
   * Opens a file of truths.
   *
   * @throws IOException where it cannot be read or is no JSON
   * @throws IllegalArgumentException where a field is missing
   */
  public static CocoJson truths(Path file) throws IOException {
    return new CocoJson(file, read(file));
  }

  /** Names of the categories by id, in the order of the file. */
  public Map<Long, String> categories() {
    return Collections.unmodifiableMap(categories);
  }

  /** The true boxes. */
  public List<Truth<CocoBox>> boxes() {
    var out = new ArrayList<Truth<CocoBox>>();
    for (var a : annotations) {
      out.add(truth(a, box(field(a, "bbox")), false));
    }
    return out;
  }

  /** The true masks, of polygons or run lengths. */
  public List<Truth<Rle>> masks() {
    var out = new ArrayList<Truth<Rle>>();
    for (var a : annotations) {
      out.add(truth(a, mask(field(a, "segmentation"), size(a)), false));
    }
    return out;
  }

  /** The true poses. */
  public List<Truth<Pose>> poses() {
    var out = new ArrayList<Truth<Pose>>();
    for (var a : annotations) {
      var pose = new Pose(Keypoints.of(numbers(field(a, "keypoints"))), box(field(a, "bbox")));
      out.add(truth(a, pose, number(a, "num_keypoints") == 0));
    }
    return out;
  }

  /** Boxes of a results file: a list of image_id, category_id, bbox, score. */
  public List<Guess<CocoBox>> boxes(Path results) throws IOException {
    var out = new ArrayList<Guess<CocoBox>>();
    for (var r : results(results)) {
      var box = box(field(r, "bbox"));
      out.add(guess(r, box, box.area()));
    }
    return out;
  }

  /** Masks of a results file: a list of image_id, category_id, segmentation, score. */
  public List<Guess<Rle>> masks(Path results) throws IOException {
    var out = new ArrayList<Guess<Rle>>();
    for (var r : results(results)) {
      var mask = mask(field(r, "segmentation"), size(r));
      out.add(guess(r, mask, mask.area()));
    }
    return out;
  }

  /** Poses of a results file: a list of image_id, category_id, keypoints, score. */
  public List<Guess<Pose>> poses(Path results) throws IOException {
    var out = new ArrayList<Guess<Pose>>();
    for (var r : results(results)) {
      var xyv = numbers(field(r, "keypoints"));
      for (int i = 2; i < xyv.length; i += 3) {
        xyv[i] = 2; // the third number of a guess is a confidence or a flag; COCO does not use it
      }
      var pose = Pose.of(Keypoints.of(xyv));
      out.add(guess(r, pose, pose.box().area()));
    }
    return out;
  }

  private <S> Truth<S> truth(JsonNode a, S shape, boolean ignore) {
    var crowd = a.path("iscrowd").asInt(0) != 0;
    return new Truth<>(
        picture(a), id(a, "category_id"), shape, number(a, "area"), crowd, ignore || crowd);
  }

  private <S> Guess<S> guess(JsonNode r, S shape, double area) {
    return new Guess<>(picture(r), id(r, "category_id"), shape, area, number(r, "score"));
  }

  private List<JsonNode> results(Path path) throws IOException {
    var root = read(path);
    if (!root.isArray()) {
      throw new IllegalArgumentException(path + " must hold a list of results");
    }
    return StreamSupport.stream(root.spliterator(), false)
        .filter(r -> categories.containsKey(id(r, "category_id")))
        .toList();
  }

  private long picture(JsonNode node) {
    long id = id(node, "image_id");
    if (!pictures.containsKey(id)) {
      throw new IllegalArgumentException("picture " + id + " is not among the images of " + file);
    }
    return id;
  }

  private Size size(JsonNode node) {
    return pictures.get(picture(node));
  }

  private Rle mask(JsonNode segmentation, Size size) {
    if (segmentation.isArray()) {
      var polygons =
          StreamSupport.stream(segmentation.spliterator(), false).map(this::numbers).toList();
      return Rle.fromPolygons(polygons, size.height, size.width);
    }
    var counts = field(segmentation, "counts");
    var hw = numbers(field(segmentation, "size"));
    if (hw.length != 2) {
      throw new IllegalArgumentException(file + ": a segmentation's size must be [height, width]");
    }
    int height = (int) hw[0], width = (int) hw[1];
    return counts.isString()
        ? Rle.parse(height, width, counts.asString())
        : new Rle(
            height,
            width,
            StreamSupport.stream(counts.spliterator(), false).mapToInt(JsonNode::asInt).toArray());
  }

  private CocoBox box(JsonNode node) {
    var v = numbers(node);
    if (v.length != 4) {
      throw new IllegalArgumentException(file + ": a bbox must be [x, y, width, height]: " + node);
    }
    return new CocoBox(v[0], v[1], v[2], v[3]);
  }

  private double[] numbers(JsonNode list) {
    var out = new double[list.size()];
    for (int i = 0; i < out.length; i++) {
      if (!list.get(i).isNumber()) {
        throw new IllegalArgumentException(file + ": " + list.get(i) + " must be a number");
      }
      out[i] = list.get(i).asDouble();
    }
    return out;
  }

  private double number(JsonNode node, String name) {
    var value = field(node, name);
    if (!value.isNumber()) {
      throw new IllegalArgumentException(
          file + ": the field " + name + " must be a number, not " + value);
    }
    return value.asDouble();
  }

  private long id(JsonNode node, String name) {
    var value = field(node, name);
    if (!value.isIntegralNumber()) {
      throw new IllegalArgumentException(
          file + ": the field " + name + " must be a whole number, not " + value);
    }
    return value.asLong();
  }

  private JsonNode field(JsonNode node, String name) {
    var value = node.get(name);
    if (value == null) {
      throw new IllegalArgumentException(file + ": an entry has no field " + name);
    }
    return value;
  }

  private static JsonNode read(Path file) throws IOException {
    try {
      return JsonMapper.builder().build().readTree(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw new IOException(file + " is no JSON: " + e.getOriginalMessage(), e);
    }
  }
}
