package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.checkpoint.Init;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.unipose.PoseGroups;
import dev.visionllm.model.unipose.Swin;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DetectorStartTest {
  private static final List<Integer> DEPTHS = List.of(1, 1, 2, 1);
  private static final List<Integer> HEADS = List.of(1, 1, 2, 2);
  private static final int BOX_LAYERS = 2;
  private static final RandomWeights LAYERS_0_AND_1 =
      RandomWeights.of(1).without("gdino\\.(model\\.decoder\\.layers|bbox_embed)\\.2.*");

  @BeforeAll
  static void load() {
    Native.load();
  }

  private static GroundingDino.Config detector(int queries) {
    return new GroundingDino.Config(
        new dev.visionllm.model.gdino.Swin.Config(4, 8, DEPTHS, HEADS, 4, 2, 1e-5, 0),
        32,
        queries,
        2,
        64,
        4,
        2,
        2,
        64,
        4,
        2,
        3,
        256,
        16,
        false,
        0,
        false,
        20,
        0,
        0);
  }

  private static UniPose.Config poses() {
    return new UniPose.Config(
        new Swin.Config(4, 8, DEPTHS, HEADS, 4, 2, 0),
        32,
        8,
        2,
        BOX_LAYERS + 1,
        BOX_LAYERS,
        64,
        4,
        2,
        2,
        3,
        new PoseGroups(4, 18, PoseGroups.Layout.WHOLE),
        16,
        false,
        20,
        0,
        0);
  }

  private static double difference(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item_double();
  }

  /** Grounding DINO's heads read normed states, which both hand out; UniPose refines likewise. */
  @Test
  void thePoseDecoderFindsTheDetectorsObjects() {
    try (var scope = TensorScope.open();
        Params detector = new Params(RandomWeights.of(1));
        Params poser = new Params(new DetectorStart(new Init(2), LAYERS_0_AND_1))) {
      GroundingDino gdino = new GroundingDino(detector.at("gdino"), detector(8));
      UniPose unipose = new UniPose(poser.at("unipose"), poses());
      Tensor pixels = RandomWeights.tensor(3, 1, 3, 64, 64);
      Tensor names = RandomWeights.tensor(4, 1, 3, 4, 16);
      Features theirs = gdino.features(pixels, null, false);
      Features ours = unipose.features(pixels, null, false);
      double features = difference(ours.vision(), theirs.vision());
      GroundingDino.Output found = gdino.decode(theirs, gdino.project(names), null, null, false);
      Tensor points = unipose.projectPoints(RandomWeights.tensor(5, 1, 5, 4, 16));
      UniPose.Output out =
          unipose.decode(ours, unipose.projectClasses(names), null, points, null, null, false);
      double vision = difference(out.vision(), found.vision());
      double text = difference(out.text(), found.text());
      double boxes = difference(out.layers().get(0).boxes(), found.layers().get(0).boxes());
      double logits = difference(out.layers().get(0).logits(), found.layers().get(0).logits());
      System.out.printf(
          "a pose decoder from a detector: features %.2g, picture tokens %.2g, classes %.2g, first"
              + " boxes %.2g, their logits %.2g%n",
          features, vision, text, boxes, logits);
      assertThat(features).isLessThan(1e-5);
      assertThat(vision).isLessThan(1e-4);
      assertThat(text).isLessThan(1e-4);
      assertThat(boxes).isLessThan(1e-4);
      assertThat(logits).isLessThan(1e-3);
      assertThat(
              difference(
                  poser.taken().get("unipose.transformer.decoder.layers.2.linear1.weight"),
                  detector.taken().get("gdino.model.decoder.layers.1.fc1.weight")))
          .isZero();
    }
  }

  @Test
  void otherSizesAreRefused() {
    DetectorStart start =
        new DetectorStart(
            new Init(2),
            (name, shape) -> {
              throw new IllegalArgumentException(name + " has another shape");
            });
    assertThatThrownBy(() -> start.get("unipose.input_proj.0.0.weight", 32, 16, 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("gdino.model.input_proj_vision.0.0.weight has another shape");
    try (var scope = TensorScope.open()) {
      assertThat(start.get("unipose.pose_embed.0.layers.0.weight", 32, 32).numel()).isEqualTo(1024);
      assertThat(start.get("llm.lm_head.weight", 4, 4).numel()).isEqualTo(16);
    }
  }

  @Test
  void aRecipeWithoutADetectorToStartAsIsRefused() throws IOException {
    Recipe r =
        Recipe.read(
            Path.of("../recipes/nano/5-poses.yaml"),
            Map.of("from", "{\"vis_encoder.*\": ../../models/nano}"));
    assertThatThrownBy(() -> StartingWeights.of(r, VisionLlmConfig.read(r.model())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "detector_start starts from trained weights, but no pattern of the recipe's from"
                + " matches gdino.model.level_embed");
  }
}
