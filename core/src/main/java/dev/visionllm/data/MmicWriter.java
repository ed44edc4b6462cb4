package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.CocoDataset.Picture;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.data.Dialogue.Turn;
import dev.visionllm.data.MmicSample.Shown;
import dev.visionllm.geometry.Box;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.image.VisualMark;
import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;
import java.util.random.RandomGenerator;

/**
 * Writes multimodal in-context samples: {@code images/*.png} with the marks drawn in, {@code
 * mmic.jsonl} (LLaVA with several pictures) and, for what is to be found, {@code instances.json}
 * (COCO) of the last pictures with all objects of the wanted class. The files do not depend on the
 * number of threads.
 */
public final class MmicWriter {
  private final CocoDataset data;
  private final Path images;
  private final Mmic mmic;

  /** What was written: samples by pattern, and objects that are to be found. */
  public record Summary(Map<MmicPattern, Integer> samples, int wanted) {}

  /** One written sample; the target is null where the answer is text. */
  private record Written(
      MmicPattern pattern, String line, Picture target, List<Annotation> wanted) {}

  /**
   * @param file the instances file
   * @param images the folder that its file names are relative to
   * @throws IllegalArgumentException if there is no such folder or the file has too few pictures
   */
  public MmicWriter(Path file, Path images, ClassList nouns, long seed) throws IOException {
    if (!Files.isDirectory(images)) {
      throw new IllegalArgumentException(
          "pictures' folder "
              + images
              + " does not exist: name the folder that the file names in "
              + file
              + " are relative to");
    }
    this.data = CocoDataset.read(file);
    this.images = images;
    this.mmic = new Mmic(data, file, nouns, seed);
  }

  /**
   * Writes the samples 0 to count - 1.
   *
   * @param out a new or empty folder
   * @param progress told the number of samples written so far
   * @throws IllegalArgumentException if {@code out} holds something or a picture cannot be used
   */
  public Summary write(Path out, int count, int threads, LongConsumer progress)
      throws IOException, InterruptedException {
    InOrder.checkNew(out);
    Files.createDirectories(out.resolve("images"));
    Map<MmicPattern, Integer> patterns = new EnumMap<>(MmicPattern.class);
    List<String> lines = new ArrayList<>();
    List<Picture> targets = new ArrayList<>();
    List<Annotation> wanted = new ArrayList<>();
    InOrder.run(
        count,
        threads,
        i -> write(out, i),
        w -> {
          lines.add(w.line());
          patterns.merge(w.pattern(), 1, Integer::sum);
          if (w.target() != null) targets.add(w.target());
          for (Annotation a : w.wanted()) wanted.add(a.as(wanted.size() + 1L, w.target().id()));
          progress.accept(lines.size());
        });
    new CocoDataset(targets, wanted, data.categories()).write(out.resolve("instances.json"));
    AtomicFile.write(
        out.resolve("mmic.jsonl"),
        to -> {
          for (String line : lines) to.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        });
    return new Summary(patterns, wanted.size());
  }

  private Written write(Path out, int i) throws IOException {
    MmicSample sample = mmic.sample(i);
    RandomGenerator random = new SplittableRandom(sample.drawing());
    String id = String.format(Locale.ROOT, "%06d", i);
    List<String> files = new ArrayList<>();
    for (Shown shown : sample.shown()) {
      Raster drawn = draw(shown, sample.mark(), random);
      String file = "images/" + id + "-" + (files.size() + 1) + ".png";
      int[] rgb = Cutout.pixels(drawn.toBufferedImage());
      Files.write(out.resolve(file), FastPng.encode(drawn.width(), drawn.height(), rgb));
      files.add(file);
    }
    List<Turn> turns =
        List.of(new Turn(Role.HUMAN, sample.question()), new Turn(Role.ASSISTANT, sample.reply()));
    Dialogue dialogue =
        new Dialogue(id, files, sample.pattern().word(), turns, List.of(), sample.answer());
    Picture last = sample.shown().get(files.size() - 1).picture();
    Picture target =
        sample.wanted().isEmpty()
            ? null
            : new Picture(i + 1L, files.get(files.size() - 1), last.width(), last.height());
    return new Written(sample.pattern(), LlavaDataset.line(dialogue), target, sample.wanted());
  }

  private Raster draw(Shown shown, VisualMark mark, RandomGenerator random) throws IOException {
    Picture p = shown.picture();
    Raster picture = ImageFiles.read(PictureFiles.below(images, p.file()));
    new PictureFiles.Size(picture.width(), picture.height())
        .agree("picture " + p.file(), new PictureFiles.Size(p.width(), p.height()));
    Box part = shown.part();
    if (part != null) {
      return picture.crop(
          (int) part.x0(), (int) part.y0(), (int) part.width(), (int) part.height());
    }
    if (shown.marked().isEmpty()) return picture;
    List<VisualMark.Target> targets = new ArrayList<>();
    for (Annotation a : shown.marked()) {
      targets.add(
          new VisualMark.Target(
              a.box(),
              a.segmentation() == null ? null : a.segmentation().toRle(p.height(), p.width())));
    }
    return mark.draw(picture, targets, random);
  }
}
