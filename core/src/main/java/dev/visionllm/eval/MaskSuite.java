package dev.visionllm.eval;

import dev.visionllm.geometry.Rle;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.io.IOException;
import java.util.ArrayList;

/** Masks with COCO's numbers: the classes shown are named, and absent ones. */
record MaskSuite(SceneSet set) implements Suites.Evaluation {
  MaskSuite(DataFolder data) throws IOException {
    this(data.scenes());
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
    var ids = set.ids();
    var truths = new ArrayList<CocoEval.Truth<Rle>>();
    var guesses = new ArrayList<CocoEval.Guess<Rle>>();
    int done = 0;
    for (var picture : set.pictures()) {
      Raster raster = ImageFiles.read(picture.file());
      for (var o : picture.objects()) {
        truths.add(CocoEval.Truth.of(o, Truths.mask(o, picture.file(), raster)));
      }
      var asked = set.named(picture, settings.classes());
      if (!asked.isEmpty()) {
        var found = subject.segment(raster, asked);
        for (var s : found.subList(0, Math.min(DetectionSuite.MOST, found.size()))) {
          guesses.add(CocoEval.Guess.mask(picture.id(), ids.get(s.label()), s.rle(), s.score()));
        }
      }
      progress.at(++done);
    }
    return CocoEval.masks(truths, guesses).named(set.classes());
  }
}
