package dev.visionllm.eval;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A folder of annotated data to evaluate on; what suites share is read once, when it is needed. */
public final class DataFolder {
  private static final String INSTANCES = "instances.json";
  private static final String TALK = "conversations.jsonl";

  private final Path folder;
  private final int limit;
  private CocoDataset instances; // null until it is read
  private SceneSet scenes; // likewise

  private DataFolder(Path folder, int limit) {
    this.folder = folder;
    this.limit = limit;
  }

  /**
   * Opens a folder without reading anything.
   *
   * @param limit most pictures, or other things that suites go through; the first ones are kept
   * @throws IllegalArgumentException if there is no such folder
   */
  public static DataFolder open(Path folder, int limit) {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          "data folder " + folder + " does not exist: make one with visionllm data scenes");
    }
    if (limit < 1) {
      throw new IllegalArgumentException("limit is " + limit + ", should be at least 1 picture");
    }
    return new DataFolder(folder, limit);
  }

  /** Where it is. */
  Path folder() {
    return folder;
  }

  /** The file or folder of that name. @throws MissingData if there is none */
  Path require(String name) {
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      throw new MissingData(
          folder + " has no " + name + ": visionllm data makes folders that have it");
    }
    return file;
  }

  /** As many as the limit allows, the first ones. */
  <T> List<T> first(List<T> all) {
    return all.subList(0, Math.min(limit, all.size()));
  }

  /**
   * The file of a picture; names are relative to the folder, or, as in COCO's own files, to its
   * images/.
   */
  Path picture(String name) {
    Path direct = folder.resolve(name).normalize();
    return Files.exists(direct) ? direct : folder.resolve("images").resolve(name).normalize();
  }

  /** All of instances.json. */
  CocoDataset instances() throws IOException {
    if (instances == null) {
      instances = CocoDataset.read(require(INSTANCES));
    }
    return instances;
  }

  /** The pictures of instances.json, the first ones, and conversations.jsonl if there is one. */
  SceneSet scenes() throws IOException {
    if (scenes == null) {
      Path file = folder.resolve(TALK);
      List<Dialogue> talk = Files.exists(file) ? LlavaDataset.read(file) : List.of();
      scenes = SceneSet.of(this, instances(), talk);
    }
    return scenes;
  }

  /** The same, or conversations.jsonl alone where there is no instances.json. */
  SceneSet talk() throws IOException {
    if (Files.exists(folder.resolve(INSTANCES))) {
      return scenes();
    }
    CocoDataset none = new CocoDataset(List.of(), List.of(), List.of());
    return SceneSet.of(this, none, LlavaDataset.read(require(TALK)));
  }
}
