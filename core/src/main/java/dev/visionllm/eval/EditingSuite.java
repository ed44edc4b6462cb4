package dev.visionllm.eval;

import dev.visionllm.data.BrokenSample;
import dev.visionllm.data.EditDataset;
import dev.visionllm.data.EditKind;
import dev.visionllm.data.Problems;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.geometry.Mask;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.LabelImages;
import dev.visionllm.image.Raster;
import dev.visionllm.image.Resample;
import dev.visionllm.result.Detection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Pictures changed as told (edits/, InstructPix2Pix's layout with masks and changes): whether the
 * change is there, by kind, and PSNR of all that should not change. Seeds are the places in the
 * list. An object is at a box if the model's own detector finds one whose centre is in the box, and
 * has moved if it is nearer to the new box; what the detector says of the true pictures is given
 * too, since a model can hardly do better.
 */
record EditingSuite(EditDataset dataset, Path folder, List<EditDataset.Sample> samples)
    implements Suites.Evaluation {
  private static final String FOLDER = "edits";
  private static final double BEST_PSNR = 100; // dB; stands for no difference at all

  EditingSuite(DataFolder data) throws IOException {
    this(data, data.require(FOLDER + "/seeds.json").getParent());
  }

  private EditingSuite(DataFolder data, Path folder) throws IOException {
    this(data, folder, EditDataset.open(folder, Problems.refuse()));
  }

  private EditingSuite(DataFolder data, Path folder, EditDataset dataset) {
    this(dataset, folder, data.first(dataset.samples()));
  }

  /** A pair of pictures, what was changed and where. */
  private record Pair(
      Raster before, Raster after, Mask mask, String instruction, EditChange change) {}

  @Override
  public String unit() {
    return "edits";
  }

  @Override
  public int items() {
    return samples.size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    var byKind = new TreeMap<EditKind, List<Boolean>>();
    var possible = new ArrayList<Boolean>();
    var kept = new ArrayList<Double>();
    var called = new ArrayList<Boolean>();
    for (int i = 0; i < samples.size(); i++) {
      var sample = samples.get(i);
      Pair pair = BrokenSample.located(folder, sample.at(), () -> read(sample));
      Raster edited =
          Resample.bilinear(
              subject.edit(pair.before, pair.instruction, i, settings.steps()),
              pair.before.width(),
              pair.before.height());
      byKind
          .computeIfAbsent(pair.change.kind(), k -> new ArrayList<>())
          .add(changed(subject, edited, pair));
      possible.add(changed(subject, pair.after, pair));
      double squared = PixelDifference.squared(pair.before, edited, outside(pair.mask));
      if (!Double.isNaN(squared)) {
        kept.add(Math.min(BEST_PSNR, PixelDifference.psnr(squared)));
      }
      called.add(FreeRequest.EDITING.called(subject, pair.instruction, List.of(pair.before), i));
      progress.at(i + 1);
    }
    var rows = new LinkedHashMap<String, Double>();
    rows.put("edits done", share(byKind.values().stream().flatMap(List::stream).toList()));
    byKind.forEach((kind, all) -> rows.put(kind.word() + " done", share(all)));
    rows.put("true pictures that pass", share(possible));
    rows.put(
        "PSNR outside of the change, dB",
        kept.stream().mapToDouble(v -> v).average().orElse(Double.NaN));
    rows.put(FreeRequest.EDITING.row(), share(called));
    byKind.forEach((kind, all) -> rows.put(kind.word() + " edits", (double) all.size()));
    return new Suites.Rows(rows);
  }

  private Pair read(EditDataset.Sample sample) throws IOException {
    var edit = dataset.read(sample);
    if (edit.mask() == null) {
      throw new IllegalArgumentException(
          "there is no %s_mask.png, which says where the change is".formatted(sample.seed()));
    }
    Raster before = ImageFiles.read(edit.before());
    Raster after = ImageFiles.read(edit.after());
    Mask unchanged = LabelImages.read(edit.mask()).mask(LabelMap.NONE);
    return new Pair(
        before, after, outside(unchanged), edit.instruction(), EditChange.of(edit.change()));
  }

  private static Mask outside(Mask mask) {
    var bits = mask.bits();
    for (int i = 0; i < bits.length; i++) {
      bits[i] = !bits[i];
    }
    return Mask.of(mask.width(), mask.height(), bits);
  }

  /** Whether a picture shows the change. */
  private static boolean changed(Suites.Subject subject, Raster picture, Pair pair) {
    var change = pair.change;
    return switch (change.kind()) {
      case ADD -> at(subject, picture, change.object(), change.box());
      case REMOVE -> !at(subject, picture, change.object(), change.box());
      case REPLACE ->
          at(subject, picture, change.other(), change.box())
              && !at(subject, picture, change.object(), change.box());
      case MOVE ->
          found(subject, picture, change.object())
              .anyMatch(d -> d.box().iou(change.target()) > d.box().iou(change.box()));
      case RECOLOUR ->
          PixelDifference.colour(picture, pair.after, pair.mask)
              < PixelDifference.colour(picture, pair.before, pair.mask);
      case BACKGROUND, STYLE ->
          PixelDifference.squared(picture, pair.after, pair.mask)
              < PixelDifference.squared(picture, pair.before, pair.mask);
    };
  }

  /** Whether the detector finds a class at a place. */
  private static boolean at(Suites.Subject subject, Raster picture, String name, Box where) {
    return found(subject, picture, name)
        .anyMatch(d -> where.contains(d.box().centerX(), d.box().centerY()));
  }

  private static Stream<Detection> found(Suites.Subject subject, Raster picture, String name) {
    return subject.detect(picture, List.of(name), subject.threshold()).stream();
  }

  private static double share(List<Boolean> all) {
    return all.stream().mapToDouble(b -> b ? 1 : 0).average().orElse(Double.NaN);
  }
}
