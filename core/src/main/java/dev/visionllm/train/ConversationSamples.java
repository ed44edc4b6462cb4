package dev.visionllm.train;

import dev.visionllm.data.Dialogue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

/** Conversations about pictures, several about one in a row. */
final class ConversationSamples implements SampleSource {
  private final List<Corpus.Picture> pictures;
  private final Source.Conversations source;
  private final Packer packer;

  ConversationSamples(Corpus corpus, Source.Conversations source, Packer packer) {
    this.pictures = corpus.pictures().stream().filter(p -> !p.dialogues().isEmpty()).toList();
    this.source = source;
    this.packer = packer;
  }

  @Override
  public int size() {
    return pictures.size();
  }

  @Override
  public int length(int index) {
    return pictures.get(index).dialogues().stream()
        .flatMap(d -> d.turns().stream())
        .mapToInt(t -> t.text().length())
        .sum();
  }

  @Override
  public double ratio() {
    return source.ratio();
  }

  @Override
  public Path file(int index) {
    return pictures.get(index).file();
  }

  @Override
  public Sample sample(int index, RandomGenerator random) {
    Corpus.Picture p = pictures.get(index);
    List<Dialogue> chosen = chosen(p.dialogues(), random);
    chosen = chosen.subList(0, Math.min(source.dialogues(), chosen.size()));
    return new Sample(packer.pack(Pictures.read(p), chosen), null);
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
