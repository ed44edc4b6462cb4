package dev.visionllm.model.gdino;

import dev.visionllm.geometry.Box;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Turns predictions into objects: every pair of a query and a class is a candidate, the best stay
 * (the reference's post_process_det_gdino). Here tensors end.
 *
 * @param most candidates that stay for a picture
 * @param threshold that a score must exceed
 */
public record Detections(int most, double threshold) {
  /** What COCO is evaluated with. */
  public static final Detections COCO = new Detections(100, 0);

  private static final Comparator<Detection> BEST_FIRST =
      Comparator.comparingDouble((Detection d) -> -d.score());

  /** Width and height of an original picture in pixels. */
  public record Size(int width, int height) {}

  /** Checks the limits. */
  public Detections {
    if (most < 1 || !(threshold >= 0 && threshold <= 1)) {
      throw new IllegalArgumentException(
          "detections need most >= 1 and a threshold of 0 to 1, not " + most + ", " + threshold);
    }
  }

  /**
   * Looks for any number of classes: as many as one pass holds at a time, on the same features.
   *
   * @param features of b pictures
   * @param textQuery super-link queries of all classes, (b, p, e, l); p may exceed one pass
   * @param textMask (b, p) bool, true for classes; null if every picture has p classes
   * @param sizes of the b original pictures
   * @return for each picture what was found, best first
   */
  public List<List<Detection>> find(
      GroundingDino model, Features features, Tensor textQuery, Tensor textMask, List<Size> sizes) {
    long b = textQuery.size(0);
    long p = textQuery.size(1);
    if (sizes.size() != b || features.vision().size(0) != b) {
      throw new IllegalArgumentException(
          sizes.size()
              + " sizes and features of "
              + features.vision().size(0)
              + " pictures do not fit super-link queries of "
              + b);
    }
    List<List<Detection>> all = new ArrayList<>();
    sizes.forEach(s -> all.add(new ArrayList<>()));
    int pass = model.config().maxTextLen();
    for (int from = 0; from < p; from += pass) {
      int start = from;
      long end = Math.min(p, from + pass);
      List<List<Detection>> some =
          TensorScope.value(
              () -> {
                Tensor text = model.project(F.slice(textQuery, 1, start, end));
                Tensor mask = textMask == null ? null : F.slice(textMask, 1, start, end);
                // a picture whose classes ended in an earlier pass still needs one to run at all
                Tensor asked =
                    mask == null ? null : mask.logical_or(mask.any(1, true).logical_not());
                GroundingDino.Output out = model.decode(features, text, asked, null, false);
                return of(out.last(), mask, sizes, start);
              });
      for (int i = 0; i < b; i++) {
        all.get(i).addAll(some.get(i));
      }
    }
    return all.stream().map(l -> l.stream().sorted(BEST_FIRST).limit(most).toList()).toList();
  }

  /**
   * @param prediction of b pictures
   * @param sizes of the b original pictures
   * @return for each picture what was found, best first
   */
  public List<List<Detection>> of(GroundingDino.Prediction prediction, List<Size> sizes) {
    return of(prediction, null, sizes, 0);
  }

  private List<List<Detection>> of(
      GroundingDino.Prediction prediction, Tensor mask, List<Size> sizes, int firstClass) {
    Tensor logits = prediction.logits(); // (b, q, p)
    if (mask != null) {
      logits = F.fill(logits, mask.logical_not().unsqueeze(1), Double.NEGATIVE_INFINITY);
    }
    int q = Math.toIntExact(logits.size(1));
    int p = Math.toIntExact(logits.size(2));
    int n = Math.min(most, q * p);
    Tensor flat = logits.flatten(1, -1);
    Tensor best = F.topIndices(flat, n); // (b, n)
    float[] score = Tensors.floats(flat.gather(1, best).sigmoid());
    long[] candidate = Tensors.longs(best);
    float[] box = Tensors.floats(prediction.boxes());
    List<List<Detection>> found = new ArrayList<>();
    for (int i = 0; i < sizes.size(); i++) {
      Size size = sizes.get(i);
      List<Detection> one = new ArrayList<>();
      for (int j = i * n; j < (i + 1) * n && score[j] > threshold; j++) {
        int query = Math.toIntExact(candidate[j] / p);
        int at = 4 * (i * q + query);
        Box share = Box.ofCenter(box[at], box[at + 1], box[at + 2], box[at + 3]);
        int c = firstClass + Math.toIntExact(candidate[j] % p);
        one.add(new Detection(c, score[j], share.scale(size.width(), size.height())));
      }
      found.add(one);
    }
    return found;
  }
}
