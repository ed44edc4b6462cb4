package dev.visionllm.train;

import dev.visionllm.image.Raster;
import dev.visionllm.vlm.Guided;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;

/** Expressions of which each describes one object of a picture. */
final class ExpressionSamples implements SampleSource {
  private final List<Corpus.Expression> expressions;
  private final Source.Expressions source;
  private final Packer packer;
  private final Objects.Maker objects;

  ExpressionSamples(
      Corpus corpus, Source.Expressions source, Packer packer, Objects.Maker objects) {
    this.expressions = corpus.expressions();
    this.source = source;
    this.packer = packer;
    this.objects = objects;
  }

  @Override
  public int size() {
    return expressions.size();
  }

  @Override
  public int length(int index) {
    return expressions.get(index).texts().get(0).length();
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    return expressions.get(index).picture().file();
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Corpus.Expression e = expressions.get(index);
    Raster picture = Pictures.read(e.picture());
    String text = e.texts().get(random.nextInt(e.texts().size()));
    return new Sample(
        packer.pack(picture, Guided.ground(text)),
        objects.of(picture, List.of(e.thing()), new int[] {0}, 1, false));
  }
}
