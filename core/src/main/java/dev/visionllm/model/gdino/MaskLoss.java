package dev.visionllm.model.gdino;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Losses of masks at points, most of them where the prediction is least sure (PointRend, Kirillov
 * et al. 2020; Mask2Former): binary cross-entropy and dice. Shapes: n masks, p points.
 *
 * @param points of a mask
 * @param oversample how many times as many are drawn, to choose from
 * @param important share that is chosen by uncertainty; the others are drawn anew
 * @param maskWeight of the cross-entropy
 * @param diceWeight of the dice loss
 */
public record MaskLoss(
    int points, double oversample, double important, double maskWeight, double diceWeight) {
  /** The paper's. */
  public static final MaskLoss PAPER = new MaskLoss(12_544, 3, 0.75, 5, 5);

  /** Refuses values without a meaning. */
  public MaskLoss {
    if (points < 1 || !(oversample >= 1) || !(important >= 0 && important <= 1)) {
      throw new IllegalArgumentException(
          "mask loss: points "
              + points
              + " should be positive, oversample "
              + oversample
              + " at least 1, important "
              + important
              + " 0 to 1");
    }
  }

  /** The same at another number of points, for smaller masks. */
  public MaskLoss at(int fewer) {
    return new MaskLoss(fewer, oversample, important, maskWeight, diceWeight);
  }

  /** Where points are drawn from: uniform numbers in [0, 1), (n, p, 2). */
  public interface Draws {
    /** torch's generator. */
    Draws TORCH = (n, p) -> torch.rand(new long[] {n, p, 2}, Tensors.options(ScalarType.Float));

    /** The next ones. */
    Tensor next(long n, long p);
  }

  /**
   * Both losses, summed over the masks: (2).
   *
   * @param predicted logits, (n, h, w)
   * @param truth 0 to 1, (n, H, W) of the same pictures
   */
  Tensor sums(Tensor predicted, Tensor truth, Draws draws) {
    return TensorScope.of(
        () -> {
          Tensor at = TensorScope.of(() -> chosen(predicted, draws)); // (n, p, 2)
          Tensor labels = sample(truth, at); // (n, p)
          Tensor logits = sample(predicted, at);
          Tensor cross = F.binaryCrossEntropy(logits, labels);
          Tensor p = torch.sigmoid(logits);
          Tensor both = F.scale(F.sum(p.mul(labels), 1), 2).add(new Scalar(1.0));
          Tensor all = F.sum(p, 1).add(F.sum(labels, 1)).add(new Scalar(1.0));
          Tensor dice = both.div(all).neg().add(new Scalar(1.0));
          return F.stack(0, F.mean(cross, 1).sum(), dice.sum());
        });
  }

  private Tensor chosen(Tensor predicted, Draws draws) {
    try (NoGradGuard guard = new NoGradGuard()) {
      long n = predicted.size(0);
      Tensor drawn =
          draws.next(n, (long) (points * oversample)).to(predicted.device(), ScalarType.Float);
      long k = (long) (important * points);
      Tensor unsure = sample(predicted, drawn).abs().neg();
      Tensor best = F.rows(drawn, F.topIndices(unsure, k)); // (n, k, 2)
      return k == points
          ? best
          : F.cat(1, best, draws.next(n, points - k).to(predicted.device(), ScalarType.Float));
    }
  }

  /** Maps (n, h, w) at points (n, p, 2) in 0..1, x first: (n, p). */
  private static Tensor sample(Tensor maps, Tensor at) {
    Tensor grid = F.scale(at, 2).sub(new Scalar(1.0)).unsqueeze(2); // (n, p, 1, 2) in -1..1
    return torch.grid_sampler(maps.unsqueeze(1), grid, 0, 0, false).squeeze(3).squeeze(1);
  }
}
