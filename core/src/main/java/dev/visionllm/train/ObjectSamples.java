package dev.visionllm.train;

import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Raster;
import dev.visionllm.vlm.Guided;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Prompts that name classes, those of the picture among others that are absent. */
final class ObjectSamples implements SampleSource {
  /** A picture, what is asked for, and the answer's objects. */
  record Asked(Raster picture, List<String> names, Objects objects) {}

  private static final int FEWEST = 4; // names of a prompt that is not narrow
  private static final int NARROW = 5; // most names of one that is

  private final Corpus corpus;
  private final Source.Objects source;
  private final Packer packer; // null where only the detector learns
  private final DetectorResize resize;
  private final boolean masks;

  ObjectSamples(
      Corpus corpus, Source.Objects source, Packer packer, DetectorResize resize, boolean masks) {
    this.corpus = corpus;
    this.source = source;
    this.packer = packer;
    this.resize = resize;
    this.masks = masks;
  }

  @Override
  public int size() {
    return corpus.pictures().size();
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    return corpus.pictures().get(index).file();
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Asked a = asked(index, random, false);
    return new Sample(packer.pack(a.picture(), Guided.detect(a.names())), a.objects());
  }

  /** What is asked about a picture. @param flip whether left becomes right */
  Asked asked(int index, RandomGenerator random, boolean flip) {
    Corpus.Picture p = corpus.pictures().get(index);
    Raster picture = Pictures.read(p);
    List<String> names = names(p, random);
    List<Corpus.Thing> things = p.things().stream().filter(t -> names.contains(t.name())).toList();
    int[] at = things.stream().mapToInt(t -> names.indexOf(t.name())).toArray();
    return new Asked(
        picture, names, Objects.of(resize, picture, things, at, names.size(), masks, flip));
  }

  /** In random order; a narrow prompt names a few and not all of those that are there. */
  private List<String> names(Corpus.Picture p, RandomGenerator random) {
    Set<String> there = new LinkedHashSet<>();
    p.things().forEach(t -> there.add(t.name()));
    List<String> shown = new ArrayList<>(there);
    boolean narrow = random.nextDouble() < source.narrow();
    int wanted =
        narrow
            ? random.nextInt(1, NARROW + 1)
            : random.nextInt(Math.min(FEWEST, source.classes()), source.classes() + 1);
    if (narrow) {
      Collections.shuffle(shown, new Random(random.nextLong()));
      shown = shown.subList(0, random.nextInt(Math.min(wanted, shown.size()) + 1));
    }
    Set<String> names = new HashSet<>(shown);
    List<String> absent =
        new ArrayList<>(corpus.classes().stream().filter(c -> !there.contains(c)).toList());
    List<String> out = new ArrayList<>(shown);
    while (out.size() < wanted && names.size() - shown.size() < absent.size()) {
      String name = absent.get(random.nextInt(absent.size()));
      if (names.add(name)) {
        out.add(name);
      }
    }
    Collections.shuffle(out, new Random(random.nextLong()));
    return out;
  }
}
