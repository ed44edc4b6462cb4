package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.CocoDataset.Picture;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Keypoints.Point;
import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/** A keypoints file in COCO's format: instances whose categories say which points they have. */
public record KeypointDataset(
    List<Picture> pictures, List<Figure> figures, List<Category> categories) {

  /** An object with its points, as many and in the order that its category says. */
  public record Figure(Annotation object, Keypoints keypoints) {}

  /** A class and the points that its objects have. */
  public record Category(CocoDataset.Category category, KeypointSet points) {}

  /** Keeps copies. */
  public KeypointDataset {
    pictures = List.copyOf(pictures);
    figures = List.copyOf(figures);
    categories = List.copyOf(categories);
  }

  /**
   * Reads and checks a file.
   *
   * @throws BrokenSample if an entry is not of the format and problems are refused
   */
  public static KeypointDataset read(Path file, Problems problems) throws IOException {
    List<Figure> figures = new ArrayList<>();
    Map<Long, Picture> pictures = new LinkedHashMap<>();
    Map<Long, Category> categories = new LinkedHashMap<>();
    each(file, problems, pictures, categories, figures::add);
    return new KeypointDataset(
        List.copyOf(pictures.values()), figures, List.copyOf(categories.values()));
  }

  /** Writes the file; masks as {@link CocoDataset#write} does. */
  public void write(Path file) throws IOException {
    AtomicFile.write(file, out -> CocoWriter.write(this, out));
  }

  /** Reads as a stream; the maps are filled before the first figure comes. */
  static void each(
      Path file,
      Problems problems,
      Map<Long, Picture> pictures,
      Map<Long, Category> categories,
      Consumer<Figure> each)
      throws IOException {
    CocoFile in = new CocoFile(file, problems);
    pictures.putAll(in.pictures());
    in.list(
        "categories",
        KeypointDataset::category,
        c -> c.category().id(),
        c -> categories.put(c.category().id(), c));
    in.list(
        "annotations",
        n -> {
          Annotation object = CocoFile.annotation(n, pictures, categories.keySet());
          Picture picture = pictures.get(object.pictureId());
          return figure(n, object, categories.get(object.categoryId()).points(), picture);
        },
        f -> f.object().id(),
        each);
  }

  private static Category category(JsonNode n) {
    CocoDataset.Category category = CocoFile.category(n);
    List<String> names = DataJson.texts(n, "keypoints");
    List<KeypointSet.Limb> limbs = new ArrayList<>();
    JsonNode skeleton = n.has("skeleton") ? DataJson.list(n, "skeleton") : null;
    for (int i = 0; skeleton != null && i < skeleton.size(); i++) {
      double[] ends = DataJson.numbers(skeleton.get(i), 2, "skeleton[" + i + "]", "[from, to]");
      for (double end : ends) {
        if (end != (int) end || end < 1 || end > names.size()) {
          throw new IllegalArgumentException(
              "skeleton[%d] %s: points are counted from 1 to %d"
                  .formatted(i, skeleton.get(i), names.size()));
        }
      }
      limbs.add(new KeypointSet.Limb((int) ends[0] - 1, (int) ends[1] - 1));
    }
    return new Category(category, new KeypointSet(category.name(), names, limbs, List.of()));
  }

  private static Figure figure(JsonNode n, Annotation object, KeypointSet set, Picture picture) {
    int k = set.size();
    Keypoints keypoints =
        Keypoints.of(
            DataJson.numbers(
                n.get("keypoints"),
                3 * k,
                "keypoints",
                "[x, y, v] for each of the " + k + " points of " + set.name()));
    int labelled = keypoints.labelled();
    if (DataJson.id(n, "num_keypoints") != labelled) {
      throw new IllegalArgumentException(
          "num_keypoints is "
              + n.get("num_keypoints")
              + ", but "
              + labelled
              + " of its keypoints are labelled (v > 0)");
    }
    for (int i = 0; i < k; i++) {
      Point p = keypoints.points().get(i);
      boolean inside =
          Math.min(p.x(), p.y()) >= -CocoFile.SLACK
              && p.x() <= picture.width() + CocoFile.SLACK
              && p.y() <= picture.height() + CocoFile.SLACK;
      if (p.visibility() == 2 && !inside) {
        throw new IllegalArgumentException(
            "visible keypoint '%s' at (%s, %s) is outside of its picture of %d x %d pixels"
                .formatted(set.points().get(i), p.x(), p.y(), picture.width(), picture.height()));
      }
    }
    return new Figure(object, keypoints);
  }
}
