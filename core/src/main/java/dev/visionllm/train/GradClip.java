package dev.visionllm.train;

import dev.visionllm.tensor.TensorScope;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Clips gradients by their global norm. */
public final class GradClip {
  private static final double EUCLIDEAN = 2;

  private GradClip() {}

  /**
   * Scales all gradients down together if their norm exceeds max; parameters without a gradient are
   * left out, one that is listed twice counts once.
   *
   * @param max greatest norm; infinity only measures
   * @return the norm before clipping; if it is not finite, skip the step: the gradients are spoilt
   */
  public static double clip(Collection<Tensor> parameters, double max) {
    Set<Tensor> once = Collections.newSetFromMap(new IdentityHashMap<>());
    return TensorScope.value(
        () -> {
          TensorVector all = new TensorVector();
          for (Tensor p : parameters) {
            if (once.add(p) && p.grad().defined()) {
              all.push_back(p);
            }
          }
          return all.empty() ? 0 : torch.clip_grad_norm_(all, max, EUCLIDEAN, false);
        });
  }
}
