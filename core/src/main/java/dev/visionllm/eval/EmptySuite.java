package dev.visionllm.eval;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.result.Detection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** Only absent classes are named, in pictures that hold nothing and in those that do. */
record EmptySuite(SceneSet set) implements Suites.Evaluation {
  EmptySuite(DataFolder data) throws IOException {
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
    var nothing = new ArrayList<List<Detection>>();
    var others = new ArrayList<List<Detection>>();
    double threshold = subject.threshold();
    int done = 0;
    for (var picture : set.pictures()) {
      var asked = set.absent(picture, settings.classes());
      if (!asked.isEmpty()) {
        var found = subject.detect(ImageFiles.read(picture.file()), asked, threshold);
        (picture.objects().isEmpty() ? nothing : others).add(found);
      }
      progress.at(++done);
    }
    var none = EmptyPictures.score(nothing, threshold);
    var absent = EmptyPictures.score(others, threshold);
    var rows = new LinkedHashMap<String, Double>();
    rows.put("empty pictures with a detection", none.share());
    rows.put("false detections per empty picture", none.perPicture());
    rows.put("empty pictures", (double) none.pictures());
    rows.put("other pictures with a detection of an absent class", absent.share());
    rows.put("false detections per other picture", absent.perPicture());
    rows.put("other pictures", (double) absent.pictures());
    rows.put("threshold", threshold);
    return new Suites.Rows(rows);
  }
}
