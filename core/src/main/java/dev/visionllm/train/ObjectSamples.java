package dev.visionllm.train;

import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Raster;
import dev.visionllm.vlm.Guided;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;

/** Prompts that name classes, those of the picture among others that are absent. */
final class ObjectSamples implements SampleSource {
  /** A picture, what is asked for, and the answer's objects. */
  record Asked(Raster picture, List<String> names, Objects objects) {}

  private final Corpus corpus;
  private final Source.Objects source;
  private final ClassNames classes;
  private final Packer packer; // null where only the detector learns
  private final DetectorResize resize;
  private final boolean masks;

  ObjectSamples(
      Corpus corpus, Source.Objects source, Packer packer, DetectorResize resize, boolean masks) {
    this.corpus = corpus;
    this.source = source;
    this.classes = new ClassNames(corpus.classes(), source.classes(), source.narrow());
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
    List<String> names = classes.draw(p.things().stream().map(Corpus.Thing::name).toList(), random);
    List<Corpus.Thing> things = p.things().stream().filter(t -> names.contains(t.name())).toList();
    int[] at = things.stream().mapToInt(t -> names.indexOf(t.name())).toArray();
    return new Asked(
        picture, names, Objects.of(resize, picture, things, at, names.size(), masks, flip));
  }
}
