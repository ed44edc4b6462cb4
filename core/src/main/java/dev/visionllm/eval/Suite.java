package dev.visionllm.eval;

import dev.visionllm.eval.Suites.Ability;
import dev.visionllm.eval.Suites.Evaluation;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What is measured together: each is a file that opens its data, and an entry here. */
public enum Suite {
  DETECTION(
      "COCO's 12 numbers for boxes; 20 classes are named a picture",
      "pictures in instances.json",
      DetectionSuite::new,
      Ability.BOXES),
  MASKS(
      "the same for masks",
      "pictures in instances.json",
      MaskSuite::new,
      Ability.BOXES,
      Ability.MASKS),
  EMPTY(
      "how often classes that are not there are found",
      "pictures in instances.json",
      EmptySuite::new,
      Ability.BOXES),
  GROUNDING(
      "the one object that an expression describes: its box and mask",
      "expressions in refs.json about these pictures",
      GroundingSuite::new,
      Ability.BOXES),
  SEMANTIC(
      "the class of every pixel: mIoU, mAcc, aAcc",
      "pictures in instances.json",
      SemanticSuite::new,
      Ability.MASKS),
  INTERACTIVE(
      "the mask of an object marked by a point, scribble, box or mask",
      "objects with masks in instances.json",
      InteractiveSuite::new,
      Ability.MASKS),
  SALIENCY(
      "the object that stands out: MAE, S-, E- and F-measure",
      "maps in saliency/",
      SaliencySuite::new,
      Ability.MASKS),
  POSE(
      "COCO's 10 numbers for keypoints",
      "pictures in keypoints.json",
      PoseSuite::new,
      Ability.POSES),
  VQA(
      "existence, counting, colour, position, relation, absent things",
      questions(VqaSuite.TASKS),
      VqaSuite::new),
  RECOGNITION(
      "the class of a marked region", questions(RecognitionSuite.TASKS), RecognitionSuite::new),
  CAPTION(
      "which of the picture's classes a caption mentions",
      questions(CaptionSuite.TASKS),
      CaptionSuite::new),
  ROUTING(
      "whether free answers call the right tools, and none in vain",
      "single questions in conversations.jsonl",
      RoutingSuite::new),
  IN_CONTEXT(
      "the class in a picture, learned from others beside it",
      "dialogues in mmic.jsonl",
      InContextSuite::new),
  GENERATION(
      "whether a caption's objects are in the picture made of it",
      "captions in captions.json that name classes of instances.json",
      GenerationSuite::new,
      Ability.GENERATION,
      Ability.BOXES),
  EDITING(
      "whether the change that was told is there, and no other",
      "pairs in edits/seeds.json",
      EditingSuite::new,
      Ability.EDITING,
      Ability.BOXES);

  /** Opens the data of a suite. */
  private interface Opening {
    Evaluation open(DataFolder data) throws IOException;
  }

  private final String about;
  private final String needs;
  private final Opening opening;
  private final List<Ability> abilities;

  Suite(String about, String needs, Opening opening, Ability... abilities) {
    this.about = about;
    this.needs = needs;
    this.opening = opening;
    this.abilities = List.of(abilities);
  }

  private static String questions(List<String> tasks) {
    return "single questions of task %s in conversations.jsonl about these pictures"
        .formatted(String.join(", ", tasks));
  }

  /** Its name on command lines: "detection". */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What it measures, in a line. */
  public String about() {
    return about;
  }

  /** What a model must be able to do. */
  public List<Ability> abilities() {
    return abilities;
  }

  /**
   * Opens its data.
   *
   * @throws MissingData if there is nothing to measure
   * @throws IllegalArgumentException if a file or record is not as it should be; names it
   * @throws IOException if a file cannot be read
   */
  public Evaluation open(DataFolder data) throws IOException {
    Evaluation evaluation = opening.open(data);
    if (evaluation.items() == 0) {
      throw new MissingData(
          "%s has nothing for suite %s, which needs %s".formatted(data.folder(), word(), needs));
    }
    return evaluation;
  }

  /**
   * The suite of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Suite of(String word) {
    return Arrays.stream(values())
        .filter(s -> s.word().equals(word.strip().toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "suite '%s' is unknown: give %s or all"
                        .formatted(
                            word,
                            String.join(", ", Arrays.stream(values()).map(Suite::word).toList()))));
  }
}
