package dev.visionllm.eval;

import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Pose;
import dev.visionllm.result.Segment;
import dev.visionllm.vlm.VisionLlm;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What all suites share: the model as they see it, how they run, and what they give. */
public final class Suites {

  /** What a suite may need of a model; answers in text are taken for granted. */
  public enum Ability {
    BOXES,
    MASKS,
    POSES,
    GENERATION,
    EDITING;

    /** In words: "boxes". */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What suites ask of a model. Tools are guided: the classes, regions or words are given, as the
   * reference evaluates. Findings come best first, in pixels of the picture, and all of them unless
   * there is a threshold.
   */
  public interface Subject {
    /** What it can do. */
    Set<Ability> abilities();

    /** The score that a detection must exceed unless the user says otherwise. */
    double threshold();

    /**
     * One answer for each prompt, with what its tools found.
     *
     * @param maxTokens most tokens of an answer
     */
    List<Answer> ask(List<Prompt> prompts, int maxTokens);

    /** The same without running the tools that the answers call. */
    List<Answer> write(List<Prompt> prompts, int maxTokens);

    /** Boxes of named classes whose score exceeds the threshold. */
    List<Detection> detect(Raster picture, List<String> classes, double threshold);

    /** Masks of named classes. */
    List<Segment> segment(Raster picture, List<String> classes);

    /** Masks of marked objects, at most one for each region, labelled "region 1" and so on. */
    List<Segment> segmentMarked(Raster picture, List<VisualPrompt> regions);

    /** For each pixel the place of a class in the list. */
    LabelMap semantic(Raster picture, List<String> classes);

    /** The one object that an expression describes. */
    Optional<Finding> ground(Raster picture, String expression);

    /** Keypoints of named classes. */
    List<Pose> pose(Raster picture, Map<String, KeypointSet> sets);

    /** A picture of a caption. */
    Raster generate(String caption, long seed, int steps);

    /** A picture changed as told, of about its size. */
    Raster edit(Raster picture, String instruction, long seed, int steps);

    /** A loaded model: greedy answers. */
    static Subject of(VisionLlm model) {
      return new LoadedModel(model);
    }
  }

  /**
   * How suites run.
   *
   * @param classes number of classes that a picture is searched for; pictures that show more are
   *     searched for all that they show
   * @param batch questions that are answered together
   * @param steps of making a picture
   */
  public record Settings(int classes, int batch, int steps) {
    /** 20 classes a picture, 16 questions at a time, 20 steps. */
    public static final Settings DEFAULT = new Settings(20, 16, 20);

    /** Refuses values without a meaning. */
    public Settings {
      if (classes < 1 || batch < 1 || batch > 1024 || steps < 1) {
        throw new IllegalArgumentException(
            ("classes is %d, should be at least 1; batch %d, should be 1 to 1024;"
                    + " steps %d, should be at least 1")
                .formatted(classes, batch, steps));
      }
    }
  }

  /** Told how far a suite is. */
  public interface Progress {
    /**
     * @param done items of the suite
     */
    void at(int done);
  }

  /** A suite whose data was opened. */
  public interface Evaluation {
    /** What it goes through: "pictures". */
    String unit();

    /** How many of them there are. */
    int items();

    /**
     * Runs it.
     *
     * @throws IllegalArgumentException if a record or picture is not as it should be
     * @throws IOException if a picture cannot be read
     */
    Scores run(Subject subject, Settings settings, Progress progress) throws IOException;
  }

  /** Scores that have no record of their own. */
  record Rows(Map<String, Double> rows) implements Scores {}

  private Suites() {}

  /** What a model of that configuration can do. */
  public static Set<Ability> abilities(VisionLlmConfig c) {
    Set<Ability> can = EnumSet.noneOf(Ability.class);
    if (c.gdino() != null) can.add(Ability.BOXES);
    if (c.gdino() != null && c.gdino().masks()) can.add(Ability.MASKS);
    if (c.unipose() != null) can.add(Ability.POSES);
    if (c.sd() != null) can.add(Ability.GENERATION);
    if (c.ip2p() != null) can.add(Ability.EDITING);
    return can;
  }
}
