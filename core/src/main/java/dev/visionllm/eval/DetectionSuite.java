package dev.visionllm.eval;

import dev.visionllm.image.ImageFiles;
import java.io.IOException;
import java.util.ArrayList;

/** Boxes with COCO's numbers: the classes shown are named, and absent ones. */
record DetectionSuite(SceneSet set) implements Suites.Evaluation {
  /** Per picture, as COCO counts. */
  static final int MOST = 100;

  DetectionSuite(DataFolder data) throws IOException {
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
    var truths = new ArrayList<CocoEval.Truth<CocoEval.CocoBox>>();
    var guesses = new ArrayList<CocoEval.Guess<CocoEval.CocoBox>>();
    int done = 0;
    for (var picture : set.pictures()) {
      for (var o : picture.objects()) {
        truths.add(CocoEval.Truth.of(o, CocoEval.CocoBox.of(o.box())));
      }
      var asked = set.named(picture, settings.classes());
      if (!asked.isEmpty()) {
        var found = subject.detect(ImageFiles.read(picture.file()), asked, 0);
        for (var d : found.subList(0, Math.min(MOST, found.size()))) {
          guesses.add(CocoEval.Guess.box(picture.id(), ids.get(d.label()), d.box(), d.score()));
        }
      }
      progress.at(++done);
    }
    return CocoEval.boxes(truths, guesses).named(set.classes());
  }
}
