package dev.visionllm.data;

import dev.visionllm.data.Expressions.Expression;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.IntUnaryOperator;
import java.util.random.RandomGenerator;

/** Writes the pictures and maps of scenes, and makes their records for the files of a data set. */
final class PictureWriter {
  /** What pictures add to the files of their data set. */
  record Part(
      List<CocoDataset.Picture> pictures,
      List<CocoDataset.Annotation> objects,
      List<Dialogue> dialogues,
      List<CaptionDataset.Caption> captions,
      List<ExpressionDataset.Reference> refs) {
    Part() {
      this(
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>());
    }
  }

  private static final int EXTRAS = -1; // stream of randomness beside those of the rounds
  private static final int MOST_TEXTS = 10; // more than captions of a picture or names of an object
  private static final String SPLIT = "train"; // a folder is one split, whatever it is used for

  private final Scenes scenes;
  private final Conversations conversations;
  private final Map<String, Long> categoryIds;
  private final SceneWriter.Options options;

  PictureWriter(
      Scenes scenes,
      Conversations conversations,
      Map<String, Long> categoryIds,
      SceneWriter.Options options) {
    this.scenes = scenes;
    this.conversations = conversations;
    this.categoryIds = Map.copyOf(categoryIds);
    this.options = options;
  }

  /** Writes the files of a scene below a folder and adds its records. */
  void write(Path out, Scene scene, Part to) throws IOException {
    String id = String.format(Locale.ROOT, "%06d", scene.index());
    String name = id + ".png";
    String file = "images/" + name;
    int width = scene.width();
    int height = scene.height();
    Files.write(out.resolve(file), FastPng.encode(width, height, scene.rgb()));
    to.pictures().add(new CocoDataset.Picture(scene.id(), file, width, height));
    to.objects().addAll(annotations(scene));
    RandomGenerator random = scenes.random(scene.index(), EXTRAS);
    List<Expression> expressions = Expressions.of(scene, random);
    if (options.refs()) {
      to.refs().addAll(refs(scene, file, expressions));
      long number = scene.id() * MOST_TEXTS;
      for (String caption : conversations.captions(scene, random))
        to.captions().add(new CaptionDataset.Caption(number++, scene.id(), caption));
    }
    if (options.maps()) {
      Files.write(
          out.resolve("semantic").resolve(name), FastPng.encode(width, height, semantic(scene)));
      OptionalInt salient = Saliency.of(scene);
      if (salient.isPresent()) {
        byte[] map = gray(scene, t -> t == salient.getAsInt() ? 255 : 0);
        Files.write(out.resolve("saliency").resolve(name), FastPng.encode(width, height, map));
      }
    }
    int first = to.dialogues().size();
    for (int round = 1; round <= options.rounds(); round++) {
      RandomGenerator stream = scenes.random(scene.index(), round);
      to.dialogues()
          .addAll(
              conversations.about(
                  scene, expressions, id, to.dialogues().size() - first, file, stream));
    }
  }

  private byte[] semantic(Scene scene) {
    int[] ids =
        scene.things().stream().mapToInt(t -> categoryIds.get(t.name()).intValue()).toArray();
    return gray(scene, t -> ids[t]);
  }

  /** A value for each pixel by the object seen there, 0 where there is none. */
  private static byte[] gray(Scene scene, IntUnaryOperator value) {
    byte[] map = new byte[scene.owner().length];
    for (int i = 0; i < map.length; i++) {
      int thing = scene.owner()[i];
      if (thing >= 0) map[i] = (byte) value.applyAsInt(thing);
    }
    return map;
  }

  /** A reference for each object that has expressions, under the number of its annotation. */
  private List<ExpressionDataset.Reference> refs(
      Scene scene, String file, List<Expression> expressions) {
    Map<Integer, List<ExpressionDataset.Sentence>> byThing = new LinkedHashMap<>();
    for (Expression e : expressions) {
      List<ExpressionDataset.Sentence> of =
          byThing.computeIfAbsent(e.thing(), t -> new ArrayList<>());
      String text = e.text().toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} ]", "");
      of.add(
          new ExpressionDataset.Sentence(
              scene.annotation(e.thing()) * MOST_TEXTS + of.size(),
              e.text(),
              text,
              List.of(text.split(" +"))));
    }
    List<ExpressionDataset.Reference> refs = new ArrayList<>();
    byThing.forEach(
        (thing, sentences) ->
            refs.add(
                new ExpressionDataset.Reference(
                    scene.annotation(thing),
                    scene.annotation(thing),
                    scene.id(),
                    file,
                    categoryIds.get(scene.things().get(thing).name()),
                    SPLIT,
                    sentences)));
    return refs;
  }

  private List<CocoDataset.Annotation> annotations(Scene scene) {
    List<CocoDataset.Annotation> out = new ArrayList<>();
    for (int k = 0; k < scene.things().size(); k++) {
      Scene.Thing t = scene.things().get(k);
      Rle rle = Rle.of(Mask.of(scene.width(), scene.height(), scene.mask(k)));
      out.add(
          new CocoDataset.Annotation(
              scene.annotation(k),
              scene.id(),
              categoryIds.get(t.name()),
              new Box(t.x0(), t.y0(), t.x1(), t.y1()),
              t.area(),
              false,
              new CocoDataset.Segmentation.Runs(rle),
              t.visibleFraction(),
              t.colour() == null ? null : t.colour().word()));
    }
    return out;
  }
}
