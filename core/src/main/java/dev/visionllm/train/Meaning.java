package dev.visionllm.train;

import dev.visionllm.data.Dialogue;
import dev.visionllm.data.Task;
import dev.visionllm.geometry.Box;
import dev.visionllm.text.RoutingToken;
import dev.visionllm.vlm.AnswerText;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * What a tool call stands for, where codes stand in for its super-link states.
 *
 * @param name of a class or a keypoint
 * @param place of the one object that is meant, in shares of the picture's sides; null for all of
 *     the class
 */
record Meaning(String name, Box place) {
  private static final double SHIFT = 0.02; // of the picture's sides
  private static final double STRETCH = 0.1; // of the object's

  /** Tasks whose bare answers are ids of annotations, one for each call. */
  private static final Set<String> ONE =
      Set.of(Task.GROUNDING.word(), Task.INTERACTIVE.word(), Task.SALIENCY.word());

  /** A class, or a keypoint. */
  static Meaning of(String name) {
    return new Meaning(name, null);
  }

  /** Classes, or keypoints, in their order. */
  static List<Meaning> of(List<String> names) {
    return names.stream().map(n -> new Meaning(n, null)).toList();
  }

  /** One object. */
  static Meaning of(Corpus.Thing thing, int width, int height) {
    Box b = thing.box();
    return new Meaning(
        thing.name(), new Box(b.x0() / width, b.y0() / height, b.x1() / width, b.y1() / height));
  }

  /** The object as someone sees it who measures by eye. */
  Meaning byEye(RandomGenerator random) {
    if (place == null) {
      return this;
    }
    double cx = place.centerX() + SHIFT * random.nextGaussian();
    double cy = place.centerY() + SHIFT * random.nextGaussian();
    double w = place.width() * Math.exp(STRETCH * random.nextGaussian());
    double h = place.height() * Math.exp(STRETCH * random.nextGaussian());
    return new Meaning(name, Box.ofCenter(cx, cy, w, h));
  }

  /**
   * What the calls of a conversation about a picture stand for, in their order; null where the data
   * does not say.
   *
   * @param classes of the data
   * @throws IllegalArgumentException if a bare answer names other annotations than the picture's
   */
  static List<Meaning> of(Dialogue d, Corpus.Picture picture, List<String> classes) {
    List<AnswerText.Call> calls = Packer.calls(d);
    List<String> answers = d.answer() == null ? List.of() : List.of(d.answer().split(", "));
    boolean fits = answers.size() == calls.size();
    if (fits && ONE.contains(d.task())) {
      return answers.stream().map(id -> object(id, d, picture)).collect(Collectors.toList());
    }
    boolean named = fits && classes.containsAll(answers); // "two dogs[DET]" is of class dog
    List<Meaning> out = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      String label = named ? answers.get(i) : calls.get(i).label();
      boolean known =
          calls.get(i).token().equals(RoutingToken.POSE.text()) || classes.contains(label);
      out.add(known ? of(label) : null);
    }
    return out;
  }

  private static Meaning object(String id, Dialogue d, Corpus.Picture picture) {
    return picture.things().stream()
        .filter(t -> Long.toString(t.id()).equals(id))
        .findFirst()
        .map(t -> of(t, picture.width(), picture.height()))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "dialogue %s answers with annotation %s, which %s does not have"
                        .formatted(d.id(), id, picture.file().getFileName())));
  }
}
