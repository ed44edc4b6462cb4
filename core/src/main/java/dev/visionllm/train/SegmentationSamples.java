package dev.visionllm.train;

import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Raster;
import dev.visionllm.vlm.Guided;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Prompts that ask for the pixels of classes. As in the reference (datasets/ade20k_llava.py) a
 * class is one object, whose mask is all that the picture shows of it, in a box around that.
 */
final class SegmentationSamples implements SampleSource {
  private final Corpus corpus;
  private final Source.Segmentation source;
  private final ClassNames classes;
  private final Packer packer;
  private final DetectorResize resize;

  SegmentationSamples(
      Corpus corpus, Source.Segmentation source, Packer packer, DetectorResize resize) {
    this.corpus = corpus;
    this.source = source;
    this.classes = new ClassNames(corpus.classes(), source.classes(), source.narrow());
    this.packer = packer;
    this.resize = resize;
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
    Corpus.Picture p = corpus.pictures().get(index);
    Raster picture = Pictures.read(p);
    List<Corpus.Thing> shown = corpus.merged(p);
    List<String> names = classes.draw(shown.stream().map(Corpus.Thing::name).toList(), random);
    List<Corpus.Thing> asked = shown.stream().filter(t -> names.contains(t.name())).toList();
    int[] at = asked.stream().mapToInt(t -> names.indexOf(t.name())).toArray();
    return new Sample(
        packer.pack(picture, Guided.segment(names)),
        Objects.of(resize, picture, asked, at, names.size(), true, false));
  }
}
