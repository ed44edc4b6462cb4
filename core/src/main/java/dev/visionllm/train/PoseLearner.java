package dev.visionllm.train;

import dev.visionllm.image.Normalize;
import dev.visionllm.image.PaddedBatch;
import dev.visionllm.model.gdino.Denoising;
import dev.visionllm.model.gdino.Target;
import dev.visionllm.model.unipose.PoseLoss;
import dev.visionllm.model.unipose.PoseTarget;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.nn.Features;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/** UniPose's training step: calls of [DET] name classes, calls of [POSE] their keypoints. */
final class PoseLearner implements ToolLearner<Figures> {
  private static final int STRIDE = 32; // sides are padded to multiples of it
  private static final double EPS = 1e-3; // least share of the picture that becomes a logit

  private final UniPose unipose;
  private final Denoising.Settings noise;

  /**
   * @param unipose the model's pose decoder, or null
   * @param denoising denoising queries of each sign, 0 for none
   * @throws IllegalArgumentException if the model has none
   */
  PoseLearner(UniPose unipose, int denoising) {
    if (unipose == null) {
      throw new IllegalArgumentException(
          "the model has no pose decoder: set use_unipose in config.json");
    }
    this.unipose = unipose;
    this.noise = new Denoising.Settings(denoising, 0.5, 1.0, EPS);
  }

  /** Most keypoints of a figure. */
  int slots() {
    return unipose.config().groups().slots();
  }

  @Override
  public String part() {
    return "pose";
  }

  @Override
  public Class<Figures> target() {
    return Figures.class;
  }

  @Override
  public Tensor loss(List<Called<Figures>> rows, RandomGenerator random) {
    List<Figures> batch = rows.stream().map(Called::target).toList();
    int b = batch.size();
    Tensor classes =
        ToolLearner.padded(rows.stream().map(r -> r.states("det", r.target().classes())).toList());
    Tensor points =
        ToolLearner.padded(rows.stream().map(r -> r.states("pose", r.target().points())).toList());
    int most = (int) classes.size(1);
    Tensor classMask =
        ToolLearner.called(batch.stream().mapToInt(Figures::classes).toArray(), most);
    Tensor pointMask =
        ToolLearner.called(
            batch.stream().mapToInt(Figures::points).toArray(), (int) points.size(1));
    PaddedBatch seen =
        PaddedBatch.of(batch.stream().map(Figures::seen).toList(), Normalize.IMAGENET, STRIDE);
    List<PoseTarget> targets = batch.stream().map(Figures::target).toList();
    List<Target> objects = targets.stream().map(PoseTarget::objects).toList();
    Denoising denoising =
        Denoising.draw(objects, noise, most, unipose.config().queries(), random).orElse(null);
    Features features =
        unipose.features(
            Tensors.of(seen.pixels(), b, 3, seen.height(), seen.width()),
            Tensors.of(seen.valid(), b, seen.height(), seen.width()),
            true);
    UniPose.Output out =
        unipose.decode(
            features,
            unipose.projectClasses(classes),
            classMask,
            unipose.projectPoints(points),
            pointMask,
            denoising,
            true);
    return PoseLoss.PAPER.of(out, classMask, targets, denoising).total();
  }
}
