package dev.visionllm.train;

import dev.visionllm.data.Dialogue;
import dev.visionllm.data.Marks;
import dev.visionllm.geometry.Mask;
import dev.visionllm.image.Raster;
import dev.visionllm.vlm.Guided;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Prompts that mark objects. As in the reference (datasets/coco_interactive.py) each region is a
 * class of its own, of which there is one object.
 */
final class InteractiveSamples implements CodedSource {
  /** Marked objects of a picture and how they are marked. */
  private record Asked(
      Corpus.Picture of,
      Raster picture,
      List<Corpus.Thing> marked,
      List<Dialogue.Region> regions,
      Objects objects) {}

  private final List<Corpus.Picture> pictures;
  private final Source.Interactive source;
  private final Packer packer;
  private final Objects.Maker objects;

  InteractiveSamples(
      Corpus corpus, Source.Interactive source, Packer packer, Objects.Maker objects) {
    this.pictures = corpus.pictures().stream().filter(p -> !p.things().isEmpty()).toList();
    this.source = source;
    this.packer = packer;
    this.objects = objects;
  }

  @Override
  public int size() {
    return pictures.size();
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    return pictures.get(index).file();
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Asked a = asked(index, random);
    Guided guided = Guided.segment(a.marked().size());
    return new Sample(packer.pack(a.picture(), guided, a.regions()), a.objects());
  }

  @Override
  public Coded coded(int index, RandomGenerator random) {
    Asked a = asked(index, random);
    return new Coded(
        a.objects(),
        Map.of(
            "det",
            a.marked().stream().map(t -> Meaning.of(t, a.of().width(), a.of().height())).toList()));
  }

  private Asked asked(int index, RandomGenerator random) {
    Corpus.Picture p = pictures.get(index);
    Raster picture = Pictures.read(p);
    int wanted = 1 + random.nextInt(Math.min(source.regions(), p.things().size()));
    List<Corpus.Thing> things = new ArrayList<>(p.things());
    Collections.shuffle(things, new Random(random.nextLong()));
    List<Corpus.Thing> marked = new ArrayList<>();
    List<Dialogue.Region> regions = new ArrayList<>();
    for (int i = 0; i < things.size() && marked.size() < wanted; i++) {
      Mask mask = things.get(i).mask(p.width(), p.height());
      if (!mask.isEmpty()) {
        marked.add(things.get(i));
        regions.add(new Marks(mask, random).any(0));
      }
    }
    if (marked.isEmpty()) {
      throw new IllegalArgumentException("no object of the picture has a pixel to be marked");
    }
    int n = marked.size();
    int[] at = IntStream.range(0, n).toArray();
    return new Asked(p, picture, marked, regions, objects.of(picture, marked, at, n, false));
  }
}
