package dev.visionllm.train;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.ExpressionDataset;
import dev.visionllm.data.IndexMapDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

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

  /** Objects of instances.json, or where there is none the figures of keypoints.json. */
  private static Path annotations(Path folder) {
    Path instances = folder.resolve("instances.json");
    Path keypoints = folder.resolve("keypoints.json");
    return Files.exists(instances) || !Files.exists(keypoints) ? instances : keypoints;
  }

  /**
   * Reads folders that hold images/ and instances.json or keypoints.json, conversations.jsonl, or
   * both.
   */
  public static Corpus read(List<Path> folders) throws IOException {
    List<Picture> pictures = new ArrayList<>();
    TreeSet<String> classes = new TreeSet<>();
    List<Expression> expressions = new ArrayList<>();
    Map<Path, ClassMap> maps = new HashMap<>();
    List<Album> albums = new ArrayList<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw new IllegalArgumentException(
            "data folder " + folder + " does not exist: make it with \"visionllm data scenes\"");
      }
      Path instances = annotations(folder);
      Path talk = folder.resolve("conversations.jsonl");
      boolean talks = Files.exists(talk);
      CocoDataset coco =
          talks && !Files.exists(instances)
              ? new CocoDataset(List.of(), List.of(), List.of())
              : CocoDataset.read(instances);
      Set<Path> annotated =
          coco.pictures().stream()
              .map(p -> Pictures.beside(instances, p.file()))
              .collect(Collectors.toSet());
      Map<Path, List<Dialogue>> dialogues = new HashMap<>();
      for (Album a : talks ? Album.read(talk) : List.<Album>of()) {
        if (a.pictures().size() == 1 && annotated.contains(a.pictures().get(0))) {
          dialogues.computeIfAbsent(a.pictures().get(0), k -> new ArrayList<>()).add(a.dialogue());
        } else {
          albums.add(a);
        }
      }
      Map<Long, String> names = coco.names();
      classes.addAll(names.values());
      Map<Long, List<CocoDataset.Annotation>> objects = coco.byPicture();
      Map<Long, Picture> byId = new HashMap<>();
      Map<Long, Thing> thingsById = new HashMap<>();
      for (CocoDataset.Picture p : coco.pictures()) {
        List<Thing> things = new ArrayList<>();
        for (CocoDataset.Annotation a : objects.get(p.id())) {
          Thing thing = new Thing(a.id(), names.get(a.categoryId()), a.box(), a.segmentation());
          things.add(thing);
          thingsById.put(a.id(), thing);
        }
        Path file = Pictures.beside(instances, p.file());
        Picture picture =
            new Picture(
                file,
                p.width(),
                p.height(),
                List.copyOf(things),
                dialogues.getOrDefault(file, List.of()));
        pictures.add(picture);
        byId.put(p.id(), picture);
      }
      Path semantic = folder.resolve("semantic");
      if (Files.isDirectory(semantic)) {
        List<String> values =
            coco.categories().stream()
                .sorted(Comparator.comparingLong(CocoDataset.Category::id))
                .map(CocoDataset.Category::name)
                .toList();
        IndexMapDataset dataset =
            IndexMapDataset.open(
                semantic,
                folder.resolve("images"),
                IndexMapDataset.Values.CLASSES,
                values.size(),
                Problems.refuse());
        for (IndexMapDataset.Sample sample : dataset.samples()) {
          maps.put(sample.picture(), new ClassMap(dataset, sample, values));
        }
      }
      Path refs = folder.resolve("refs.json");
      if (Files.exists(refs)) {
        for (ExpressionDataset.Reference r :
            ExpressionDataset.read(refs, coco, Problems.refuse()).references()) {
          expressions.add(
              new Expression(
                  byId.get(r.pictureId()),
                  thingsById.get(r.annotationId()),
                  r.sentences().stream().map(ExpressionDataset.Sentence::raw).toList()));
        }
      }
    }
    return new Corpus(
        List.copyOf(pictures),
        List.copyOf(classes),
        List.copyOf(expressions),
        Map.copyOf(maps),
        List.copyOf(albums));
  }
}
