package dev.visionllm.model.gdino;

import dev.visionllm.geometry.LabelMap;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Turns predictions into one class for every pixel (the reference's process_seg_result): a class's
 * score at a pixel is the sum over all queries of the class's probability times the mask's. Here
 * tensors end.
 *
 * <p>Shapes: q queries; p classes; h, w of a mask; height, width of the original picture. Scores
 * are made for as many classes, and masks resized for as many queries, as fit a fixed amount of
 * memory.
 *
 * @param order whether masks or scores are resized to the original picture
 * @param least score below which a pixel gets no class; 0 gives every pixel one, as the reference
 *     does
 */
public record SemanticMaps(Order order, double least) {
  /** What is resized. */
  public enum Order {
    /** The masks, then scores are summed in the original resolution: q maps to resize. */
    MASKS,
    /** The scores, after they were summed at the masks' resolution: p maps, less to compute. */
    SCORES
  }

  /** What ADE20K and Cityscapes are evaluated with. */
  public static final SemanticMaps ADE20K = new SemanticMaps(Order.MASKS, 0);

  private static final long ELEMENTS = 1L << 26; // of a tensor in fp32, 256 MB

  /** Refuses a score that is none. */
  public SemanticMaps {
    if (!(least >= 0)) {
      throw new IllegalArgumentException(
          "the least score of a semantic map is " + least + ": it must not be negative");
    }
  }

  /**
   * Labels the pixels with any number of classes, as many as one pass holds at a time.
   *
   * @param features of b pictures
   * @param textQuery super-link queries of all classes, (b, p, e, l); p may exceed one pass
   * @param textMask (b, p) bool, true for classes; null if every picture has p classes
   * @param frames of the b pictures
   * @return a map for each picture; labels are places of classes in the prompt, from 0
   */
  public List<LabelMap> find(
      GroundingDino model,
      Features features,
      Tensor textQuery,
      Tensor textMask,
      List<Frame> frames) {
    Detections.check(frames.size(), features, textQuery);
    List<Best> best = frames.stream().map(Best::new).toList();
    for (Pass pass : Pass.over(textQuery.size(1), model.config().maxTextLen())) {
      TensorScope.value(
          () -> {
            GroundingDino.Output out = pass.decode(model, features, textQuery, textMask);
            Tensor logits = pass.logits(out, textMask);
            Tensor masks = model.masks(out).last();
            for (int i = 0; i < frames.size(); i++) {
              add(logits.select(0, i), masks.select(0, i), pass.from(), best.get(i), ELEMENTS);
            }
            return null;
          });
    }
    List<LabelMap> maps = new ArrayList<>();
    best.forEach(b -> maps.add(b.map(least)));
    return maps;
  }

  /**
   * @param logits of a picture, (q, p)
   * @param masks logits, (q, h, w)
   */
  public LabelMap of(Tensor logits, Tensor masks, Frame frame) {
    return of(logits, masks, frame, ELEMENTS);
  }

  /** With a limit to the elements of a tensor. */
  LabelMap of(Tensor logits, Tensor masks, Frame frame, long elements) {
    Best best = new Best(frame);
    TensorScope.value(
        () -> {
          add(logits, masks, 0, best, elements);
          return null;
        });
    return best.map(least);
  }

  private void add(Tensor logits, Tensor masks, int firstClass, Best best, long elements) {
    long pixels = (long) best.frame.original().width() * best.frame.original().height();
    long classes = logits.size(1);
    long some = Math.max(1, elements / pixels);
    Tensor p = logits.sigmoid().type_as(masks); // (q, p)
    Tensor m = masks.sigmoid(); // (q, h, w)
    for (long from = 0; from < classes; from += some) {
      long start = from;
      Tensor part = F.slice(p, 1, from, Math.min(classes, from + some)).t(); // (k, q)
      TensorScope.value(
          () -> {
            Tensor scores =
                switch (order) {
                  case MASKS -> ofResizedMasks(part, m, best.frame, elements);
                  case SCORES -> resizedScores(part, m, best.frame);
                };
            best.add(scores, firstClass + Math.toIntExact(start));
            return null;
          });
    }
  }

  /** (k, q), (q, h, w) -> (k, height, width). */
  private static Tensor ofResizedMasks(Tensor p, Tensor m, Frame frame, long elements) {
    long q = m.size(0);
    long pixels = (long) frame.original().width() * frame.original().height();
    long largest = Math.max(pixels, m.size(1) * m.size(2) * frame.stride() * frame.stride());
    long some = Math.max(1, elements / largest);
    Tensor sum = null;
    for (long from = 0; from < q; from += some) {
      long start = from;
      long end = Math.min(q, from + some);
      Tensor before = sum;
      sum =
          TensorScope.of(
              () -> {
                Tensor masks = frame.toOriginal(F.slice(m, 0, start, end)).flatten(1, -1);
                Tensor scores = torch.matmul(F.slice(p, 1, start, end), masks);
                return before == null ? scores : before.add_(scores);
              });
    }
    return sum.view(p.size(0), frame.original().height(), frame.original().width());
  }

  /** (k, q), (q, h, w) -> (k, height, width). */
  private static Tensor resizedScores(Tensor p, Tensor m, Frame frame) {
    Tensor scores = torch.matmul(p, m.flatten(1, -1)); // (k, h * w)
    return frame.toOriginal(scores.view(p.size(0), m.size(1), m.size(2)));
  }

  /** The best class of every pixel so far; of equal ones the first. */
  private static final class Best {
    private final Frame frame;
    private final float[] scores;
    private final int[] labels;

    Best(Frame frame) {
      this.frame = frame;
      int n = Math.multiplyExact(frame.original().width(), frame.original().height());
      scores = new float[n];
      labels = new int[n];
      Arrays.fill(scores, Float.NEGATIVE_INFINITY);
      Arrays.fill(labels, LabelMap.NONE);
    }

    /** (k, height, width) of the classes from the first one on. */
    void add(Tensor more, int firstClass) {
      float[] top = Tensors.floats(more.amax(new long[] {0}, false));
      long[] which = Tensors.longs(F.argmax(more, 0));
      for (int i = 0; i < top.length; i++) {
        if (top[i] > scores[i]) {
          scores[i] = top[i];
          labels[i] = firstClass + Math.toIntExact(which[i]);
        }
      }
    }

    LabelMap map(double least) {
      for (int i = 0; i < labels.length; i++) {
        labels[i] = scores[i] < least ? LabelMap.NONE : labels[i];
      }
      return new LabelMap(frame.original().width(), frame.original().height(), labels);
    }
  }
}
