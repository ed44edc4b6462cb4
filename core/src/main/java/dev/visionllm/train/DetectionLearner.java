package dev.visionllm.train;

import dev.visionllm.image.Normalize;
import dev.visionllm.image.PaddedBatch;
import dev.visionllm.model.gdino.Denoising;
import dev.visionllm.model.gdino.DetectionLoss;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.gdino.MaskLoss;
import dev.visionllm.model.gdino.Target;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A detector's training step, whatever its classes are conditioned by. */
final class DetectionLearner implements ToolLearner<Objects> {
  private static final int STRIDE = 32; // sides are padded to multiples of it

  private final GroundingDino gdino;
  private final Recipe.Detector settings;
  private final DetectionLoss criterion;
  private final MaskLoss maskLoss; // null if masks are not learnt

  /**
   * @param gdino the model's detector, or null
   * @throws IllegalArgumentException if the model has none, or none of masks that should be learnt
   */
  DetectionLearner(GroundingDino gdino, Recipe.Detector settings) {
    if (gdino == null) {
      throw new IllegalArgumentException("the model has no detector: set use_gdino in config.json");
    }
    if (settings.maskPoints() > 0 && !gdino.config().masks()) {
      throw new IllegalArgumentException(
          "mask_points is %d but the model has no mask branch: set use_masks in config.json"
              .formatted(settings.maskPoints()));
    }
    this.gdino = gdino;
    this.settings = settings;
    this.criterion = new DetectionLoss(DetectionLoss.Config.PAPER.withDense(settings.dense()));
    this.maskLoss = learnsMasks() ? MaskLoss.PAPER.at(settings.maskPoints()) : null;
  }

  /** Whether it needs silhouettes. */
  boolean learnsMasks() {
    return settings.maskPoints() > 0;
  }

  @Override
  public String part() {
    return "detection";
  }

  @Override
  public Class<Objects> target() {
    return Objects.class;
  }

  @Override
  public Tensor loss(List<Called<Objects>> rows, RandomGenerator random) {
    List<Objects> batch = rows.stream().map(Called::target).toList();
    Tensor text =
        ToolLearner.padded(rows.stream().map(r -> r.states("det", r.target().classes())).toList());
    int b = batch.size();
    int most = (int) text.size(1);
    Tensor textMask = ToolLearner.called(batch.stream().mapToInt(Objects::classes).toArray(), most);
    PaddedBatch seen =
        PaddedBatch.of(batch.stream().map(Objects::seen).toList(), Normalize.IMAGENET_CV, STRIDE);
    List<Target> targets = batch.stream().map(Objects::target).toList();
    Denoising denoising =
        Denoising.draw(
                targets,
                new Denoising.Settings(settings.denoising(), 0.5, 1.0),
                most,
                gdino.config().queries(),
                random)
            .orElse(null);
    GroundingDino.Output out =
        gdino.forward(
            Tensors.of(seen.pixels(), b, 3, seen.height(), seen.width()),
            Tensors.of(seen.valid(), b, seen.height(), seen.width()),
            text,
            textMask,
            denoising,
            true);
    return criterion.of(out, textMask, targets, denoising, shapes(batch, seen, out)).total();
  }

  /** What is judged of masks; null where there is nothing. */
  private DetectionLoss.Shapes shapes(
      List<Objects> batch, PaddedBatch seen, GroundingDino.Output out) {
    int n = batch.stream().mapToInt(o -> o.target().size()).sum();
    if (n == 0 || !learnsMasks()) {
      return null;
    }
    int plane = seen.height() * seen.width();
    boolean[] all = new boolean[n * plane];
    int object = 0;
    for (Objects o : batch) {
      int w = o.seen().width();
      int h = o.seen().height();
      for (int i = 0; i < o.target().size(); i++, object++) {
        for (int y = 0; y < h; y++) {
          System.arraycopy(o.masks(), (i * h + y) * w, all, object * plane + y * seen.width(), w);
        }
      }
    }
    Tensor truth = Tensors.of(all, n, seen.height(), seen.width()).to(ScalarType.Float);
    return new DetectionLoss.Shapes(maskLoss, gdino.masks(out), truth, MaskLoss.Draws.TORCH);
  }
}
