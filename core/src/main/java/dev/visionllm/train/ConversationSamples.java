package dev.visionllm.train;

import dev.visionllm.data.Dialogue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

/** Conversations about pictures: several about one in a row, others one by one. */
final class ConversationSamples implements SampleSource {
  private final List<Corpus.Picture> pictures;
  private final List<String> classes;
  private final List<Album> albums; // after the pictures
  private final Source.Conversations source;
  private final Packer packer;

  ConversationSamples(Corpus corpus, Source.Conversations source, Packer packer) {
    this.pictures = corpus.pictures().stream().filter(p -> !p.dialogues().isEmpty()).toList();
    this.classes = corpus.classes();
    this.albums = corpus.albums();
    this.source = source;
    this.packer = packer;
  }

  @Override
  public int size() {
    return pictures.size() + albums.size();
  }

  /** Null for a picture. */
  private Album album(int index) {
    return index < pictures.size() ? null : albums.get(index - pictures.size());
  }

  @Override
  public int length(int index) {
    Album a = album(index);
    return a == null
        ? pictures.get(index).dialogues().stream().mapToInt(Album::length).sum()
        : Album.length(a.dialogue());
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    Album a = album(index);
    return a == null ? pictures.get(index).file() : a.file();
  }

  @Override
  public String at(int index) {
    Album a = album(index);
    return a == null ? "" : a.at();
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Album a = album(index);
    if (a != null) {
      return new Sample(packer.pack(a.open(), a.dialogue()), null);
    }
    Corpus.Picture p = pictures.get(index);
    List<Dialogue> chosen = chosen(p.dialogues(), random);
    chosen = chosen.subList(0, Math.min(source.dialogues(), chosen.size()));
    return new Sample(packer.pack(Pictures.read(p), chosen, d -> Meaning.of(d, p, classes)), null);
  }

  /** The picture's conversations by the recipe's shares, shuffled; all if that leaves none. */
  private List<Dialogue> chosen(List<Dialogue> all, RandomGenerator random) {
    List<Dialogue> chosen = new ArrayList<>();
    for (Dialogue d : all) {
      if (random.nextDouble() < source.shares().getOrDefault(d.task(), 1.0)) {
        chosen.add(d);
      }
    }
    if (chosen.isEmpty()) {
      chosen.addAll(all);
    }
    Collections.shuffle(chosen, new Random(random.nextLong()));
    return chosen;
  }
}
