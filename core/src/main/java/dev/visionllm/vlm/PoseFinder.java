package dev.visionllm.vlm;

import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Normalize;
import dev.visionllm.image.Raster;
import dev.visionllm.model.unipose.Poses;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.result.Pose;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Runs the pose decoder on a picture at its own resolution and names what it finds.
 *
 * @param overlap as {@link Poses#overlap}
 */
record PoseFinder(UniPose unipose, DetectorResize resize, double overlap) {
  private static final int MOST = 100;

  /**
   * Classes with the keypoints that are asked of them.
   *
   * @param classes calls of [DET]
   * @param points calls of [POSE], in the order of the set
   */
  record Asked(List<Call> classes, KeypointSet set, List<Call> points) {
    /** Those of an answer: the set is a known one if its points are. */
    static Asked of(List<Call> classes, List<Call> points) {
      List<Call> distinct =
          points.stream()
              .map(Call::label)
              .distinct()
              .map(n -> points.stream().filter(c -> c.label().equals(n)).findFirst().orElseThrow())
              .toList();
      List<String> names = distinct.stream().map(Call::label).toList();
      KeypointSet set =
          KeypointSets.all().stream()
              .filter(s -> s.points().equals(names))
              .findFirst()
              .orElseGet(() -> new KeypointSet("custom", names, List.of(), List.of()));
      return new Asked(classes, set, distinct);
    }
  }

  /**
   * Poses of all requests.
   *
   * @return best first, in pixels of the picture
   */
  List<Pose> find(Raster picture, List<Asked> asked, double threshold) {
    List<Poses.Request> requests =
        asked.stream()
            .map(a -> new Poses.Request(states(a.classes()), states(a.points())))
            .toList();
    Tensor like = requests.get(0).classes();
    Seen seen = Seen.of(resize.resize(picture).raster(), Normalize.IMAGENET, like);
    Features features = unipose.features(seen.pixels(), seen.inside(), false);
    return new Poses(MOST, threshold, overlap)
            .find(unipose, features, requests, new Poses.Size(picture.width(), picture.height()))
            .stream()
            .map(
                p -> {
                  Asked a = asked.get(p.request());
                  String label = a.classes().get(p.classIndex()).label();
                  return new Pose(label, p.score(), p.box(), a.set(), p.keypoints());
                })
            .toList();
  }

  private static Tensor states(List<Call> calls) {
    return F.stack(0, calls.stream().map(Call::states).toList());
  }
}
