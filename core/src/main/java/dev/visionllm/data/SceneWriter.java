package dev.visionllm.data;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Writes scenes as a data set: {@code images/*.png}, {@code instances.json} (COCO), {@code
 * conversations.jsonl} (LLaVA) and, by the options, {@code captions.json} (COCO), {@code refs.json}
 * (RefCOCO), {@code semantic/*.png} (as ADE20K: the k-th category is gray k, 0 is none) and {@code
 * saliency/*.png} (as DUTS: 0 or 255; only of pictures in which one object clearly stands out).
 * Paths in the files are relative to the folder; conversations whose calls mean single objects have
 * the ids of their annotations as bare answers. The files do not depend on the number of threads.
 */
public final class SceneWriter {
  /** What was written; dialogues by task. */
  public record Summary(
      int pictures, int emptyPictures, int objects, Map<Task, Integer> dialogues) {}

  /**
   * What is written beside pictures, instances and conversations.
   *
   * @param rounds how often about twenty conversations are drawn for each picture
   * @param refs whether captions.json and refs.json are written
   * @param maps whether semantic/ and saliency/ are written
   */
  public record Options(int rounds, boolean refs, boolean maps) {
    /** No maps, which cost a sixth of the time; captions and expressions cost next to nothing. */
    public static final Options DEFAULT = new Options(1, true, false);

    public Options {
      if (rounds < 1) {
        throw new IllegalArgumentException("rounds of conversations is " + rounds + ", at least 1");
      }
    }
  }

  private static final int MOST_CATEGORIES = 255; // of an 8-bit map

  private final Options options;
  private final Scenes scenes;
  private final ClassList nouns;
  private final PictureWriter pictures;
  private final Map<String, Long> categoryIds = new HashMap<>();

  /** With the default options. */
  public SceneWriter(Scenes scenes, ClassList nouns, Templates templates) {
    this(scenes, nouns, templates, Options.DEFAULT);
  }

  /**
   * @throws IllegalArgumentException if maps are wanted of more than 255 classes
   */
  public SceneWriter(Scenes scenes, ClassList nouns, Templates templates, Options options) {
    if (options.maps() && scenes.names().size() > MOST_CATEGORIES) {
      throw new IllegalArgumentException(
          scenes.names().size()
              + " classes do not fit the 8 bits of semantic maps, which hold "
              + MOST_CATEGORIES
              + ": leave the maps out or use fewer classes");
    }
    this.options = options;
    this.scenes = scenes;
    this.nouns = nouns;
    for (String name : scenes.names()) categoryIds.put(name, categoryIds.size() + 1L);
    Conversations conversations =
        new Conversations(nouns, templates, scenes.names(), scenes.settings().empty());
    this.pictures = new PictureWriter(scenes, conversations, categoryIds, options);
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
    if (options.maps()) {
      Files.createDirectories(out.resolve("semantic"));
      Files.createDirectories(out.resolve("saliency"));
    }
    PictureWriter.Part all = new PictureWriter.Part();
    Map<Task, Integer> tasks = new EnumMap<>(Task.class);
    try (BufferedWriter lines = Files.newBufferedWriter(out.resolve("conversations.jsonl"))) {
      InOrder.run(
          count,
          threads,
          i -> one(out, i),
          one -> {
            all.pictures().addAll(one.pictures());
            all.objects().addAll(one.objects());
            all.captions().addAll(one.captions());
            all.refs().addAll(one.refs());
            for (Dialogue d : one.dialogues()) {
              lines.write(LlavaDataset.line(d));
              lines.write('\n');
              tasks.merge(Task.valueOf(d.task().toUpperCase(Locale.ROOT)), 1, Integer::sum);
            }
            progress.accept(all.pictures().size());
          });
    }
    List<CocoDataset.Category> categories = new ArrayList<>();
    for (String name : scenes.names()) {
      categories.add(
          new CocoDataset.Category(categoryIds.get(name), name, nouns.noun(name).category()));
    }
    new CocoDataset(all.pictures(), all.objects(), categories).write(out.resolve("instances.json"));
    if (options.refs()) {
      new CaptionDataset(all.pictures(), all.captions()).write(out.resolve("captions.json"));
      new ExpressionDataset(all.refs()).write(out.resolve("refs.json"));
    }
    long shown =
        all.objects().stream().mapToLong(CocoDataset.Annotation::pictureId).distinct().count();
    int empty = all.pictures().size() - (int) shown;
    return new Summary(all.pictures().size(), empty, all.objects().size(), tasks);
  }

  private PictureWriter.Part one(Path out, int i) throws IOException {
    PictureWriter.Part one = new PictureWriter.Part();
    pictures.write(out, scenes.scene(i), one);
    return one;
  }
}
