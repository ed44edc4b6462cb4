package dev.visionllm.train;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.IndexMapDataset;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Pictures with everything known about them: objects of instances.json and dialogues of
 * conversations.jsonl, joined by file name.
 *
 * @param pictures in the order of the files
 * @param classes all class names, sorted
 * @param expressions what refs.json says of objects, where there is one
 * @param maps those of semantic/ by picture, where there are some
 * @param albums conversations about several pictures, none, or one without annotations
 */
public record Corpus(
    List<Picture> pictures,
    List<String> classes,
    List<Expression> expressions,
    Map<Path, ClassMap> maps,
    List<Album> albums) {
  private static final long NONE = 0;

  /**
   * One object.
   *
   * @param id of its annotation, 0 for all pixels of a class
   */
  public record Thing(long id, String name, Box box, CocoDataset.Segmentation segmentation) {
    /**
     * The object's mask at the picture's size.
     *
     * @throws IllegalArgumentException if nothing but its box is known
     */
    public Mask mask(int width, int height) {
      return runs(width, height).toMask();
    }

    private Rle runs(int width, int height) {
      if (segmentation == null) {
        throw new IllegalArgumentException(
            "an object of class " + name + " has no segmentation, from which masks are learnt");
      }
      return segmentation.toRle(height, width);
    }
  }

  /** One picture. */
  public record Picture(
      Path file, int width, int height, List<Thing> things, List<Dialogue> dialogues) {}

  /** An object and the expressions that describe it and nothing else of its picture. */
  public record Expression(Picture picture, Thing thing, List<String> texts) {}

  /**
   * The class of every pixel of a picture.
   *
   * @param names of the classes, in the order of the values
   */
  public record ClassMap(
      IndexMapDataset dataset, IndexMapDataset.Sample sample, List<String> names) {}

  /**
   * The pixels of each class that a picture shows, as one thing: those of its map, or where it has
   * none of all of its objects.
   */
  List<Thing> merged(Picture p) {
    Map<String, List<Rle>> runs = new LinkedHashMap<>();
    ClassMap map = maps.get(p.file());
    if (map == null) {
      for (Thing t : p.things()) {
        runs.computeIfAbsent(t.name(), k -> new ArrayList<>()).add(t.runs(p.width(), p.height()));
      }
    } else {
      LabelMap labels = map.dataset().read(map.sample());
      if (labels.width() != p.width() || labels.height() != p.height()) {
        throw new IllegalArgumentException(
            "%s is %dx%d, its picture %dx%d"
                .formatted(
                    map.sample().map(), labels.width(), labels.height(), p.width(), p.height()));
      }
      labels.areas().keySet().stream()
          .filter(label -> label != LabelMap.NONE)
          .forEach(label -> runs.put(map.names().get(label), List.of(Rle.of(labels.mask(label)))));
    }
    List<Thing> out = new ArrayList<>();
    runs.forEach(
        (name, parts) -> {
          Rle all = Rle.union(parts);
          if (all.area() > 0) {
            out.add(new Thing(NONE, name, all.toBox(), new CocoDataset.Segmentation.Runs(all)));
          }
        });
    return out;
  }

  /**
   * Reads folders that hold images/ and instances.json or keypoints.json, conversations.jsonl, or
   * both; semantic/ and refs.json may lie beside them.
   *
   * @throws IllegalArgumentException if a folder does not exist or a file in it is wrong
   */
  public static Corpus read(List<Path> folders) throws IOException {
    CorpusReader reader = new CorpusReader();
    for (Path folder : folders) {
      reader.add(folder);
    }
    return reader.corpus();
  }
}
