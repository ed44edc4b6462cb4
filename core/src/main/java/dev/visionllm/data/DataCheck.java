package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Picture;
import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.data.IndexMapDataset.Values;
import dev.visionllm.data.PictureFiles.Size;
import dev.visionllm.geometry.LabelMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Checks data sets of every format as their readers do, and that their pictures exist, can be
 * decoded and have the size that the data says. A record has at most one problem, the first that is
 * met. Large files are read as streams.
 */
public final class DataCheck {
  /**
   * What is known about the data.
   *
   * @param format null to find out
   * @param images folder of the pictures; null if they are beside the data or in images/ there
   * @param instances what REFCOCO's references point into; null for instances.json beside them
   */
  public record Options(DataFormat format, Path images, Path instances) {}

  /**
   * A data set that was checked.
   *
   * @param entries how many annotations, records or samples can be used; annotations of COCO's
   *     files are counted whether or not their pictures can
   */
  public record Checked(String path, DataFormat format, long entries) {}

  /** Told how far the check of a file is. */
  @FunctionalInterface
  public interface Progress {
    /** So many of all pictures or records are done. */
    void at(Path path, int done, int all);
  }

  private final Options options;
  private final Problems problems;
  private final Progress progress;
  private final PictureFiles pictureFiles;

  /**
   * @param problems takes what is wrong
   */
  public DataCheck(Options options, Problems problems, Progress progress) {
    this.options = options;
    this.problems = problems;
    this.progress = progress;
    this.pictureFiles = new PictureFiles(options.images());
  }

  /**
   * Checks a file or a folder; of a folder that is not a data set itself, everything in it that is
   * one.
   *
   * @throws IllegalArgumentException if there is nothing to check
   */
  public List<Checked> check(Path given) throws IOException {
    if (!Files.exists(given)) {
      throw new NoSuchFileException(given.toString());
    }
    Path plain = given.normalize();
    boolean named = !plain.toString().isEmpty() && !plain.endsWith("..");
    Path path = named ? plain : given.toAbsolutePath().normalize();
    Optional<DataFormat> format =
        options.format() == null ? DataFormat.of(path) : Optional.of(options.format());
    if (format.isPresent()) {
      return List.of(check(path, format.get()));
    }
    List<Checked> out = new ArrayList<>();
    if (Files.isDirectory(path)) {
      List<Path> inside;
      try (Stream<Path> files = Files.list(path)) {
        inside = files.sorted().toList();
      }
      for (Path file : inside) {
        Optional<DataFormat> found = DataFormat.of(file);
        if (found.isPresent()) {
          out.add(check(file, found.get()));
        } else if (PictureFiles.ending(file.toString()).equals("json")) {
          problems.add(file, "", "the format is none of " + List.of(DataFormat.values()));
        }
      }
    }
    if (out.isEmpty()) {
      throw new IllegalArgumentException(
          path
              + " is no data set that is recognised: give its format, one of "
              + List.of(DataFormat.values()));
    }
    return out;
  }

  private Checked check(Path path, DataFormat format) throws IOException {
    long entries =
        switch (format) {
          case COCO -> coco(path);
          case COCO_KEYPOINTS -> keypoints(path);
          case COCO_CAPTIONS -> captions(path);
          case LLAVA -> dialogues(path);
          case REFCOCO -> references(path);
          case INDEX_MAPS -> maps(path, Values.CLASSES);
          case SALIENCY -> maps(path, Values.SALIENCY);
          case PAIRS -> pairs(path);
          case EDITS -> edits(path);
        };
    return new Checked(path.toString(), format, entries);
  }

  private long coco(Path file) throws IOException {
    CocoFile in = new CocoFile(file, problems);
    Map<Long, Picture> pictures = in.pictures();
    long[] n = {0};
    in.annotations(pictures, in.categories(), a -> n[0]++);
    pictures(file, pictures.values());
    return n[0];
  }

  private long keypoints(Path file) throws IOException {
    Map<Long, Picture> pictures = new LinkedHashMap<>();
    long[] n = {0};
    KeypointDataset.each(file, problems, pictures, new HashMap<>(), f -> n[0]++);
    pictures(file, pictures.values());
    return n[0];
  }

