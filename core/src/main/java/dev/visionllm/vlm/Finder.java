package dev.visionllm.vlm;

import dev.visionllm.geometry.Box;
import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Normalize;
import dev.visionllm.image.PaddedBatch;
import dev.visionllm.image.Raster;
import dev.visionllm.model.gdino.Detections;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.result.Detection;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Runs the detector on a picture at its own resolution and names what it finds. */
record Finder(GroundingDino gdino, DetectorResize resize) {
  private static final int STRIDE = 32;

  /**
   * Boxes of named classes.
   *
   * @param names one per super-link call; a name that occurs again counts once
   * @param queries super-link states, (n, q, d) each, n adding up to the number of names
   * @return best first, in pixels of the picture
   */
  List<Detection> find(
      Raster picture, List<String> names, List<Tensor> queries, int most, double threshold) {
    Tensor text = F.cat(0, queries);
    if (text.size(0) != names.size()) {
      throw new IllegalArgumentException(
          "the answer calls the detector " + text.size(0) + " times but names " + names);
    }
    List<String> distinct = names.stream().distinct().toList();
    long[] first = distinct.stream().mapToLong(names::indexOf).toArray();
    Tensor index = Tensors.of(first, first.length);
    text = text.index_select(0, index.to(text.device(), index.scalar_type())).unsqueeze(0);
    PaddedBatch batch =
        PaddedBatch.of(List.of(resize.resize(picture).raster()), Normalize.IMAGENET_CV, STRIDE);
    Tensor pixels = Tensors.of(batch.pixels(), 1, 3, batch.height(), batch.width());
    Tensor mask = Tensors.of(batch.valid(), 1, batch.height(), batch.width());
    Features features =
        gdino.features(
            pixels.to(text.device(), text.scalar_type()),
            mask.to(text.device(), mask.scalar_type()),
            false);
    Box frame = new Box(0, 0, picture.width(), picture.height());
    return new Detections(most, threshold)
            .find(
                gdino,
                features,
                text,
                null,
                List.of(new Detections.Size(picture.width(), picture.height())))
            .get(0)
            .stream()
            .flatMap(
                d ->
                    d
                        .box()
                        .intersect(frame) // what reaches outside is of no use to a caller
                        .map(box -> new Detection(distinct.get(d.classIndex()), d.score(), box))
                        .stream())
            .toList();
  }
}
