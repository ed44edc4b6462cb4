package dev.visionllm.model.gdino;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Overlaps;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * Turns predictions into objects: every pair of a query and a class is a candidate, the best stay
 * (the reference's post_process_det_gdino). Here tensors end.
 *
 * @param most candidates that stay for a picture
 * @param threshold that a score must exceed
 * @param overlap of the candidates that stay, those go whose box has a larger IoU than this with a
 *     better box of their class; 1 keeps all, as the reference does
 */
public record Detections(int most, double threshold, double overlap) {
  /** What COCO is evaluated with. */
  public static final Detections COCO = new Detections(100, 0);

  /** Width and height of a picture in pixels. */
  public record Size(int width, int height) {}

  /** Checks the limits. */
  public Detections {
    if (most < 1 || !(threshold >= 0 && threshold <= 1) || !(overlap >= 0 && overlap <= 1)) {
      throw new IllegalArgumentException(
          "detections need most >= 1, a threshold and an overlap of 0 to 1, not "
              + most
              + ", "
              + threshold
              + ", "
              + overlap);
    }
  }

  /** Boxes may overlap. */
  public Detections(int most, double threshold) {
    this(most, threshold, 1);
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
    check(sizes.size(), features, textQuery);
    List<List<Candidate>> all = new ArrayList<>();
    sizes.forEach(s -> all.add(new ArrayList<>()));
    for (Pass pass : Pass.over(textQuery.size(1), model.config().maxTextLen())) {
      List<List<Candidate>> some =
          TensorScope.value(
              () -> {
                GroundingDino.Output out = pass.decode(model, features, textQuery, textMask);
                Tensor logits = pass.logits(out, textMask);
                return candidates(logits, out.last().boxes(), sizes, pass.from());
              });
      for (int i = 0; i < all.size(); i++) {
        all.get(i).addAll(some.get(i));
      }
    }
    return all.stream().map(this::detections).toList();
  }

  /**
   * @param prediction of b pictures
   * @param sizes of the b original pictures
   * @return for each picture what was found, best first
   */
  public List<List<Detection>> of(GroundingDino.Prediction prediction, List<Size> sizes) {
    return candidates(prediction.logits(), prediction.boxes(), sizes, 0).stream()
        .map(this::detections)
        .toList();
  }

  private List<Detection> detections(List<Candidate> candidates) {
    return best(candidates.stream().map(Candidate::detection).toList(), d -> d);
  }

  /** Those of all passes' candidates that stay, best first. */
  <T> List<T> best(List<T> all, Function<T, Detection> detection) {
    return Overlaps.best(
        all,
        t -> detection.apply(t).score(),
        most,
        t -> detection.apply(t).box(),
        t -> detection.apply(t).classIndex(),
        overlap);
  }

  /** The best pairs of query and class for each picture, best first, before overlaps go. */
  List<List<Candidate>> candidates(Tensor logits, Tensor boxes, List<Size> sizes, int firstClass) {
    int q = Math.toIntExact(logits.size(1));
    int p = Math.toIntExact(logits.size(2));
    int n = Math.min(most, q * p);
    Tensor flat = logits.flatten(1, -1);
    Tensor best = F.topIndices(flat, n); // (b, n)
    float[] score = Tensors.floats(flat.gather(1, best).sigmoid());
    long[] candidate = Tensors.longs(best);
    float[] box = Tensors.floats(boxes);
    List<List<Candidate>> found = new ArrayList<>();
    for (int i = 0; i < sizes.size(); i++) {
      Size size = sizes.get(i);
      List<Candidate> one = new ArrayList<>();
      for (int j = i * n; j < (i + 1) * n && score[j] > threshold; j++) {
        int query = Math.toIntExact(candidate[j] / p);
        int at = 4 * (i * q + query);
        Box share = Box.ofCenter(box[at], box[at + 1], box[at + 2], box[at + 3]);
        int c = firstClass + Math.toIntExact(candidate[j] % p);
        Detection d = new Detection(c, score[j], share.scale(size.width(), size.height()));
        one.add(new Candidate(d, query));
      }
      found.add(one);
    }
    return found;
  }

  /** Refuses another number of pictures here than there. */
  static void check(int pictures, Features features, Tensor textQuery) {
    if (pictures != textQuery.size(0) || features.vision().size(0) != pictures) {
      throw new IllegalArgumentException(
          pictures
              + " sizes and features of "
              + features.vision().size(0)
              + " pictures do not fit super-link queries of "
              + textQuery.size(0));
    }
  }
}
