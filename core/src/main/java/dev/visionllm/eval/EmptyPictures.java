package dev.visionllm.eval;

import dev.visionllm.result.Detection;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Detections in pictures that hold none of the classes asked for: each is false. */
public final class EmptyPictures {

  /**
   * What was found where nothing is.
   *
   * @param share of pictures with at least one detection, 0..1; NaN without pictures
   * @param perPicture mean number of detections
   */
  public record Report(double share, double perPicture, int pictures) implements Scores {
    @Override
    public Map<String, Double> rows() {
      var rows = new LinkedHashMap<String, Double>();
      rows.put("empty pictures with a detection", share);
      rows.put("false detections per picture", perPicture);
      rows.put("pictures", (double) pictures);
      return rows;
    }

    @Override
    public String toString() {
      return table();
    }
  }

  private EmptyPictures() {}

  /** Counts the detections, picture by picture, whose score is above the threshold. */
  public static Report score(Collection<List<Detection>> pictures, double threshold) {
    int any = 0;
    long all = 0;
    for (var detections : pictures) {
      long n = detections.stream().filter(d -> d.score() > threshold).count();
      any += n > 0 ? 1 : 0;
      all += n;
    }
    return new Report(
        (double) any / pictures.size(), (double) all / pictures.size(), pictures.size());
  }
}