  private long captions(Path file) throws IOException {
    CaptionDataset data = CaptionDataset.read(file, problems);
    pictures(file, data.pictures());
    return data.captions().size();
  }

  private void pictures(Path file, Collection<Picture> pictures) {
    int done = 0;
    for (Picture p : pictures) {
      problems.take(
          file,
          "image id " + p.id(),
          () ->
              pictureFiles
                  .check(folder(file), p.file())
                  .agree("picture " + p.file(), new Size(p.width(), p.height())));
      progress.at(file, ++done, pictures.size());
    }
  }

  private long dialogues(Path file) throws IOException {
    int all = LlavaDataset.count(file);
    int[] n = {0, 0}; // met, usable
    LlavaDataset.each(
        file,
        problems,
        d -> {
          progress.at(file, ++n[0], Math.max(all, n[0]));
          List<Size> sizes = new ArrayList<>();
          for (String image : d.images()) {
            sizes.add(pictureFiles.check(folder(file), image));
          }
          List<Integer> marked = d.marked();
          for (int i = 0; i < d.regions().size(); i++) {
            Region region = d.regions().get(i);
            Size size = sizes.get(marked.get(i));
            if (!region.fits(size.width(), size.height())) {
              throw new IllegalArgumentException(
                  "region %s does not fit its picture of %s pixels".formatted(region, size));
            }
          }
          n[1]++;
        });
    return n[1];
  }

  private long references(Path file) throws IOException {
    Path instances = instances(file);
    if (!Files.exists(instances)) {
      problems.add(
          file,
          "",
          "needs the objects' file "
              + instances
              + ", which does not exist: name it with --instances");
      return 0;
    }
    CocoDataset objects = CocoDataset.read(instances, problems);
    pictures(instances, objects.pictures());
    return ExpressionDataset.read(file, objects, problems).references().size();
  }

  private long maps(Path folder, Values values) throws IOException {
    Path pictures = options.images() == null ? folder.resolveSibling("images") : options.images();
    boolean known = values == Values.CLASSES && Files.exists(instances(folder));
    int classes = known ? new CocoFile(instances(folder), problems).categories().size() : 0;
    IndexMapDataset data = IndexMapDataset.open(folder, pictures, values, classes, problems);
    return each(
        folder,
        data.samples(),
        s -> s.map().getFileName().toString(),
        s -> Size.of(data.read(s)).agree("this map", pictureFiles.check(s.picture())));
  }

  private long pairs(Path path) {
    long[] usable = {0};
    problems.take(
        path,
        "",
        () -> {
          try (PairDataset data = PairDataset.open(path, problems)) {
            usable[0] = each(path, data.samples(), PairDataset.Sample::picture, data::read);
          }
        });
    return usable[0];
  }

  private long edits(Path folder) throws IOException {
    EditDataset data = EditDataset.open(folder, problems);
    return each(
        folder,
        data.samples(),
        EditDataset.Sample::at,
        s -> {
          EditDataset.Edit e = data.read(s);
          Size before = pictureFiles.check(e.before());
          pictureFiles.check(e.after()).agree("the picture after", before);
          if (e.mask() != null) {
            LabelMap mask =
                BrokenSample.located(
                    folder, s.at(), () -> IndexMapDataset.read(e.mask(), Values.SALIENCY, 0));
            Size.of(mask).agree("the mask", before);
          }
        });
  }

  /** Checks samples one by one. @return how many can be used */
  private <S> long each(Path path, List<S> samples, Function<S, String> at, Consumer<S> check) {
    long usable = 0;
    int done = 0;
    for (S s : samples) {
      usable += problems.take(path, at.apply(s), () -> check.accept(s)) ? 1 : 0;
      progress.at(path, ++done, samples.size());
    }
    return usable;
  }

  private Path instances(Path file) {
    return options.instances() == null
        ? file.resolveSibling("instances.json")
        : options.instances();
  }

  private static Path folder(Path file) {
    return file.getParent() == null ? Path.of(".") : file.getParent();
  }
}
