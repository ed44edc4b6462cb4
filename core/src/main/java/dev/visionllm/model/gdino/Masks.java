package dev.visionllm.model.gdino;

import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Masks of a decoded batch, each made only when it is asked for; see {@link GroundingDino#masks}.
 * All are logits in fp32 at the backbone's finest stride, above 0 inside. Shapes: b images; q
 * object queries; g denoising queries; m mask features.
 */
public final class Masks {
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

  /** Of some queries of the whole batch after a layer; see {@link #of}. */
  Tensor layer(int i, long[] queries) {
    return of((states, f) -> branch.masks(i, states, f), out.layers().get(i).states(), queries);
  }

  /** Of some denoising queries of the whole batch after a layer. */
  Tensor denoising(int i, long[] queries) {
    return of((states, f) -> branch.masks(i, states, f), out.denoising().get(i).states(), queries);
  }

  /** Of some of the chosen picture tokens of the whole batch. */
  Tensor encoder(long[] queries) {
    return of(branch::masks, out.encoder().states(), queries);
  }

  /**
   * Masks of some states.
   *
   * @param head (1, k, d), (1, m, h, w) -> (1, k, h, w)
   * @param states (b, q, d)
   * @param queries indices into (b, q), those of a picture together
   * @return (n, h, w)
   */
  private Tensor of(BinaryOperator<Tensor> head, Tensor states, long[] queries) {
    return TensorScope.of(
        () -> {
          long q = states.size(1);
          Tensor flat = states.flatten(0, 1);
          List<Tensor> parts = new ArrayList<>();
          for (long b = 0; b < states.size(0); b++) {
            long picture = b;
            long[] mine = LongStream.of(queries).filter(i -> i / q == picture).toArray();
            Tensor index = Tensors.of(mine, mine.length);
            Tensor rows = flat.index_select(0, index.to(flat.device(), index.scalar_type()));
            parts.add(head.apply(rows.unsqueeze(0), F.slice(features, 0, b, b + 1)).squeeze(0));
          }
          return F.cat(0, parts);
        });
  }

  /**
   * Of the chosen picture tokens, (b, q, h, w). As in the reference these are made of what the
   * queries start from, which does not depend on the picture; only the features do.
   */
  public Tensor encoder() {
    return TensorScope.of(() -> branch.masks(out.encoder().states(), features));
  }
}
