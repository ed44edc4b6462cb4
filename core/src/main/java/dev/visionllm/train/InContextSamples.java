package dev.visionllm.train;

import dev.visionllm.image.Raster;
import dev.visionllm.text.RoutingToken;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * Examples in some pictures and a last picture that is to be solved in the same way (paper C.1).
 * Where the answer calls the detector, it is for what the last picture shows of the class: with
 * [SEG] for all of its pixels as one object (reference datasets/mmic_mask.py), else for its
 * objects.
 */
final class InContextSamples implements SampleSource {
  private static final String FILE = "mmic.jsonl";

  private final Corpus corpus;
  private final List<Album> albums;
  private final Map<Path, Corpus.Picture> annotated;
  private final Source.InContext source;
  private final Packer packer;
  private final Objects.Maker objects;

  InContextSamples(Corpus corpus, Source.InContext source, Packer packer, Objects.Maker objects) {
    this.corpus = corpus;
    this.albums =
        source.folders().stream().flatMap(f -> Album.read(f.resolve(FILE)).stream()).toList();
    this.annotated =
        corpus.pictures().stream()
            .collect(Collectors.toMap(Corpus.Picture::file, Function.identity(), (a, b) -> a));
    this.source = source;
    this.packer = packer;
    this.objects = objects;
  }

  @Override
  public int size() {
    return albums.size();
  }

  @Override
  public int length(int index) {
    return Album.length(albums.get(index).dialogue());
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    return albums.get(index).file();
  }

  @Override
  public String at(int index) {
    return albums.get(index).at();
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Album a = albums.get(index);
    List<Raster> pictures = a.open();
    Packer.Row row = packer.pack(pictures, a.dialogue());
    return new Sample(row, row.calls().isEmpty() ? null : wanted(a, pictures, row.calls()));
  }

  private Objects wanted(Album a, List<Raster> pictures, List<Packer.Call> calls) {
    int n = pictures.size();
    Path last = a.pictures().get(n - 1);
    Corpus.Picture p = annotated.get(last);
    List<String> names = calls.stream().map(c -> c.meaning().name()).toList();
    if (p == null || !corpus.classes().containsAll(names)) {
      throw new IllegalArgumentException(
          "the answer calls for %s in %s: instances.json must have both classes and picture"
              .formatted(names, last.getFileName()));
    }
    boolean pixels = calls.get(0).token().equals(RoutingToken.SEG.text());
    List<Corpus.Thing> shown = pixels ? corpus.merged(p) : p.things();
    return objects.named(Pictures.checked(pictures.get(n - 1), p), shown, names, false);
  }
}
