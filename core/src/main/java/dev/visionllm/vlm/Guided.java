package dev.visionllm.vlm;

import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.RoutingToken;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The guided way to call a tool, as the reference evaluates: the caller names the classes, the
 * answer that the language model would write is laid down, and one forward pass gives the
 * super-link states.
 *
 * @param question what is asked, with placeholders of pictures and regions
 * @param answer what is laid down
 * @param labels what each routing token of the answer stands for
 */
public record Guided(String question, String answer, List<String> labels) {
  private static final String PICTURE = Prompt.IMAGE + "\n";

  /** Calls the detector for classes, in their order. */
  public static Guided detect(List<String> names) {
    return new Guided(
        PICTURE + "Detect " + String.join(", ", names) + ".",
        list(names, RoutingToken.DET) + ".",
        names);
  }

  /** Calls the detector for the pixels of classes. */
  public static Guided segment(List<String> names) {
    return new Guided(
        PICTURE + "Segment " + String.join(", ", names) + ".",
        list(names, RoutingToken.SEG) + ".",
        names);
  }

  /** Calls the detector for objects that the user marked. */
  public static Guided segment(int regions) {
    List<String> names = IntStream.rangeClosed(1, regions).mapToObj(Guided::region).toList();
    String marks = String.join(", ", Collections.nCopies(regions, Prompt.REGION));
    return new Guided(
        PICTURE + "Segment the objects marked as " + marks + ".",
        list(names, RoutingToken.DET) + ".",
        names);
  }

  /** How the answer names a marked object. @param number from 1 */
  static String region(int number) {
    return "region " + number;
  }

  /** Calls the detector for the one object that an expression describes. */
  public static Guided ground(String expression) {
    return new Guided(
        PICTURE + "Where is " + expression + "?",
        expression + RoutingToken.GRD.text() + ".",
        List.of(expression));
  }

  /** Calls the pose decoder for classes that share their keypoints. */
  public static Guided pose(List<String> classes, KeypointSet set) {
    List<String> labels = new ArrayList<>(classes);
    labels.addAll(set.points());
    return new Guided(
        PICTURE
            + "Find the keypoints of "
            + String.join(", ", classes)
            + ": "
            + String.join(", ", set.points())
            + ".",
        list(classes, RoutingToken.DET) + ", " + list(set.points(), RoutingToken.POSE) + ".",
        labels);
  }

  /** Calls image generation. */
  public static Guided generate(String caption) {
    return new Guided("Draw " + caption, "Here it is " + RoutingToken.GEN.text(), List.of(caption));
  }

  /** Calls image editing. */
  public static Guided edit(String instruction) {
    return new Guided(
        PICTURE + "Edit the picture: " + instruction,
        "Here it is " + RoutingToken.EDIT.text(),
        List.of(instruction));
  }

  private static String list(List<String> names, RoutingToken token) {
    return names.stream().map(n -> n + token.text()).collect(Collectors.joining(", "));
  }

  /** Question and answer. */
  Conversation.Turn turn() {
    return new Conversation.Turn(question, answer);
  }

  /** The model's input. */
  Inputs inputs(Preprocess preprocess, List<Raster> pictures, List<Preprocess.Mark> marks) {
    return preprocess.inputs(pictures, marks, preprocess.conversation().full(List.of(turn())));
  }
}
