package dev.visionllm.eval;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.ExpressionDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.eval.CocoEval.CocoBox;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Rle;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Expressions that each describe one object (refs.json, every split in it): P@0.5 of boxes and,
 * where the model finds masks, cIoU and gIoU of masks. Finding nothing has an IoU of 0.
 */
record GroundingSuite(List<Item> all) implements Suites.Evaluation {
  private static final double HIT = .5;

  /** One expression. */
  record Item(SceneSet.Picture picture, CocoDataset.Annotation object, String expression) {}

  GroundingSuite(DataFolder data) throws IOException {
    this(items(data));
  }

  private static List<Item> items(DataFolder data) throws IOException {
    var expressions =
        ExpressionDataset.read(data.require("refs.json"), data.instances(), Problems.refuse());
    var of = new HashMap<Long, List<ExpressionDataset.Reference>>();
    for (var r : expressions.references()) {
      of.computeIfAbsent(r.annotationId(), id -> new ArrayList<>()).add(r);
    }
    var out = new ArrayList<Item>();
    for (var picture : data.scenes().pictures()) {
      for (var object : picture.objects()) {
        for (var r : of.getOrDefault(object.id(), List.of())) {
          r.sentences().forEach(s -> out.add(new Item(picture, object, s.text())));
        }
      }
    }
    return out;
  }

  @Override
  public String unit() {
    return "expressions";
  }

  @Override
  public int items() {
    return all.size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    boolean withMasks = subject.abilities().contains(Suites.Ability.MASKS);
    var boxes = new ArrayList<RegionOverlap>();
    var masks = new ArrayList<RegionOverlap>();
    SceneSet.Picture shown = null;
    Raster raster = null;
    for (var item : all) {
      if (item.picture != shown) { // expressions of one picture follow one another
        shown = item.picture;
        raster = ImageFiles.read(shown.file());
      }
      Finding found = subject.ground(raster, item.expression).orElse(null);
      boxes.add(box(found, item.object.box()));
      if (withMasks) {
        masks.add(mask(found, Truths.mask(item.object, shown.file(), raster)));
      }
      progress.at(boxes.size());
    }
    var rows = new LinkedHashMap<String, Double>();
    rows.put("box P@0.5", RegionOverlap.precision(boxes, HIT));
    rows.put("box mean IoU", RegionOverlap.mean(boxes));
    rows.put("mask P@0.5", RegionOverlap.precision(masks, HIT));
    rows.put("mask cIoU", RegionOverlap.cumulative(masks));
    rows.put("mask gIoU", RegionOverlap.mean(masks));
    rows.put("expressions", (double) all.size());
    return new Suites.Rows(rows);
  }

  private static RegionOverlap box(Finding found, Box truth) {
    Box box = found instanceof Detection d ? d.box() : found instanceof Segment s ? s.box() : null;
    return box == null
        ? RegionOverlap.missed(truth.area())
        : RegionOverlap.of(CocoBox.of(box), CocoBox.of(truth));
  }

  private static RegionOverlap mask(Finding found, Rle truth) {
    return found instanceof Segment s
        ? RegionOverlap.of(s.rle(), truth)
        : RegionOverlap.missed(truth.area());
  }
}
