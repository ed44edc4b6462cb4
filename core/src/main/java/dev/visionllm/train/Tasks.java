package dev.visionllm.train;

import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens the sources of a linked run, and makes the learners of the tools that they call: none that
 * no source needs.
 */
final class Tasks {
  private final VisionLlmConfig config;
  private final Preprocess preprocess;
  private final Multimodal model;
  private final Decoders decoders;
  private final Recipe.Detector detector;
  private final Painters painters;
  private final Corpora corpora = new Corpora();
  private DetectionLearner detection; // null until a source calls it
  private PoseLearner pose; // likewise

  Tasks(
      VisionLlmConfig config,
      Preprocess preprocess,
      Multimodal model,
      Decoders decoders,
      Recipe.Detector detector,
      Painters painters) {
    this.config = config;
    this.preprocess = preprocess;
    this.model = model;
    this.decoders = decoders;
    this.detector = detector;
    this.painters = painters;
  }

  /**
   * Opens a source.
   *
   * @throws IllegalArgumentException if the model lacks what its task needs
   */
  SampleSource source(Source s) throws IOException {
    if (s instanceof Source.Conversations c) {
      return new ConversationSamples(corpora.of(s), c, packer(0, c.tokens()));
    }
    int context = config.multimodal().llm().context();
    if (s instanceof Source.InContext c) {
      Packer packer = packer(c.maxTiles(), context);
      return new InContextSamples(corpora.of(s), c, packer, objects());
    }
    Packer packer = packer(0, context);
    if (s instanceof Source.Objects o) {
      return new ObjectSamples(corpora.of(s), o, packer, objects());
    }
    if (s instanceof Source.Expressions e) {
      return new ExpressionSamples(corpora.of(s), e, packer, objects());
    }
    if (s instanceof Source.Segmentation g) {
      if (!detection().learnsMasks()) {
        throw new IllegalArgumentException(
            "task segmentation learns masks: set mask_points of the recipe's detector, the"
                + " reference's are 12544");
      }
      return new ObjectSamples(corpora.of(s), g, packer, objects());
    }
    if (s instanceof Source.Interactive i) {
      if (config.multimodal().regionHidden() == 0) {
        throw new IllegalArgumentException(
            "task interactive marks regions, the model cannot see them: set use_region_encoder in"
                + " config.json");
      }
      return new InteractiveSamples(corpora.of(s), i, packer, objects());
    }
    if (s instanceof Source.Keypoints k) {
      return keypoints(k, packer);
    }
    return painters.source(s, packer);
  }

  /**
   * Opens a source for decoders alone.
   *
   * @throws IllegalArgumentException if its task is not for them, or the model lacks them
   */
  CodedSource coded(Source s) throws IOException {
    if (s instanceof Source.Objects o) {
      return new ObjectSamples(corpora.of(s), o, null, objects());
    }
    if (s instanceof Source.Interactive i) {
      return new InteractiveSamples(corpora.of(s), i, null, objects());
    }
    if (s instanceof Source.Keypoints k) {
      return keypoints(k, null);
    }
    throw new IllegalArgumentException(
        "objective codes learns from data of task objects, interactive and keypoints only");
  }

  private Objects.Maker objects() {
    return new Objects.Maker(config.detector(), detection().learnsMasks());
  }

  private KeypointSamples keypoints(Source.Keypoints s, Packer packer) {
    return new KeypointSamples(s, packer, config.poseDetector(), pose().slots());
  }

  /** Learners of the tools that the sources opened so far call. */
  List<ToolLearner<?>> learners() {
    List<ToolLearner<?>> learners = new ArrayList<>();
    if (detection != null) {
      learners.add(detection);
    }
    if (pose != null) {
      learners.add(pose);
    }
    learners.addAll(painters.learners());
    return learners;
  }

  private PoseLearner pose() {
    if (pose == null) {
      pose = new PoseLearner(decoders.unipose(), detector.denoising());
    }
    return pose;
  }

  private DetectionLearner detection() {
    if (detection == null) {
      detection = new DetectionLearner(decoders.gdino(), detector);
    }
    return detection;
  }

  /**
   * @param tiles most of a picture, 0 for the recipe's
   * @param most tokens of a row
   */
  private Packer packer(int tiles, int most) {
    int tokensPerTile = config.multimodal().tokensPerTile();
    return new Packer(preprocess.withMost(tiles), model.links(), tokensPerTile, most);
  }
}
