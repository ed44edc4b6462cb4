package dev.visionllm.train;

import dev.visionllm.data.Problems;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Opens the sources of a run, and makes the learners of the tools that they call: none that no
 * source needs. Folders are read once where several sources ask about them.
 */
final class Tasks {
  private final VisionLlmConfig config;
  private final Preprocess preprocess;
  private final Multimodal model;
  private final Decoders decoders;
  private final Recipe recipe;
  private final Problems problems;
  private final Map<List<Path>, Corpus> read = new HashMap<>();
  private DetectionLearner detection; // null until a source calls it, like those below
  private PaintingLearner<Painting.Drawn> generation;
  private PaintingLearner<Painting.Edited> editing;

  Tasks(
      VisionLlmConfig config,
      Preprocess preprocess,
      Multimodal model,
      Decoders decoders,
      Recipe recipe,
      Problems problems) {
    this.config = config;
    this.preprocess = preprocess;
    this.model = model;
    this.decoders = decoders;
    this.recipe = recipe;
    this.problems = problems;
  }

  /**
   * Opens a source.
   *
   * @throws IllegalArgumentException if the model lacks what its task needs
   */
  SampleSource source(Source s) throws IOException {
    if (s instanceof Source.Conversations c) {
      return new ConversationSamples(corpus(s), c, packer(c.tokens()));
    }
    Packer packer = packer(config.multimodal().llm().context());
    if (s instanceof Source.Objects o) {
      boolean masks = detection().learnsMasks();
      return new ObjectSamples(corpus(s), o, packer, config.detector(), masks);
    }
    if (s instanceof Source.Expressions e) {
      boolean masks = detection().learnsMasks();
      return new ExpressionSamples(corpus(s), e, packer, config.detector(), masks);
    }
    if (s instanceof Source.Generation g) {
      return new GenerationSamples(g, packer, generation().side(), problems);
    }
    if (s instanceof Source.Editing e) {
      return new EditingSamples(e, packer, editing().side(), problems);
    }
    throw new IllegalArgumentException("data of task pictures is for objective autoencoder only");
  }

  /** Learners of the tools that the sources opened so far call. */
  List<ToolLearner<?>> learners() {
    List<ToolLearner<?>> learners = new ArrayList<>();
    if (detection != null) {
      learners.add(detection);
    }
    learners.addAll(painters());
    return learners;
  }

  /** Those of them that learn to paint. */
  List<PaintingLearner<?>> painters() {
    List<PaintingLearner<?>> painters = new ArrayList<>();
    if (generation != null) {
      painters.add(generation);
    }
    if (editing != null) {
      painters.add(editing);
    }
    return painters;
  }

  private DetectionLearner detection() {
    if (detection == null) {
      detection = new DetectionLearner(decoders.gdino(), recipe.detector());
    }
    return detection;
  }

  private PaintingLearner<Painting.Drawn> generation() throws IOException {
    if (generation == null) {
      Path folder = recipe.model().resolve("sd");
      generation = PaintingLearner.generation(decoders.sd(), folder, recipe.painter().generation());
    }
    return generation;
  }

  private PaintingLearner<Painting.Edited> editing() throws IOException {
    if (editing == null) {
      Path folder = recipe.model().resolve("ip2p");
      editing = PaintingLearner.editing(decoders.ip2p(), folder, recipe.painter().editing());
    }
    return editing;
  }

  private Packer packer(int most) {
    return new Packer(preprocess, model.links(), config.multimodal().tokensPerTile(), most);
  }

  private Corpus corpus(Source s) throws IOException {
    Corpus known = read.get(s.folders());
    if (known == null) {
      known = Corpus.read(s.folders());
      read.put(s.folders(), known);
    }
    return known;
  }
}
