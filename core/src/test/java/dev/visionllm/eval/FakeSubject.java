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
import dev.visionllm.vlm.AnswerText;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A subject that can do nothing; fakes say what they can. */
interface FakeSubject extends Suites.Subject {
  @Override
  default Set<Suites.Ability> abilities() {
    return EnumSet.allOf(Suites.Ability.class);
  }

  @Override
  default double threshold() {
    return .3;
  }

  /** What it writes. */
  default String say(Prompt prompt) {
    throw new UnsupportedOperationException("say " + prompt.text());
  }

  @Override
  default List<Answer> ask(List<Prompt> prompts, int maxTokens) {
    return prompts.stream().map(p -> new Answer(say(p), List.copyOf(found(p)))).toList();
  }

  /** What the detector finds of the names in the answer. */
  private List<Detection> found(Prompt p) {
    var names = AnswerText.calls(say(p)).stream().map(AnswerText.Call::label).distinct().toList();
    return names.isEmpty() || p.images().isEmpty()
        ? List.of()
        : detect(p.images().get(0), names, threshold());
  }

  @Override
  default List<Answer> write(List<Prompt> prompts, int maxTokens) {
    return prompts.stream().map(p -> new Answer(say(p), List.of())).toList();
  }

  @Override
  default List<Detection> detect(Raster picture, List<String> classes, double threshold) {
    throw new UnsupportedOperationException("detect " + classes);
  }

  @Override
  default List<Segment> segment(Raster picture, List<String> classes) {
    throw new UnsupportedOperationException("segment " + classes);
  }

  @Override
  default List<Segment> segmentMarked(Raster picture, List<VisualPrompt> regions) {
    throw new UnsupportedOperationException("segmentMarked " + regions);
  }

  @Override
  default LabelMap semantic(Raster picture, List<String> classes) {
    throw new UnsupportedOperationException("semantic " + classes);
  }

  @Override
  default Optional<Finding> ground(Raster picture, String expression) {
    throw new UnsupportedOperationException("ground " + expression);
  }

  @Override
  default List<Pose> pose(Raster picture, Map<String, KeypointSet> sets) {
    throw new UnsupportedOperationException("pose " + sets.keySet());
  }

  @Override
  default Raster generate(String caption, long seed, int steps) {
    throw new UnsupportedOperationException("generate " + caption);
  }

  @Override
  default Raster edit(Raster picture, String instruction, long seed, int steps) {
    throw new UnsupportedOperationException("edit " + instruction);
  }

  /** A map with one label everywhere. */
  static LabelMap everywhere(Raster picture, int label) {
    var labels = new int[picture.width() * picture.height()];
    Arrays.fill(labels, label);
    return new LabelMap(picture.width(), picture.height(), labels);
  }
}
