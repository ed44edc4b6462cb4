package dev.visionllm.loss;

import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Next-token cross-entropy, a plain mean over all supervised positions of the batch. Labels are
 * token ids, one per input position and not yet shifted; {@link #IGNORE} marks what is not
 * supervised.
 */
public final class LanguageLoss {
  /** Label of a position that is not supervised. */
  public static final long IGNORE = -100;

  private LanguageLoss() {}

  /**
   * Labels with every one of the given ids ignored: super-link positions are read by a decoder,
   * never predicted.
   *
   * @param labels int64, any shape; left as it is
   */
  public static Tensor ignoring(Tensor labels, long... ids) {
    return TensorScope.of(
        () -> {
          Tensor out = labels.clone();
          for (long id : ids) {
            out = out.masked_fill(out.eq(new Scalar(id)), new Scalar(IGNORE));
          }
          return out;
        });
  }

  /**
   * Loss of logits: position i predicts label i + 1.
   *
   * @param logits (b, t, v)
   * @param labels (b, t) int64
   * @return scalar in fp32; 0 if nothing is supervised
   */
  public static Tensor ofLogits(Tensor logits, Tensor labels) {
    return TensorScope.of(
        () -> {
          Tensor target = tail(labels).flatten();
          Tensor rows = supervised(target);
          Tensor flat = head(logits).flatten(0, 1);
          return mean(flat.index_select(0, rows), target.index_select(0, rows));
        });
  }

  /**
   * As {@link #ofLogits} on hidden states, without ever making logits of unsupervised positions:
   * they are most of a prompt, and the vocabulary is the widest matrix of the model.
   *
   * @param hidden (b, t, d), after the final norm
   * @param lmHead (v, d)
   * @param labels (b, t) int64
   */
  public static Tensor ofHidden(Tensor hidden, Tensor lmHead, Tensor labels) {
    return TensorScope.of(() -> ofRows(head(hidden).flatten(0, 1), lmHead, tail(labels).flatten()));
  }

  /**
   * Loss of rows that are already paired with the label they predict.
   *
   * @param hidden (n, d)
   * @param lmHead (v, d)
   * @param labels (n) int64
   * @return scalar in fp32; 0 if nothing is supervised
   */
  public static Tensor ofRows(Tensor hidden, Tensor lmHead, Tensor labels) {
    return TensorScope.of(
        () -> {
          Tensor rows = supervised(labels);
          Tensor logits = torch.linear(hidden.index_select(0, rows), lmHead);
          return mean(logits, labels.index_select(0, rows));
        });
  }

  private static Tensor mean(Tensor logits, Tensor labels) {
    if (labels.numel() == 0) {
      return logits.sum().to(ScalarType.Float); // an empty sum: 0, and still part of the graph
    }
    return torch.cross_entropy_loss(
        logits.to(ScalarType.Float), labels, new TensorOptional(), 1, IGNORE, 0.0);
  }

  private static Tensor supervised(Tensor labels) {
    return torch.nonzero(labels.ne(new Scalar(IGNORE))).flatten();
  }

  private static Tensor head(Tensor x) {
    return x.slice(1, new LongOptional(0), new LongOptional(x.size(1) - 1), 1);
  }

  private static Tensor tail(Tensor x) {
    return x.slice(1, new LongOptional(1), new LongOptional(x.size(1)), 1);
  }
}
