package dev.visionllm.model.unipose;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Overlaps;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Turns predictions into poses: every pair of a pose group and a class is a candidate, the best
 * stay (the reference's post_process_pose). Here tensors end.
 *
 * @param most candidates that stay for a picture
 * @param threshold that a score must exceed
 * @param overlap of the candidates that stay, those go whose box has a larger IoU than this with a
 *     better one of their class; 1 keeps all, as the reference does
 */
public record Poses(int most, double threshold, double overlap) {
  /** What COCO is evaluated with. */
  public static final Poses COCO = new Poses(100, 0);

  private static final int VISIBLE = 2;

  /** Width and height of an original picture in pixels. */
  public record Size(int width, int height) {}

  /**
   * Classes that share their keypoints.
   *
   * @param classes super-link queries of p classes, (p, e, l)
   * @param keypoints super-link queries of k keypoints, (k, e, l)
   */
  public record Request(Tensor classes, Tensor keypoints) {}

  /** Checks the limits. */
  public Poses {
    if (most < 1 || !(threshold >= 0 && threshold <= 1) || !(overlap >= 0 && overlap <= 1)) {
      throw new IllegalArgumentException(
          "poses need most >= 1, a threshold and an overlap of 0 to 1, not %d, %s, %s"
              .formatted(most, threshold, overlap));
    }
  }

  /** Boxes may overlap. */
  public Poses(int most, double threshold) {
    this(most, threshold, 1);
  }

  /**
   * Looks for several kinds of objects with keypoints of their own on the same features; each
   * request is answered as if it were alone.
   *
   * @param features of one picture
   * @param size of the original picture
   * @return what was found for all requests, best first
   */
  public List<Pose> find(UniPose model, Features features, List<Request> requests, Size size) {
    List<Pose> all = new ArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      int at = i;
      Request request = requests.get(i);
      all.addAll(
          TensorScope.value(
              () -> {
                UniPose.Output out =
                    model.decode(
                        features,
                        model.projectClasses(request.classes().unsqueeze(0)),
                        null,
                        model.projectPoints(request.keypoints().unsqueeze(0)),
                        null,
                        null,
                        false);
                int points = Math.toIntExact(request.keypoints().size(0));
                return of(out.last(), at, List.of(points), List.of(size)).get(0);
              }));
    }
    return best(all);
  }

  /** Those that stay of all candidates, best first. */
  List<Pose> best(List<Pose> all) {
    return Overlaps.best(
        all, Pose::score, most, Pose::box, p -> List.of(p.request(), p.classIndex()), overlap);
  }

  /**
   * @param prediction of b pictures, of the last layer
   * @param points how many of the slots hold keypoints in each of the b pictures
   * @param sizes of the b original pictures
   * @return for each picture what was found, best first
   */
  public List<List<Pose>> of(
      UniPose.Prediction prediction, List<Integer> points, List<Size> sizes) {
    return of(prediction, 0, points, sizes);
  }

  private List<List<Pose>> of(
      UniPose.Prediction prediction, int request, List<Integer> points, List<Size> sizes) {
    Tensor logits = prediction.logits(); // (b, g, p)
    int g = Math.toIntExact(logits.size(1));
    int p = Math.toIntExact(logits.size(2));
    int s = Math.toIntExact(prediction.keypoints().size(2));
    if (sizes.size() != logits.size(0) || points.size() != sizes.size()) {
      throw new IllegalArgumentException(
          "poses of "
              + logits.size(0)
              + " pictures need as many sizes and counts of keypoints, not "
              + sizes.size()
              + " and "
              + points.size());
    }
    int n = Math.min(most, g * p);
    Tensor flat = logits.flatten(1, -1);
    Tensor best = F.topIndices(flat, n); // (b, n)
    float[] score = Tensors.floats(flat.gather(1, best).sigmoid());
    long[] candidate = Tensors.longs(best);
    float[] box = Tensors.floats(prediction.boxes());
    float[] xy = Tensors.floats(prediction.keypoints());
    List<List<Pose>> found = new ArrayList<>();
    for (int i = 0; i < sizes.size(); i++) {
      Size size = sizes.get(i);
      List<Pose> one = new ArrayList<>();
      for (int j = i * n; j < (i + 1) * n && score[j] > threshold; j++) {
        int group = i * g + Math.toIntExact(candidate[j] / p);
        Box share =
            Box.ofCenter(
                box[4 * group], box[4 * group + 1], box[4 * group + 2], box[4 * group + 3]);
        List<Keypoints.Point> places = new ArrayList<>();
        for (int k = 2 * group * s; k < 2 * (group * s + points.get(i)); k += 2) {
          double x = xy[k] * (double) size.width();
          double y = xy[k + 1] * (double) size.height();
          places.add(new Keypoints.Point(x, y, VISIBLE));
        }
        one.add(
            new Pose(
                request,
                Math.toIntExact(candidate[j] % p),
                score[j],
                share.scale(size.width(), size.height()),
                new Keypoints(places)));
      }
      found.add(one);
    }
    return found;
  }
}
