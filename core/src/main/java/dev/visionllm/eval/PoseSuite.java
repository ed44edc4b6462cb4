package dev.visionllm.eval;

import dev.visionllm.data.KeypointDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.result.Pose;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Keypoints with COCO's numbers, over categories that may have different sets of points
 * (keypoints.json). The categories shown are named, and absent ones. Falloffs are those of {@link
 * KeypointSets#sigmasByPosition}.
 */
record PoseSuite(DataFolder data, KeypointDataset dataset) implements Suites.Evaluation {
  private static final String FILE = "keypoints.json";

  PoseSuite(DataFolder data) throws IOException {
    this(data, KeypointDataset.read(data.require(FILE), Problems.refuse()));
  }

  PoseSuite {
    var names = dataset.categories().stream().map(c -> c.category().name()).toList();
    if (names.stream().distinct().count() < names.size()) {
      throw new IllegalArgumentException(FILE + ": two categories have the same name in " + names);
    }
  }

  @Override
  public String unit() {
    return "pictures";
  }

  @Override
  public int items() {
    return data.first(dataset.pictures()).size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    var categories = new HashMap<String, KeypointDataset.Category>();
    var names = new HashMap<Long, String>();
    var sigmas = new HashMap<Long, List<Double>>();
    for (var c : dataset.categories()) {
      categories.put(c.category().name(), c);
      names.put(c.category().id(), c.category().name());
      sigmas.put(c.category().id(), KeypointSets.sigmasByPosition(c.points().size()));
    }
    var figures = new HashMap<Long, List<KeypointDataset.Figure>>();
    for (var f : dataset.figures()) {
      figures.computeIfAbsent(f.object().pictureId(), id -> new ArrayList<>()).add(f);
    }
    var truths = new ArrayList<CocoEval.Truth<CocoEval.Pose>>();
    var guesses = new ArrayList<CocoEval.Guess<CocoEval.Pose>>();
    int done = 0;
    for (var picture : data.first(dataset.pictures())) {
      var shown = figures.getOrDefault(picture.id(), List.of());
      shown.forEach(f -> truths.add(truth(f)));
      var present = shown.stream().map(f -> names.get(f.object().categoryId())).distinct().toList();
      var absent = new ArrayList<>(names.values());
      absent.removeAll(present);
      Map<String, KeypointSet> asked = new LinkedHashMap<>();
      for (var name : SceneSet.named(picture.id(), present, absent, settings.classes())) {
        asked.put(name, categories.get(name).points());
      }
      var raster = ImageFiles.read(data.picture(picture.file()));
      for (var p : asked.isEmpty() ? List.<Pose>of() : subject.pose(raster, asked)) {
        long category = categories.get(p.label()).category().id();
        guesses.add(CocoEval.Guess.pose(picture.id(), category, p.keypoints(), p.score()));
      }
      progress.at(++done);
    }
    return CocoEval.keypoints(truths, guesses, sigmas::get).named(names);
  }

  /** As COCO has it, an object without a labelled point is ignored. */
  private static CocoEval.Truth<CocoEval.Pose> truth(KeypointDataset.Figure f) {
    var o = f.object();
    var pose = new CocoEval.Pose(f.keypoints(), CocoEval.CocoBox.of(o.box()));
    return new CocoEval.Truth<>(
        o.pictureId(),
        o.categoryId(),
        pose,
        o.area(),
        o.crowd(),
        o.crowd() || f.keypoints().labelled() == 0);
  }
}
