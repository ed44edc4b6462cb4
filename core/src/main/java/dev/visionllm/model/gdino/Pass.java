package dev.visionllm.model.gdino;

import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * A range of classes that are decoded at once: there may be more classes than the detector takes.
 *
 * @param from first class
 * @param to after the last class
 */
record Pass(int from, int to) {
  /** Ranges that cover all classes. */
  static List<Pass> over(long classes, int most) {
    List<Pass> passes = new ArrayList<>();
    for (int from = 0; from < classes; from += most) {
      passes.add(new Pass(from, Math.toIntExact(Math.min(classes, (long) from + most))));
    }
    return passes;
  }

  /**
   * Decodes the range.
   *
   * @param textQuery of all classes, (b, p, e, l)
   * @param textMask (b, p) bool or null
   */
  GroundingDino.Output decode(
      GroundingDino model, Features features, Tensor textQuery, Tensor textMask) {
    Tensor text = model.project(F.slice(textQuery, 1, from, to));
    Tensor mask = mask(textMask);
    // a picture whose classes ended in an earlier pass still needs one to run at all
    Tensor asked = mask == null ? null : mask.logical_or(mask.any(1, true).logical_not());
    return model.decode(features, text, asked, null, false);
  }

  /** The last layer's logits, minus infinity for classes that were not asked for: (b, q, k). */
  Tensor logits(GroundingDino.Output out, Tensor textMask) {
    Tensor logits = out.last().logits();
    Tensor mask = mask(textMask);
    return mask == null
        ? logits
        : F.fill(logits, mask.logical_not().unsqueeze(1), Double.NEGATIVE_INFINITY);
  }

  private Tensor mask(Tensor textMask) {
    return textMask == null ? null : F.slice(textMask, 1, from, to);
  }
}
