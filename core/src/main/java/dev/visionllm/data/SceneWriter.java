package dev.visionllm.data;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * Writes scenes as a data set: {@code images/*.png}, {@code instances.json} (COCO), {@code
 * conversations.jsonl} (LLaVA). Paths in both files are relative to the folder. The files do not
 * depend on the number of threads.
 */
public final class SceneWriter {
  private static final int BATCH = 16;

  /** What was written; dialogues by task. */
  public record Summary(
      int pictures, int emptyPictures, int objects, Map<Task, Integer> dialogues) {}

  private record Batch(
      List<CocoDataset.Picture> pictures,
      List<List<CocoDataset.Annotation>> objects,
      List<Dialogue> dialogues) {}

  private final int rounds;
  private final Scenes scenes;
  private final ClassList nouns;
  private final Conversations conversations;
  private final Map<String, Long> categoryIds = new HashMap<>();

  /** With one round of conversations about each picture. */
  public SceneWriter(Scenes scenes, ClassList nouns, Templates templates) {
    this(scenes, nouns, templates, 1);
  }

  /**
   * @param rounds how often about a dozen conversations are drawn for each picture
   */
  public SceneWriter(Scenes scenes, ClassList nouns, Templates templates, int rounds) {
    if (rounds < 1) {
      throw new IllegalArgumentException("rounds of conversations is " + rounds + ", at least 1");
    }
    this.rounds = rounds;
    this.scenes = scenes;
    this.nouns = nouns;
    this.conversations =
        new Conversations(nouns, templates, scenes.names(), scenes.settings().empty());
    for (String name : scenes.names()) categoryIds.put(name, categoryIds.size() + 1L);
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
    if (count < 1)
      throw new IllegalArgumentException("number of pictures " + count + " is not positive");
    if (threads < 1)
      throw new IllegalArgumentException("number of threads " + threads + " is not positive");
    if (Files.exists(out)) {
      if (!Files.isDirectory(out))
        throw new IllegalArgumentException("output " + out + " is a file, expected a folder");
      try (Stream<Path> files = Files.list(out)) {
        if (files.findAny().isPresent()) {
          throw new IllegalArgumentException(
              "output folder " + out + " is not empty: name a new one or delete it first");
        }
      }
    }
    Files.createDirectories(out.resolve("images"));
    List<CocoDataset.Picture> pictures = new ArrayList<>();
    List<CocoDataset.Annotation> annotations = new ArrayList<>();
    Map<Task, Integer> tasks = new EnumMap<>(Task.class);
    int empty = 0;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try (BufferedWriter lines = Files.newBufferedWriter(out.resolve("conversations.jsonl"))) {
      Deque<Future<Batch>> running = new ArrayDeque<>();
      int next = 0;
      while (next < count || !running.isEmpty()) {
        while (next < count && running.size() < 3 * threads) {
          int from = next;
          int to = Math.min(count, from + BATCH);
          running.add(pool.submit(() -> batch(out, from, to)));
          next = to;
        }
        Batch batch = get(running.remove());
        pictures.addAll(batch.pictures());
        for (List<CocoDataset.Annotation> objects : batch.objects()) {
          if (objects.isEmpty()) empty++;
          for (CocoDataset.Annotation a : objects)
            annotations.add(numbered(a, annotations.size() + 1L));
        }
        for (Dialogue d : batch.dialogues()) {
          lines.write(LlavaDataset.line(d));
          lines.write('\n');
          tasks.merge(Task.valueOf(d.task().toUpperCase(Locale.ROOT)), 1, Integer::sum);
        }
        progress.accept(pictures.size());
      }
    } finally {
      pool.shutdownNow();
    }
    List<CocoDataset.Category> categories = new ArrayList<>();
    for (String name : scenes.names()) {
      categories.add(
          new CocoDataset.Category(categoryIds.get(name), name, nouns.noun(name).category()));
    }
    new CocoDataset(pictures, annotations, categories).write(out.resolve("instances.json"));
    return new Summary(pictures.size(), empty, annotations.size(), tasks);
  }

  private Batch batch(Path out, int from, int to) throws IOException {
    Batch batch = new Batch(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (int i = from; i < to; i++) {
      Scene scene = scenes.scene(i);
      String id = String.format(Locale.ROOT, "%06d", i);
      String file = "images/" + id + ".png";
      Files.write(out.resolve(file), FastPng.encode(scene.width(), scene.height(), scene.rgb()));
      batch.pictures().add(new CocoDataset.Picture(i + 1L, file, scene.width(), scene.height()));
      batch.objects().add(annotations(scene));
      int first = 0;
      for (int round = 1; round <= rounds; round++) {
        List<Dialogue> more = conversations.about(scene, id, first, file, scenes.random(i, round));
        batch.dialogues().addAll(more);
        first += more.size();
      }
    }
    return batch;
  }

  private List<CocoDataset.Annotation> annotations(Scene scene) {
    List<CocoDataset.Annotation> out = new ArrayList<>();
    for (int k = 0; k < scene.things().size(); k++) {
      Scene.Thing t = scene.things().get(k);
      Rle rle = Rle.of(Mask.of(scene.width(), scene.height(), scene.mask(k)));
      out.add(
          new CocoDataset.Annotation(
              0,
              scene.index() + 1,
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

  private static CocoDataset.Annotation numbered(CocoDataset.Annotation a, long id) {
    return new CocoDataset.Annotation(
        id,
        a.pictureId(),
        a.categoryId(),
        a.box(),
        a.area(),
        a.crowd(),
        a.segmentation(),
        a.visibleFraction(),
        a.colour());
  }

  private static Batch get(Future<Batch> future) throws IOException, InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) throw io;
      if (e.getCause() instanceof UncheckedIOException io) throw io.getCause();
      if (e.getCause() instanceof RuntimeException r) throw r;
      throw new IllegalStateException(e.getCause());
    }
  }
}
