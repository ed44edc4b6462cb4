package dev.visionllm.train;

import dev.visionllm.image.DetectorResize;
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
  private final DetectorResize resize;
  private final boolean masks;

  ExpressionSamples(
      Corpus corpus,
      Source.Expressions source,
      Packer packer,
      DetectorResize resize,
      boolean masks) {
    this.expressions = corpus.expressions();
    this.source = source;
    this.packer = packer;
    this.resize = resize;
    this.masks = masks;
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
        Objects.of(resize, picture, List.of(e.thing()), new int[] {0}, 1, masks, false));
  }
}
