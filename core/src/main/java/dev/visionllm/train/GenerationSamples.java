package dev.visionllm.train;

import dev.visionllm.data.CaptionDataset;
import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.PairDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.data.Task;
import dev.visionllm.data.Templates;
import dev.visionllm.image.Raster;
import dev.visionllm.image.Squares;
import dev.visionllm.text.RoutingToken;
import dev.visionllm.vlm.Guided;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Captions to draw, half of them asked for in the words of guided requests, half in others. The
 * pictures are made square with white and shrunk (reference datasets/text2img.py).
 */
final class GenerationSamples implements PaintingSource {
  /** A caption and its picture, read when they are needed. */
  private record Pair(Path file, Supplier<PairDataset.Pair> read) {}

  private final List<PairDataset> open = new ArrayList<>();
  private final List<Pair> pairs = new ArrayList<>();
  private final Templates templates = Templates.builtIn();
  private final Source.Generation source;
  private final Packer packer;
  private final int side;

  /**
   * @param side of the pictures
   * @param problems what becomes of pictures without a caption and the like
   */
  GenerationSamples(Source.Generation source, Packer packer, int side, Problems problems)
      throws IOException {
    this.source = source;
    this.packer = packer;
    this.side = side;
    for (Path folder : source.folders()) {
      Path captions = folder.resolve("captions.json");
      if (Files.exists(captions)) {
        read(captions, CaptionDataset.read(captions, problems));
        continue;
      }
      for (Path path : shards(folder)) {
        PairDataset data = PairDataset.open(path, problems);
        open.add(data);
        data.samples().forEach(s -> pairs.add(new Pair(path, () -> data.read(s))));
      }
    }
  }

  private void read(Path captions, CaptionDataset data) {
    Map<Long, Path> files = new HashMap<>();
    for (CocoDataset.Picture p : data.pictures()) {
      files.put(p.id(), Pictures.beside(captions, p.file()));
    }
    for (CaptionDataset.Caption c : data.captions()) {
      Path file = files.get(c.pictureId());
      pairs.add(
          new Pair(
              file,
              () -> new PairDataset.Pair(Long.toString(c.id()), Pictures.read(file), c.text())));
    }
  }

  /** The tar files of a folder, or where it has none itself. */
  private static List<Path> shards(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of(folder);
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> tars = files.filter(f -> f.toString().endsWith(".tar")).sorted().toList();
      return tars.isEmpty() ? List.of(folder) : tars;
    }
  }

  @Override
  public int size() {
    return pairs.size();
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    return pairs.get(index).file();
  }

  @Override
  public Painting painting(int index) {
    PairDataset.Pair pair = pairs.get(index).read().get();
    Raster square = Squares.pad(pair.picture(), Squares.WHITE);
    return new Painting.Drawn(pair.caption(), Squares.diffusion(square, side));
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Painting drawn = painting(index);
    return new Sample(packer.pack(asked(PaintingSource.plain(drawn.text()), random)), drawn);
  }

  private Guided asked(String caption, RandomGenerator random) {
    if (random.nextBoolean()) {
      return Guided.generate(caption);
    }
    Map<String, String> values = Map.of("caption", caption, Task.TOOLS, RoutingToken.GEN.text());
    Templates.Wording w = templates.pick(Task.GENERATION, "", values, random);
    return new Guided(w.question(), w.answer(), List.of(caption));
  }

  @Override
  public void close() {
    try {
      for (PairDataset data : open) {
        data.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
