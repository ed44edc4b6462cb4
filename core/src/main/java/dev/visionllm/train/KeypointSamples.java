package dev.visionllm.train;

import dev.visionllm.data.BrokenSample;
import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.KeypointDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Raster;
import dev.visionllm.model.gdino.Target;
import dev.visionllm.model.unipose.PoseTarget;
import dev.visionllm.vlm.Guided;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * Prompts that name classes and their keypoints. A sample is a picture and the figures in it whose
 * classes have the same points. As in the reference (datasets/unikpt_llava.py) groups and figures
 * without a labelled point are left out.
 */
final class KeypointSamples implements CodedSource {
  /** A figure and what it is. */
  private record Figure(String name, KeypointDataset.Figure figure) {}

  /** Figures of a picture with points of one set. */
  private record Item(
      Path file, CocoDataset.Picture picture, KeypointSet set, List<Figure> figures) {}

  private final Source.Keypoints source;
  private final Packer packer;
  private final DetectorResize resize;
  private final List<Item> items = new ArrayList<>();
  private final Map<List<String>, Set<String>> classes = new HashMap<>(); // by their points

  /**
   * Reads keypoints.json of the source's folders.
   *
   * @param slots most points that a figure may have
   */
  KeypointSamples(Source.Keypoints source, Packer packer, DetectorResize resize, int slots) {
    this.source = source;
    this.packer = packer;
    this.resize = resize;
    for (Path folder : source.folders()) {
      read(folder, slots);
    }
  }

  private void read(Path folder, int slots) {
    Path file = folder.resolve("keypoints.json");
    KeypointDataset data =
        BrokenSample.located(file, "", () -> KeypointDataset.read(file, Problems.refuse()));
    Map<Long, KeypointDataset.Category> categories = new HashMap<>();
    for (KeypointDataset.Category c : data.categories()) {
      if (c.points().size() > slots) {
        throw new IllegalArgumentException(
            "%s: class %s has %d keypoints, more than the %d that the model's poses have room for"
                    .formatted(file, c.category().name(), c.points().size(), slots)
                + ": leave it out or raise num_body_points in config.json");
      }
      categories.put(c.category().id(), c);
      classes.computeIfAbsent(c.points().points(), k -> new TreeSet<>()).add(c.category().name());
    }
    Map<Long, List<KeypointDataset.Figure>> byPicture = new HashMap<>();
    for (KeypointDataset.Figure f : data.figures()) {
      CocoDataset.Annotation o = f.object();
      if (!o.crowd() && f.keypoints().labelled() > 0 && o.area() > 0 && o.box().area() > 0) {
        byPicture.computeIfAbsent(o.pictureId(), k -> new ArrayList<>()).add(f);
      }
    }
    for (CocoDataset.Picture p : data.pictures()) {
      Map<List<String>, Item> bySet = new LinkedHashMap<>();
      for (KeypointDataset.Figure f : byPicture.getOrDefault(p.id(), List.of())) {
        KeypointDataset.Category c = categories.get(f.object().categoryId());
        Path picture = Pictures.beside(file, p.file());
        bySet
            .computeIfAbsent(
                c.points().points(), k -> new Item(picture, p, c.points(), new ArrayList<>()))
            .figures()
            .add(new Figure(c.category().name(), f));
      }
      items.addAll(bySet.values());
    }
  }

  @Override
  public int size() {
    return items.size();
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    return items.get(index).file();
  }

  private record Asked(Raster picture, List<String> names, KeypointSet points, Figures figures) {}

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Asked a = asked(index, random);
    return new Sample(packer.pack(a.picture(), Guided.pose(a.names(), a.points())), a.figures());
  }

  @Override
  public Coded coded(int index, RandomGenerator random) {
    Asked a = asked(index, random);
    return new Coded(
        a.figures(), Map.of("det", Meaning.of(a.names()), "pose", Meaning.of(a.points().points())));
  }

  private Asked asked(int index, RandomGenerator random) {
    Item item = items.get(index);
    CocoDataset.Picture p = item.picture();
    Raster picture = Pictures.read(item.file(), p.width(), p.height());
    List<String> names =
        new ClassNames(classes.get(item.set().points()), source.classes(), 0)
            .draw(item.figures().stream().map(Figure::name).toList(), random);
    KeypointSet asked = points(item.set(), random);
    Raster seen = resize.resize(picture).raster();
    PoseTarget target = target(item, names, asked);
    return new Asked(picture, names, asked, new Figures(seen, names.size(), asked.size(), target));
  }

  /** All points of a set, or of a narrow prompt some of them in any order. */
  private KeypointSet points(KeypointSet set, RandomGenerator random) {
    if (random.nextDouble() >= source.narrow()) {
      return set;
    }
    List<String> points = new ArrayList<>(set.points());
    Collections.shuffle(points, new Random(random.nextLong()));
    points = points.subList(0, 1 + random.nextInt(points.size()));
    return new KeypointSet(set.name(), points, List.of(), List.of());
  }

  private static PoseTarget target(Item item, List<String> names, KeypointSet asked) {
    double w = item.picture().width();
    double h = item.picture().height();
    int n = item.figures().size();
    int k = asked.size();
    int[] at = new int[n];
    float[][] boxes = new float[n][];
    float[][] points = new float[n][2 * k];
    float[][] visible = new float[n][k];
    float[] areas = new float[n];
    float[] sigmas = new float[k];
    for (int j = 0; j < k; j++) {
      int of = item.set().indexOf(asked.points().get(j));
      sigmas[j] = KeypointSets.sigmasByPosition(item.set().size()).get(of).floatValue();
      for (int i = 0; i < n; i++) {
        Keypoints.Point p = item.figures().get(i).figure().keypoints().points().get(of);
        if (p.visibility() > 0) {
          points[i][2 * j] = (float) (p.x() / w);
          points[i][2 * j + 1] = (float) (p.y() / h);
          visible[i][j] = 1;
        }
      }
    }
    for (int i = 0; i < n; i++) {
      CocoDataset.Annotation o = item.figures().get(i).figure().object();
      Box b = o.box();
      at[i] = names.indexOf(item.figures().get(i).name());
      areas[i] = (float) (o.area() / (w * h));
      boxes[i] =
          new float[] {
            (float) (b.centerX() / w),
            (float) (b.centerY() / h),
            (float) (b.width() / w),
            (float) (b.height() / h)
          };
    }
    return new PoseTarget(new Target(at, boxes), points, visible, areas, sigmas);
  }
}
