package dev.visionllm.train;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.ExpressionDataset;
import dev.visionllm.data.IndexMapDataset;
import dev.visionllm.data.Problems;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Reads data folders, one after the other, into one {@link Corpus}. */
final class CorpusReader {
  private final List<Corpus.Picture> pictures = new ArrayList<>();
  private final TreeSet<String> classes = new TreeSet<>();
  private final List<Corpus.Expression> expressions = new ArrayList<>();
  private final Map<Path, Corpus.ClassMap> maps = new HashMap<>();
  private final List<Album> albums = new ArrayList<>();

  /** Everything read so far. */
  Corpus corpus() {
    return new Corpus(
        List.copyOf(pictures),
        List.copyOf(classes),
        List.copyOf(expressions),
        Map.copyOf(maps),
        List.copyOf(albums));
  }

  /** Reads a folder; what it may hold is told at {@link Corpus#read}. */
  void add(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          "data folder " + folder + " does not exist: make it with \"visionllm data scenes\"");
    }
    Path annotations = annotations(folder);
    Path talk = folder.resolve("conversations.jsonl");
    CocoDataset coco =
        Files.exists(talk) && !Files.exists(annotations)
            ? new CocoDataset(List.of(), List.of(), List.of())
            : CocoDataset.read(annotations);
    Map<Long, Path> files = new HashMap<>();
    coco.pictures().forEach(p -> files.put(p.id(), Pictures.beside(annotations, p.file())));
    Map<Path, List<Dialogue>> dialogues = new HashMap<>();
    files.values().forEach(f -> dialogues.put(f, new ArrayList<>()));
    if (Files.exists(talk)) {
      talk(talk, dialogues);
    }
    classes.addAll(coco.names().values());
    Map<Long, Corpus.Picture> byId = pictures(coco, files, dialogues);
    Path semantic = folder.resolve("semantic");
    if (Files.isDirectory(semantic)) {
      maps(semantic, folder.resolve("images"), coco);
    }
    Path refs = folder.resolve("refs.json");
    if (Files.exists(refs)) {
      expressions(refs, coco, byId);
    }
  }

  /** Objects of instances.json, or where there is none the figures of keypoints.json. */
  private static Path annotations(Path folder) {
    Path instances = folder.resolve("instances.json");
    Path keypoints = folder.resolve("keypoints.json");
    return Files.exists(instances) || !Files.exists(keypoints) ? instances : keypoints;
  }

  /** Joins conversations to the annotated pictures; those about others stay apart. */
  private void talk(Path file, Map<Path, List<Dialogue>> dialogues) throws IOException {
    for (Album a : Album.read(file)) {
      List<Dialogue> here = a.pictures().size() == 1 ? dialogues.get(a.pictures().get(0)) : null;
      if (here == null) {
        albums.add(a);
      } else {
        here.add(a.dialogue());
      }
    }
  }

  /** Adds the pictures and returns them by id. */
  private Map<Long, Corpus.Picture> pictures(
      CocoDataset coco, Map<Long, Path> files, Map<Path, List<Dialogue>> dialogues) {
    Map<Long, String> names = coco.names();
    Map<Long, List<CocoDataset.Annotation>> objects = coco.byPicture();
    Map<Long, Corpus.Picture> byId = new HashMap<>();
    for (CocoDataset.Picture p : coco.pictures()) {
      List<Corpus.Thing> things =
          objects.get(p.id()).stream()
              .map(
                  a ->
                      new Corpus.Thing(
                          a.id(), names.get(a.categoryId()), a.box(), a.segmentation()))
              .toList();
      Path file = files.get(p.id());
      byId.put(
          p.id(),
          new Corpus.Picture(
              file, p.width(), p.height(), things, List.copyOf(dialogues.get(file))));
      pictures.add(byId.get(p.id()));
    }
    return byId;
  }

  private void maps(Path semantic, Path images, CocoDataset coco) throws IOException {
    List<String> values =
        coco.categories().stream()
            .sorted(Comparator.comparingLong(CocoDataset.Category::id))
            .map(CocoDataset.Category::name)
            .toList();
    IndexMapDataset dataset =
        IndexMapDataset.open(
            semantic, images, IndexMapDataset.Values.CLASSES, values.size(), Problems.refuse());
    for (IndexMapDataset.Sample sample : dataset.samples()) {
      maps.put(sample.picture(), new Corpus.ClassMap(dataset, sample, values));
    }
  }

  private void expressions(Path refs, CocoDataset coco, Map<Long, Corpus.Picture> byId)
      throws IOException {
    Map<Long, Corpus.Thing> things = new HashMap<>();
    byId.values().forEach(p -> p.things().forEach(t -> things.put(t.id(), t)));
    for (ExpressionDataset.Reference r :
        ExpressionDataset.read(refs, coco, Problems.refuse()).references()) {
      expressions.add(
          new Corpus.Expression(
              byId.get(r.pictureId()),
              things.get(r.annotationId()),
              r.sentences().stream().map(ExpressionDataset.Sentence::raw).toList()));
    }
  }
}
