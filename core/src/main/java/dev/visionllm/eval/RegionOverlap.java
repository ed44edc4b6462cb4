package dev.visionllm.eval;

import dev.visionllm.eval.CocoEval.CocoBox;
import dev.visionllm.geometry.Rle;
import java.util.List;

/**
 * How a predicted region meets the true one, and what follows for many: the numbers of RefCOCO and
 * ReasonSeg (mmdet/datasets/api_wrappers/refcocoeval.py) and of interactive segmentation
 * (eval/eval_visual_prompt.py).
 *
 * @param shared square pixels in both
 * @param union square pixels in either
 */
public record RegionOverlap(double shared, double union) {
  private static final double SMOOTH = 1e-6;

  /** Of two boxes. */
  public static RegionOverlap of(CocoBox guess, CocoBox truth) {
    double shared = guess.shared(truth);
    return new RegionOverlap(shared, guess.area() + truth.area() - shared);
  }

  /** Of two masks of one size. */
  public static RegionOverlap of(Rle guess, Rle truth) {
    double shared = Rle.intersection(List.of(guess, truth)).area();
    return new RegionOverlap(shared, guess.area() + truth.area() - shared);
  }

  /** Where nothing was predicted. @param area of the truth */
  public static RegionOverlap missed(double area) {
    return new RegionOverlap(0, area);
  }

  /** Intersection over union, 0 where both are empty. */
  public double iou() {
    return shared == 0 ? 0 : shared / union;
  }

  /** As interactive segmentation has it: 1 where both are empty. */
  public double smoothIou() {
    return (shared + SMOOTH) / (union + SMOOTH);
  }

  /** P@t, the share whose IoU is above t; NaN without any. */
  public static double precision(List<RegionOverlap> all, double t) {
    return all.stream().mapToDouble(o -> o.iou() > t ? 1 : 0).average().orElse(Double.NaN);
  }

  /** gIoU, the mean of the IoUs; NaN without any. */
  public static double mean(List<RegionOverlap> all) {
    return all.stream().mapToDouble(RegionOverlap::iou).average().orElse(Double.NaN);
  }

  /** cIoU, all that is shared over all unions; NaN without any. */
  public static double cumulative(List<RegionOverlap> all) {
    return all.stream().mapToDouble(RegionOverlap::shared).sum()
        / all.stream().mapToDouble(RegionOverlap::union).sum();
  }
}
