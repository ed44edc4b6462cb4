package dev.visionllm.vlm;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Normalize;
import dev.visionllm.image.Raster;
import dev.visionllm.model.gdino.Detections;
import dev.visionllm.model.gdino.Frame;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.gdino.Instance;
import dev.visionllm.model.gdino.Instances;
import dev.visionllm.model.gdino.SemanticMaps;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * Runs the detector on a picture at its own resolution and names what it finds.
 *
 * @param overlap as {@link Detections#overlap}
 */
record Finder(GroundingDino gdino, DetectorResize resize, double overlap) {
  private static final int MOST = 300;

  /** What the detector is asked. @param text (1, p, q, d), one per distinct name */
  private record Asked(List<String> names, Tensor text, Features features, Frame frame) {
    Optional<Box> inside(Box box) {
      Box picture = new Box(0, 0, frame.original().width(), frame.original().height());
      return box.intersect(picture); // what reaches outside is of no use to a caller
    }
  }

  /** Whether it finds masks, not boxes only. */
  boolean masks() {
    return gdino.config().masks();
  }

  /**
   * Boxes of named classes.
   *
   * @param calls one per class; a name that occurs again counts once
   * @return best first, in pixels of the picture
   */
  List<Detection> find(Raster picture, List<Call> calls, double threshold) {
    Asked a = ask(picture, calls);
    List<Detection> out = new ArrayList<>();
    for (dev.visionllm.model.gdino.Detection d :
        new Detections(MOST, threshold, overlap)
            .find(gdino, a.features(), a.text(), null, List.of(a.frame().original()))
            .get(0)) {
      a.inside(d.box())
          .ifPresent(box -> out.add(new Detection(a.names().get(d.classIndex()), d.score(), box)));
    }
    return out;
  }

  /** Boxes and masks of named classes, as {@link #find}. */
  List<Segment> segment(Raster picture, List<Call> calls, double threshold) {
    checkMasks();
    Asked a = ask(picture, calls);
    List<Segment> out = new ArrayList<>();
    for (Instance i :
        new Instances(new Detections(MOST, threshold, overlap))
            .find(gdino, a.features(), a.text(), null, List.of(a.frame()))
            .get(0)) {
      String name = a.names().get(i.detection().classIndex());
      a.inside(i.detection().box())
          .ifPresent(
              box ->
                  out.add(new Segment(name, i.detection().score(), box, i.mask(), i.certainty())));
    }
    return out;
  }

  /**
   * For each pixel the class that fits best.
   *
   * @return indices into the distinct names of the calls
   */
  LabelMap semantic(Raster picture, List<Call> calls) {
    checkMasks();
    Asked a = ask(picture, calls);
    return SemanticMaps.ADE20K.find(gdino, a.features(), a.text(), null, List.of(a.frame())).get(0);
  }

  private void checkMasks() {
    if (!masks()) {
      throw new IllegalArgumentException(
          "this model finds boxes but no masks: gdino_config's use_masks is false");
    }
  }

  private Asked ask(Raster picture, List<Call> calls) {
    List<String> names = calls.stream().map(Call::label).distinct().toList();
    List<Tensor> first =
        names.stream()
            .map(n -> calls.stream().filter(c -> c.label().equals(n)).findFirst().orElseThrow())
            .map(Call::states)
            .toList();
    Tensor text = F.stack(0, first).unsqueeze(0);
    Raster resized = resize.resize(picture).raster();
    Seen seen = Seen.of(resized, Normalize.IMAGENET_CV, text);
    Features features = gdino.features(seen.pixels(), seen.inside(), false);
    Frame frame =
        new Frame(
            new Detections.Size(picture.width(), picture.height()),
            new Detections.Size(resized.width(), resized.height()),
            gdino.config().backbone().patch());
    return new Asked(names, text, features, frame);
  }
}
