package dev.visionllm.eval;

import dev.visionllm.data.IndexMapDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.ImageFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The class of every pixel against the maps in semantic/ (ADE20K's format): the classes shown are
 * named, and absent ones, and each pixel gets one of them. Pixels of value 0, which belong to
 * nothing named, are not looked at, as ADE20K is evaluated: what a model says there is neither
 * right nor wrong.
 *
 * @param maps by picture file
 */
record SemanticSuite(SceneSet set, IndexMapDataset dataset, Map<Path, IndexMapDataset.Sample> maps)
    implements Suites.Evaluation {
  private static final String FOLDER = "semantic";

  SemanticSuite(DataFolder data) throws IOException {
    this(
        data.scenes(),
        IndexMapDataset.open(
            data.require(FOLDER),
            data.require("images"),
            IndexMapDataset.Values.CLASSES,
            data.scenes().classes().size(),
            Problems.refuse()));
  }

  private SemanticSuite(SceneSet set, IndexMapDataset dataset) {
    this(set, dataset, new HashMap<>());
    dataset.samples().forEach(s -> maps.put(s.picture().normalize(), s));
    for (var picture : set.pictures()) {
      if (!maps.containsKey(picture.file())) {
        throw new IllegalArgumentException(
            "%s/ has no map of picture %s".formatted(FOLDER, picture.file()));
      }
    }
  }

  @Override
  public String unit() {
    return "pictures";
  }

  @Override
  public int items() {
    return set.pictures().size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    var scores = new SemanticScores(set.classes().size());
    var classes = List.copyOf(set.classes().values()); // by ascending id, as the maps count them
    int done = 0;
    for (var picture : set.pictures()) {
      var sample = maps.get(picture.file());
      var raster = ImageFiles.read(picture.file());
      LabelMap truth = Truths.map(dataset, sample, raster);
      var asked = set.named(picture, settings.classes());
      var places = new ArrayList<Integer>();
      asked.forEach(name -> places.add(classes.indexOf(name)));
      int[] guess = subject.semantic(raster, asked).labels();
      for (int i = 0; i < guess.length; i++) {
        guess[i] = guess[i] == LabelMap.NONE ? LabelMap.NONE : places.get(guess[i]);
      }
      scores.add(guess, truth.labels());
      progress.at(++done);
    }
    return scores.report().named(classes);
  }
}
