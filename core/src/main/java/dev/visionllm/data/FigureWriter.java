package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.CocoDataset.Picture;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.data.Dialogue.Turn;
import dev.visionllm.data.FigureScene.Shown;
import dev.visionllm.data.KeypointDataset.Category;
import dev.visionllm.data.KeypointDataset.Figure;
import dev.visionllm.data.figures.Figures;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.io.AtomicFile;
import dev.visionllm.text.RoutingToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.random.RandomGenerator;

/**
 * Writes pictures of figures as a data set: {@code images/*.png}, {@code keypoints.json} (COCO) and
 * {@code conversations.jsonl} (LLaVA) with questions whose answers call the pose decoder. The files
 * do not depend on the number of threads.
 */
public final class FigureWriter {
  private static final int CONVERSATIONS = 1; // stream of randomness

  /**
   * What was written.
   *
   * @param figures by class
   * @param points by COCO's visibility: outside of the picture, hidden, visible
   */
  public record Summary(
      int pictures, Map<String, Integer> figures, List<Long> points, int dialogues) {}

  private record One(Picture picture, List<Shown> figures, List<Dialogue> dialogues) {}

  private final FigureScenes scenes;
  private final Templates templates;
  private final Map<String, Category> categories = new LinkedHashMap<>();

  public FigureWriter(FigureScenes scenes, Templates templates) {
    this.scenes = scenes;
    this.templates = templates;
    long id = 0;
    for (Figures.Category c : Figures.categories()) {
      id++;
      if (scenes.kinds().contains(c.kind())) {
        categories.put(
            c.name(), new Category(new CocoDataset.Category(id, c.name(), c.above()), c.set()));
      }
    }
  }

  /**
   * Writes the pictures 0 to count - 1 of the generator.
   *
   * @param out a new or empty folder
   * @param progress told the number of pictures written so far
   * @throws IllegalArgumentException if {@code out} holds something
   */
  public Summary write(Path out, int count, int threads, LongConsumer progress)
      throws IOException, InterruptedException {
    InOrder.checkNew(out);
    Files.createDirectories(out.resolve("images"));
    List<Picture> pictures = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    Map<String, Integer> byClass = new TreeMap<>();
    long[] points = new long[3];
    List<String> lines = new ArrayList<>();
    InOrder.run(
        count,
        threads,
        i -> one(out, i),
        one -> {
          pictures.add(one.picture());
          for (Shown s : one.figures()) {
            figures.add(figure(figures.size() + 1L, one.picture().id(), s));
            byClass.merge(s.drawing().category(), 1, Integer::sum);
            s.keypoints().points().forEach(p -> points[p.visibility()]++);
          }
          for (Dialogue d : one.dialogues()) lines.add(LlavaDataset.line(d));
          progress.accept(pictures.size());
        });
    new KeypointDataset(pictures, figures, List.copyOf(categories.values()))
        .write(out.resolve("keypoints.json"));
    AtomicFile.write(
        out.resolve("conversations.jsonl"),
        to -> {
          for (String line : lines) to.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        });
    return new Summary(
        pictures.size(), byClass, List.of(points[0], points[1], points[2]), lines.size());
  }

  private One one(Path out, int i) throws IOException {
    FigureScene scene = scenes.scene(i);
    String id = String.format(Locale.ROOT, "%06d", i);
    String file = "images/" + id + ".png";
    Files.write(out.resolve(file), FastPng.encode(scene.width(), scene.height(), scene.rgb()));
    return new One(
        new Picture(i + 1L, file, scene.width(), scene.height()),
        scene.figures(),
        dialogues(scene, id, file, scenes.random(i, CONVERSATIONS)));
  }

  private Figure figure(long id, long picture, Shown s) {
    long category = categories.get(s.drawing().category()).category().id();
    Annotation object =
        new Annotation(
            id,
            picture,
            category,
            s.visible().toBox(),
            s.visible().area(),
            false,
            new CocoDataset.Segmentation.Runs(s.visible()),
            s.fraction(),
            null);
    return new Figure(object, s.keypoints());
  }

  /** One conversation for each set of keypoints; classes that share theirs are asked together. */
  private List<Dialogue> dialogues(
      FigureScene scene, String id, String file, RandomGenerator random) {
    Map<KeypointSet, Set<String>> shown = new LinkedHashMap<>();
    for (Shown s : scene.figures()) {
      shown
          .computeIfAbsent(s.drawing().set(), k -> new LinkedHashSet<>())
          .add(s.drawing().category());
    }
    List<Dialogue> out = new ArrayList<>();
    shown.forEach(
        (set, names) -> {
          List<String> classes = new ArrayList<>(names);
          Draw.shuffle(classes, random);
          Map<String, String> values =
              Map.of(
                  "classes",
                  String.join(", ", classes),
                  "keypoints",
                  String.join(", ", set.points()),
                  Task.TOOLS,
                  ToolTasks.calls(classes, RoutingToken.DET)
                      + ", "
                      + ToolTasks.calls(set.points(), RoutingToken.POSE));
          Templates.Wording w = templates.pick(Task.POSE, "", values, random);
          out.add(
              new Dialogue(
                  id + "-" + out.size(),
                  file,
                  Task.POSE.word(),
                  List.of(
                      new Turn(Role.HUMAN, "<image>\n" + w.question()),
                      new Turn(Role.ASSISTANT, w.answer())),
                  List.of(),
                  String.join(", ", classes)));
        });
    return out;
  }
}
