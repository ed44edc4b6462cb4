package dev.visionllm.train;

import dev.visionllm.image.Raster;
import dev.visionllm.vlm.Guided;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Prompts that name classes, those of the picture among others that are absent: for their objects,
 * or for their pixels. Then, as in the reference (datasets/ade20k_llava.py), a class is one object,
 * whose mask is all that the picture shows of it, in a box around that.
 */
final class ObjectSamples implements CodedSource {
  private record Asked(Raster picture, List<String> names, Objects objects) {}

  private final Corpus corpus;
  private final double ratio;
  private final ClassNames classes;
  private final boolean pixels;
  private final Packer packer;
  private final Objects.Maker objects;

  /** Asks for objects. @param packer null where only the detector learns */
  ObjectSamples(Corpus corpus, Source.Objects s, Packer packer, Objects.Maker objects) {
    this(corpus, s.ratio(), s.classes(), s.narrow(), false, packer, objects);
  }

  /** Asks for pixels. */
  ObjectSamples(Corpus corpus, Source.Segmentation s, Packer packer, Objects.Maker objects) {
    this(corpus, s.ratio(), s.classes(), s.narrow(), true, packer, objects);
  }

  private ObjectSamples(
      Corpus corpus,
      double ratio,
      int most,
      double narrow,
      boolean pixels,
      Packer packer,
      Objects.Maker objects) {
    this.corpus = corpus;
    this.ratio = ratio;
    this.classes = new ClassNames(corpus.classes(), most, narrow);
    this.pixels = pixels;
    this.packer = packer;
    this.objects = objects;
  }

  @Override
  public int size() {
    return corpus.pictures().size();
  }

  @Override
  public double ratio() {
    return ratio;
  }

  @Override
  public Path file(int index) {
    return corpus.pictures().get(index).file();
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Asked a = asked(index, random, false);
    Guided guided = pixels ? Guided.segment(a.names()) : Guided.detect(a.names());
    return new Sample(packer.pack(a.picture(), guided), a.objects());
  }

  @Override
  public Coded coded(int index, RandomGenerator random) {
    Asked a = asked(index, random, random.nextBoolean());
    return new Coded(a.objects(), Map.of("det", Meaning.of(a.names())));
  }

  /** What is asked about a picture. @param flip whether left becomes right */
  private Asked asked(int index, RandomGenerator random, boolean flip) {
    Corpus.Picture p = corpus.pictures().get(index);
    Raster picture = Pictures.read(p);
    List<Corpus.Thing> shown = pixels ? corpus.merged(p) : p.things();
    List<String> names = classes.draw(shown.stream().map(Corpus.Thing::name).toList(), random);
    return new Asked(picture, names, objects.named(picture, shown, names, flip));
  }
}
