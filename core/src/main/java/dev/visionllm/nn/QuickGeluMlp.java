package dev.visionllm.nn;

import org.bytedeco.pytorch.Tensor;

/**
 * CLIP's feed-forward part: fc2(x sigmoid(1.702 x)) of x = fc1(...). The activation is SiLU between
 * two scalings, silu(1.702 x) / 1.702, which the products around it do on their way.
 */
public final class QuickGeluMlp {
  private static final double SLOPE = 1.702;

  private final Linear fc1;
  private final Linear fc2;

  /**
   * @param p cursor at the feed-forward part
   * @param hidden channels of its input and output
   * @param mlp channels between
   */
  public QuickGeluMlp(Params p, long hidden, long mlp) {
    fc1 = new Linear(p.at("fc1"), hidden, mlp);
    fc2 = new Linear(p.at("fc2"), mlp, hidden);
  }

  /** (..., hidden) -> (..., hidden). */
  public Tensor forward(Tensor x) {
    return fc2.forward(F.silu(fc1.forward(x, SLOPE, SLOPE)), 1 / SLOPE, 1);
  }
}
