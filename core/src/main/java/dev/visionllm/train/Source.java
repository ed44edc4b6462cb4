package dev.visionllm.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.visionllm.data.PictureFolder;
import dev.visionllm.data.Problems;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Data of a recipe: folders, and what is asked about their pictures. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "task")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Source.Conversations.class, name = "conversations"),
  @JsonSubTypes.Type(value = Source.Objects.class, name = "objects"),
  @JsonSubTypes.Type(value = Source.Expressions.class, name = "expressions"),
  @JsonSubTypes.Type(value = Source.Segmentation.class, name = "segmentation"),
  @JsonSubTypes.Type(value = Source.Interactive.class, name = "interactive"),
  @JsonSubTypes.Type(value = Source.Keypoints.class, name = "keypoints"),
  @JsonSubTypes.Type(value = Source.InContext.class, name = "in-context"),
  @JsonSubTypes.Type(value = Source.Generation.class, name = "generation"),
  @JsonSubTypes.Type(value = Source.Editing.class, name = "editing"),
  @JsonSubTypes.Type(value = Source.Pictures.class, name = "pictures")
})
public sealed interface Source {
  /**
   * Folders that hold images/ and what the task needs beside them, mostly instances.json, where the
   * task does not say otherwise.
   */
  List<Path> folders();

  /** How often batches are taken from here, beside those of the other sources. */
  double ratio();

  /** The same questions about other folders. */
  Source in(List<Path> folders);

  /** How many samples the folders hold for the task; reads their annotations. */
  long samples() throws IOException;

  /**
   * The conversations of conversations.jsonl: several about one picture in a row; those about
   * several pictures, or none, a row each.
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
      classes = most("classes", classes, 20);
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

  /**
   * The pixels of named classes, of the picture's among others: one mask for each class, that of
   * semantic/ where there are such maps (as ADE20K: the k-th category is gray k), else of all of
   * its objects together. The answer calls the detector, which must learn masks.
   *
   * @param classes most in a prompt
   * @param narrow as {@link Objects#narrow}
   */
  record Segmentation(List<Path> folders, double ratio, int classes, double narrow)
      implements Source {
    /** Fills what may be left out. */
    public Segmentation {
      folders = some(folders);
      ratio = positive(ratio);
      classes = most("classes", classes, 20);
      share("narrow", narrow);
    }

    @Override
    public Source in(List<Path> other) {
      return new Segmentation(other, ratio, classes, narrow);
    }

    @Override
    public long samples() throws IOException {
      return Corpus.read(folders).pictures().size();
    }
  }

  /**
   * Objects that are marked with points, scribbles, boxes or masks; the answer calls the detector
   * for each.
   *
   * @param regions most in a prompt
   */
  record Interactive(List<Path> folders, double ratio, int regions) implements Source {
    /** Fills what may be left out. */
    public Interactive {
      folders = some(folders);
      ratio = positive(ratio);
      regions = most("regions", regions, 3);
    }

    @Override
    public Source in(List<Path> other) {
      return new Interactive(other, ratio, regions);
    }

    @Override
    public long samples() throws IOException {
      return new InteractiveSamples(Corpus.read(folders), this, null, null).size();
    }
  }

  /**
   * The figures of keypoints.json: classes of the picture among others that have the same points;
   * the answer calls the pose decoder for classes and points.
   *
   * @param classes most in a prompt
   * @param narrow share of prompts that name some of the points only, in any order
   */
  record Keypoints(List<Path> folders, double ratio, int classes, double narrow) implements Source {
    /** Fills what may be left out. */
    public Keypoints {
      folders = some(folders);
      ratio = positive(ratio);
      classes = most("classes", classes, 5);
      share("narrow", narrow);
    }

    @Override
    public Source in(List<Path> other) {
      return new Keypoints(other, ratio, classes, narrow);
    }

    @Override
    public long samples() throws IOException {
      return new KeypointSamples(this, null, null, Integer.MAX_VALUE).size();
    }
  }

  /**
   * The samples of mmic.jsonl, examples and a last picture that is to be solved, as "data mmic"
   * writes them; some answers call the detector, for objects of instances.json.
   *
   * @param maxTiles most tiles of a picture, as the recipe's, since there are several; 0 for that
   */
  record InContext(List<Path> folders, double ratio, @JsonProperty("max_tiles") int maxTiles)
      implements Source {
    /** Fills what may be left out. */
    public InContext {
      folders = some(folders);
      ratio = positive(ratio);
      maxTiles = most("max_tiles", maxTiles, 0);
    }

    @Override
    public Source in(List<Path> other) {
      return new InContext(other, ratio, maxTiles);
    }

    @Override
    public long samples() throws IOException {
      return new InContextSamples(Corpus.read(folders), this, null, null).size();
    }
  }

  /**
   * Captions to draw; the answer calls image generation.
   *
   * @param folders with captions.json (COCO's) and images/; others as {@link
   *     dev.visionllm.data.PairDataset} has them, tar shards, or folders of tar shards
   */
  record Generation(List<Path> folders, double ratio) implements Source {
    /** Fills what may be left out. */
    public Generation {
      folders = some(folders);
      ratio = positive(ratio);
    }

    @Override
    public Source in(List<Path> other) {
      return new Generation(other, ratio);
    }

    @Override
    public long samples() throws IOException {
      try (GenerationSamples all = new GenerationSamples(this, null, 0, Problems.refuse())) {
        return all.size();
      }
    }
  }

  /**
   * Pictures to change as told; the answer calls image editing.
   *
   * @param folders as {@link dev.visionllm.data.EditDataset} has them
   */
  record Editing(List<Path> folders, double ratio) implements Source {
    /** Fills what may be left out. */
    public Editing {
      folders = some(folders);
      ratio = positive(ratio);
    }

    @Override
    public Source in(List<Path> other) {
      return new Editing(other, ratio);
    }

    @Override
    public long samples() throws IOException {
      try (EditingSamples all = new EditingSamples(this, null, 0, Problems.refuse())) {
        return all.size();
      }
    }
  }

  /**
   * Pictures to encode and decode again, nothing else.
   *
   * @param folders of picture files, at any depth
   */
  record Pictures(List<Path> folders, double ratio) implements Source {
    /** Fills what may be left out. */
    public Pictures {
      folders = some(folders);
      ratio = positive(ratio);
    }

    @Override
    public Source in(List<Path> other) {
      return new Pictures(other, ratio);
    }

    @Override
    public long samples() throws IOException {
      long n = 0;
      for (Path folder : folders) {
        n += PictureFolder.files(folder).size();
      }
      return n;
    }
  }

  private static List<Path> some(List<Path> folders) {
    if (folders == null || folders.isEmpty()) {
      throw new IllegalArgumentException("every entry of data needs folders");
    }
    return List.copyOf(folders);
  }

  private static int most(String name, int most, int otherwise) {
    if (most < 0) {
      throw new IllegalArgumentException(name + " is " + most + ", should be positive");
    }
    return most == 0 ? otherwise : most;
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
