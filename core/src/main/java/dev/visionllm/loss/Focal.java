package dev.visionllm.loss;

import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Focal loss on independent sigmoids (Lin et al. 2017). */
public final class Focal {
  private static final long NO_REDUCTION = 0;

  private Focal() {}

  /**
   * Per element: alpha_t (1 - p_t)^gamma times the binary cross-entropy.
   *
   * @param logits any shape; may be infinite where not valid
   * @param targets 0 or 1, same shape
   * @param valid bool, broadcastable to the shape: elements that count, the others give 0; or null
   * @param alpha weight of positives (negatives: 1 - alpha); negative for no weighting
   * @param gamma how much easy elements are played down
   * @return same shape
   */
  public static Tensor sigmoid(
      Tensor logits, Tensor targets, Tensor valid, double alpha, double gamma) {
    return TensorScope.of(
        () -> {
          Tensor x =
              valid == null ? logits : logits.masked_fill(valid.logical_not(), new Scalar(0.0));
          Tensor p = torch.sigmoid(x);
          Tensor entropy =
              torch.binary_cross_entropy_with_logits(
                  x, targets, new TensorOptional(), new TensorOptional(), NO_REDUCTION);
          // 1 - p_t = p + t - 2 p t
          Tensor wrong = p.add(targets).sub(p.mul(targets).mul(new Scalar(2.0)));
          Tensor loss = entropy.mul(wrong.pow(new Scalar(gamma)));
          if (alpha >= 0) {
            Tensor weight = targets.mul(new Scalar(2 * alpha - 1)).add(new Scalar(1 - alpha));
            loss = loss.mul(weight);
          }
          return valid == null ? loss : loss.mul(valid.to(loss.scalar_type()));
        });
  }
}
