package dev.visionllm.model.gdino;

import dev.visionllm.geometry.Rle;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Turns predictions into objects with masks in the original pictures (the reference's
 * post_process_instseg_gdino). Masks are made of the candidates that stay, not of all queries, and
 * resized one at a time, so that large pictures need little memory. Here tensors end.
 *
 * @param detections which candidates stay
 */
public record Instances(Detections detections) {
  /** What COCO is evaluated with. */
  public static final Instances COCO = new Instances(Detections.COCO);

  private static final double INSIDE = 0.5;

  /** A detection and its mask's logits, (h, w). */
  private record Drawn(Detection detection, Tensor mask) {}

  /**
   * Looks for any number of classes, as {@link Detections#find} does.
   *
   * @param features of b pictures
   * @param textQuery super-link queries of all classes, (b, p, e, l); p may exceed one pass
   * @param textMask (b, p) bool, true for classes; null if every picture has p classes
   * @param frames of the b pictures
   * @return for each picture what was found, best first
   */
  public List<List<Instance>> find(
      GroundingDino model,
      Features features,
      Tensor textQuery,
      Tensor textMask,
      List<Frame> frames) {
    Detections.check(frames.size(), features, textQuery);
    List<List<Drawn>> all = new ArrayList<>();
    frames.forEach(f -> all.add(new ArrayList<>()));
    for (Pass pass : Pass.over(textQuery.size(1), model.config().maxTextLen())) {
      List<List<Candidate>> found = new ArrayList<>();
      Tensor masks =
          TensorScope.of(
              () -> {
                GroundingDino.Output out = pass.decode(model, features, textQuery, textMask);
                found.addAll(candidates(out, pass.logits(out, textMask), frames, pass.from()));
                return masks(model, out, found);
              });
      add(found, masks, all);
    }
    return finish(all, frames);
  }

  /**
   * @param out of b pictures
   * @param frames of the b pictures
   * @return for each picture what was found, best first
   */
  public List<List<Instance>> of(
      GroundingDino model, GroundingDino.Output out, List<Frame> frames) {
    List<List<Drawn>> all = new ArrayList<>();
    frames.forEach(f -> all.add(new ArrayList<>()));
    List<List<Candidate>> found = candidates(out, out.last().logits(), frames, 0);
    add(found, TensorScope.of(() -> masks(model, out, found)), all);
    return finish(all, frames);
  }

  private List<List<Candidate>> candidates(
      GroundingDino.Output out, Tensor logits, List<Frame> frames, int firstClass) {
    List<Detections.Size> sizes = frames.stream().map(Frame::original).toList();
    return detections.candidates(logits, out.last().boxes(), sizes, firstClass);
  }

  /** Mask logits of the candidates, (b, most candidates of a picture, h, w); none, no masks. */
  private static Tensor masks(
      GroundingDino model, GroundingDino.Output out, List<List<Candidate>> found) {
    int n = found.stream().mapToInt(List::size).max().orElse(0);
    if (n == 0) {
      return Tensors.of(new float[0], found.size(), 0);
    }
    long[] queries = new long[found.size() * n];
    for (int i = 0; i < found.size(); i++) {
      for (int j = 0; j < found.get(i).size(); j++) {
        queries[i * n + j] = found.get(i).get(j).query();
      }
    }
    Tensor index = Tensors.of(queries, found.size(), n);
    return model.masks(out).last(index.to(out.vision().device(), index.scalar_type()));
  }

  private static void add(List<List<Candidate>> found, Tensor masks, List<List<Drawn>> all) {
    for (int i = 0; i < found.size(); i++) {
      for (int j = 0; j < found.get(i).size(); j++) {
        Tensor mask = masks.select(0, i).select(0, j);
        all.get(i).add(new Drawn(found.get(i).get(j).detection(), mask));
      }
    }
  }

  private List<List<Instance>> finish(List<List<Drawn>> all, List<Frame> frames) {
    List<List<Instance>> out = new ArrayList<>();
    for (int i = 0; i < frames.size(); i++) {
      Frame frame = frames.get(i);
      List<Instance> one = new ArrayList<>();
      for (Drawn d : detections.best(all.get(i), Drawn::detection)) {
        one.add(TensorScope.value(() -> instance(d, frame)));
      }
      out.add(one);
    }
    return out;
  }

  private static Instance instance(Drawn drawn, Frame frame) {
    Tensor p = frame.toOriginal(drawn.mask().unsqueeze(0)).squeeze(0).sigmoid(); // (height, width)
    Tensor inside = p.gt(new Scalar(INSIDE));
    Rle mask = rle(inside);
    double sum = p.mul(inside.type_as(p)).sum().item_double();
    double mean = mask.area() == 0 ? 0 : Math.min(1, sum / mask.area());
    return new Instance(drawn.detection(), mask, mean);
  }

  /** (height, width) bool; only the ends of the runs leave the tensor. */
  private static Rle rle(Tensor inside) {
    Tensor columns = inside.t().reshape(-1);
    long n = columns.size(0);
    Tensor changes = F.slice(columns, 0, 1, n).ne(F.slice(columns, 0, 0, n - 1)).nonzero();
    long[] before = Tensors.longs(changes); // the last pixel of every run but the last
    int lead = columns.select(0, 0).item_bool() ? 1 : 0;
    int[] counts = new int[lead + before.length + 1];
    long start = 0;
    for (int i = 0; i < before.length; i++) {
      counts[lead + i] = Math.toIntExact(before[i] + 1 - start);
      start = before[i] + 1;
    }
    counts[lead + before.length] = Math.toIntExact(n - start);
    return new Rle(Math.toIntExact(inside.size(0)), Math.toIntExact(inside.size(1)), counts);
  }
}
