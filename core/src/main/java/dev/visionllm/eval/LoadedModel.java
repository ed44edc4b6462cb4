package dev.visionllm.eval;

import dev.visionllm.eval.Suites.Ability;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.Raster;
import dev.visionllm.model.diffusion.Denoising;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Pose;
import dev.visionllm.result.Segment;
import dev.visionllm.vlm.VisionLlm;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A model as suites see it. */
record LoadedModel(VisionLlm model) implements Suites.Subject {
  private static final double ALL = 0; // scores are above it

  @Override
  public Set<Ability> abilities() {
    return Suites.abilities(model.config());
  }

  @Override
  public double threshold() {
    return model.config().threshold();
  }

  @Override
  public List<Answer> ask(List<Prompt> prompts, int maxTokens) {
    return model.ask(prompts, options(maxTokens));
  }

  @Override
  public List<Answer> write(List<Prompt> prompts, int maxTokens) {
    return model.write(prompts, options(maxTokens));
  }

  private VisionLlm.Options options(int maxTokens) {
    var o = model.options();
    return new VisionLlm.Options(maxTokens, 1, o.sampling(), o.threshold());
  }

  @Override
  public List<Detection> detect(Raster picture, List<String> classes, double threshold) {
    return model.detect(picture, classes, threshold);
  }

  @Override
  public List<Segment> segment(Raster picture, List<String> classes) {
    return model.segment(picture, classes, ALL);
  }

  @Override
  public List<Segment> segmentMarked(Raster picture, List<VisualPrompt> regions) {
    return model.segmentMarked(picture, regions, ALL);
  }

  @Override
  public LabelMap semantic(Raster picture, List<String> classes) {
    return model.semantic(picture, classes);
  }

  @Override
  public Optional<Finding> ground(Raster picture, String expression) {
    return model.ground(picture, expression, ALL);
  }

  @Override
  public List<Pose> pose(Raster picture, Map<String, KeypointSet> sets) {
    return model.pose(picture, sets, ALL);
  }

  @Override
  public Raster generate(String caption, long seed, int steps) {
    return picture(model.generate(caption, "", model.generation().seeded(seed).stepped(steps)));
  }

  @Override
  public Raster edit(Raster picture, String instruction, long seed, int steps) {
    var settings = model.editing(picture).seeded(seed).stepped(steps);
    return picture(model.edit(picture, instruction, "", settings));
  }

  private static Raster picture(Denoising started) {
    try (Denoising run = started) {
      return run.finish().get(0);
    }
  }
}
