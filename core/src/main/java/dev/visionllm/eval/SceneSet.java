package dev.visionllm.eval;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Annotated pictures to evaluate on, in the order of their file.
 *
 * @param classes names by category id, each name once
 */
public record SceneSet(List<Picture> pictures, Map<Long, String> classes) {

  /** One picture, the objects in it and the conversations about it. */
  public record Picture(
      long id, Path file, List<CocoDataset.Annotation> objects, List<Dialogue> dialogues) {
    /** Keeps copies. */
    public Picture {
      objects = List.copyOf(objects);
      dialogues = List.copyOf(dialogues);
    }
  }

  /** Checks that a name stands for one class. */
  public SceneSet {
    pictures = List.copyOf(pictures);
    classes = Map.copyOf(classes);
    if (classes.values().stream().distinct().count() < classes.size()) {
      throw new IllegalArgumentException(
          "two categories have the same name: names must differ, since models are asked by name");
    }
  }

  /**
   * Reads a folder with instances.json (COCO), images/ and, for suites that ask questions,
   * conversations.jsonl (LLaVA).
   *
   * @param limit number of pictures to keep, the first ones
   */
  public static SceneSet read(Path folder, int limit) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          "data folder " + folder + " does not exist: make one with visionllm data scenes");
    }
    if (limit < 1) {
      throw new IllegalArgumentException("limit is " + limit + ", should be at least 1 picture");
    }
    Path instances = folder.resolve("instances.json");
    if (!Files.isRegularFile(instances)) {
      throw new IllegalArgumentException(
          folder + " has no instances.json: make a folder with visionllm data scenes");
    }
    var coco = CocoDataset.read(instances);
    var talk = new HashMap<Path, List<Dialogue>>();
    Path conversations = folder.resolve("conversations.jsonl");
    if (Files.isRegularFile(conversations)) {
      for (var d : LlavaDataset.read(conversations)) {
        if (d.image() != null) {
          talk.computeIfAbsent(file(folder, d.image()), f -> new ArrayList<>()).add(d);
        }
      }
    }
    var objects = coco.byPicture();
    var pictures = new ArrayList<Picture>();
    for (var p : coco.pictures().subList(0, Math.min(limit, coco.pictures().size()))) {
      Path file = file(folder, p.file());
      pictures.add(
          new Picture(p.id(), file, objects.get(p.id()), talk.getOrDefault(file, List.of())));
    }
    return new SceneSet(pictures, coco.names());
  }

  /** Names are relative to the folder, or, as in COCO's own files, to its images/. */
  private static Path file(Path folder, String name) {
    Path direct = folder.resolve(name).normalize();
    return Files.exists(direct) ? direct : folder.resolve("images").resolve(name).normalize();
  }

  /** The classes that are in a picture. */
  List<String> present(Picture picture) {
    return picture.objects().stream().map(o -> classes.get(o.categoryId())).distinct().toList();
  }
}
