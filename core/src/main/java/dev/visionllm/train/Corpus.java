package dev.visionllm.train;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.ExpressionDataset;
import dev.visionllm.data.LlavaDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Pictures with everything known about them: objects of instances.json and dialogues of
 * conversations.jsonl, joined by file name.
 *
 * @param pictures in the order of the files
 * @param classes all class names, sorted
 * @param expressions what refs.json says of objects, where there is one
 */
public record Corpus(List<Picture> pictures, List<String> classes, List<Expression> expressions) {
  /** One object. */
  public record Thing(String name, Box box, CocoDataset.Segmentation segmentation) {
    /** The object's mask at the picture's size. */
    public Mask mask(int width, int height) {
      return segmentation.toRle(height, width).toMask();
    }
  }

  /** One picture. */
  public record Picture(
      Path file, int width, int height, List<Thing> things, List<Dialogue> dialogues) {}

  /** An object and the expressions that describe it and nothing else of its picture. */
  public record Expression(Picture picture, Thing thing, List<String> texts) {}

  /** Reads folders that hold instances.json, conversations.jsonl and images/. */
  public static Corpus read(List<Path> folders) throws IOException {
    List<Picture> pictures = new ArrayList<>();
    TreeSet<String> classes = new TreeSet<>();
    List<Expression> expressions = new ArrayList<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw new IllegalArgumentException(
            "data folder " + folder + " does not exist: make it with \"visionllm data scenes\"");
      }
      CocoDataset coco = CocoDataset.read(folder.resolve("instances.json"));
      Map<String, List<Dialogue>> dialogues = new HashMap<>();
      Path talk = folder.resolve("conversations.jsonl");
      if (Files.exists(talk)) {
        for (Dialogue d : LlavaDataset.read(talk)) {
          if (d.images().size() == 1) {
            dialogues
                .computeIfAbsent(
                    Path.of(d.image()).getFileName().toString(), k -> new ArrayList<>())
                .add(d);
          }
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
          Thing thing = new Thing(names.get(a.categoryId()), a.box(), a.segmentation());
          things.add(thing);
          thingsById.put(a.id(), thing);
        }
        String name = Path.of(p.file()).getFileName().toString();
        Picture picture =
            new Picture(
                folder.resolve("images").resolve(name),
                p.width(),
                p.height(),
                List.copyOf(things),
                dialogues.getOrDefault(name, List.of()));
        pictures.add(picture);
        byId.put(p.id(), picture);
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
    return new Corpus(List.copyOf(pictures), List.copyOf(classes), List.copyOf(expressions));
  }
}
