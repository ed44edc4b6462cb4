package dev.visionllm.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Data of a recipe: folders, and what is asked about their pictures. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "task")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Source.Conversations.class, name = "conversations"),
  @JsonSubTypes.Type(value = Source.Objects.class, name = "objects"),
  @JsonSubTypes.Type(value = Source.Expressions.class, name = "expressions")
})
public sealed interface Source {
  /** Folders that hold instances.json, images/ and what the task needs beside them. */
  List<Path> folders();

  /** How often batches are taken from here, beside those of the other sources. */
  double ratio();

  /** The same questions about other folders. */
  Source in(List<Path> folders);

  /** How many samples the folders hold for the task; reads their annotations. */
  long samples() throws IOException;

  /**
   * The conversations of conversations.jsonl, several about one picture in a row.
   *
   * @param dialogues most per picture and pass
   * @param tokens most of a packed row
   * @param shares how often a conversation of a task is taken, 0 to 1, by task; 1 for others
   */
  record Conversations(
      List<Path> folders, double ratio, int dialogues, int tokens, Map<String, Double> shares)
      implements Source {
    /** Fills what may be left out. */
    public Conversations {
      folders = some(folders);
      ratio = positive(ratio);
      dialogues = dialogues == 0 ? 8 : dialogues;
      tokens = tokens == 0 ? 512 : tokens;
      shares = shares == null ? Map.of() : Map.copyOf(shares);
      shares.forEach((task, share) -> share("the share of task " + task, share));
    }

    @Override
    public Source in(List<Path> other) {
      return new Conversations(other, ratio, dialogues, tokens, shares);
    }

    @Override
    public long samples() throws IOException {
      return new ConversationSamples(Corpus.read(folders), this, null).size();
    }
  }

  /**
   * Named classes, those of the picture among others that are absent; the answer calls the detector
   * for each.
   *
   * @param classes most in a prompt
   * @param narrow share of prompts that name one to five classes, not all that are shown
   */
  record Objects(List<Path> folders, double ratio, int classes, double narrow) implements Source {
    /** Fills what may be left out. */
    public Objects {
      folders = some(folders);
      ratio = positive(ratio);
      classes = classes == 0 ? 20 : classes;
      share("narrow", narrow);
    }

    @Override
    public Source in(List<Path> other) {
      return new Objects(other, ratio, classes, narrow);
    }

    @Override
    public long samples() throws IOException {
      return Corpus.read(folders).pictures().size();
    }
  }

  /** The expressions of refs.json; the answer calls the detector for the one object. */
  record Expressions(List<Path> folders, double ratio) implements Source {
    /** Fills what may be left out. */
    public Expressions {
      folders = some(folders);
      ratio = positive(ratio);
    }

    @Override
    public Source in(List<Path> other) {
      return new Expressions(other, ratio);
    }

    @Override
    public long samples() throws IOException {
      return Corpus.read(folders).expressions().size();
    }
  }

  private static List<Path> some(List<Path> folders) {
    if (folders == null || folders.isEmpty()) {
      throw new IllegalArgumentException("every entry of data needs folders");
    }
    return List.copyOf(folders);
  }

  private static double positive(double ratio) {
    if (!(ratio >= 0) || Double.isInfinite(ratio)) {
      throw new IllegalArgumentException("ratio is " + ratio + ", should be positive");
    }
    return ratio == 0 ? 1 : ratio;
  }

  private static void share(String name, Double share) {
    if (share == null || !(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException(name + " is " + share + ", should be 0 to 1");
    }
  }
}
