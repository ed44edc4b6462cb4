package dev.visionllm.model.gdino;

import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Masks of a decoded batch, each made only when it is asked for; see {@link GroundingDino#masks}.
 * All are logits in fp32 at the backbone's finest stride (a quarter of the padded picture's sides),
 * above 0 inside. Shapes: b images; q object queries; g denoising queries; m mask features.
 */
public final class Masks {
  /** Pixels of the detector's input along a side of a mask's pixel. */
  public static final int STRIDE = 4;

  private final MaskBranch branch;
  private final GroundingDino.Output out;
  private final Tensor features;

  Masks(MaskBranch branch, GroundingDino.Output out) {
    this.branch = branch;
    this.out = out;
    Features f = out.features();
    features =
        TensorScope.of(() -> branch.features(f.maps().get(0), out.vision(), f.levels().get(0)));
  }

  /** What all masks are made from, (b, m, h, w). */
  public Tensor features() {
    return features;
  }

  /** The answer's: of all queries after the last layer, (b, q, h, w). */
  public Tensor last() {
    return layer(out.layers().size() - 1);
  }

  /**
   * Those of some queries after the last layer.
   *
   * @param queries int64 (b, k)
   * @return (b, k, h, w)
   */
  public Tensor last(Tensor queries) {
    return TensorScope.of(
        () ->
            branch.masks(out.layers().size() - 1, F.rows(out.last().states(), queries), features));
  }

  /** Of all queries after a layer, counted from 0: (b, q, h, w). */
  public Tensor layer(int i) {
    return TensorScope.of(() -> branch.masks(i, out.layers().get(i).states(), features));
  }

  /** Of the denoising queries after a layer, counted from 0: (b, g, h, w). */
  public Tensor denoising(int i) {
    return TensorScope.of(() -> branch.masks(i, out.denoising().get(i).states(), features));
  }

  /**
   * Of the chosen picture tokens, (b, q, h, w). As in the reference these are made of what the
   * queries start from, which does not depend on the picture; only the features do.
   */
  public Tensor encoder() {
    return TensorScope.of(() -> branch.masks(out.encoder().states(), features));
  }
}
