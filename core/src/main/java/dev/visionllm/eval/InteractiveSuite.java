package dev.visionllm.eval;

import dev.visionllm.geometry.Rle;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Objects that are marked, each by every kind of mark: cIoU and mIoU of the best mask of each mark.
 * Marks follow from the picture's id. A mark without a mask adds its object to the union (the
 * reference adds the object before it, by a slip).
 */
record InteractiveSuite(SceneSet set) implements Suites.Evaluation {
  /** Regions that are marked in one question. */
  private static final int TOGETHER = 3;

  /** A marked object. */
  private record Marked(VisualPrompt mark, Rle truth) {}

  InteractiveSuite(DataFolder data) throws IOException {
    this(data.scenes());
  }

  @Override
  public String unit() {
    return "pictures";
  }

  /** Pictures, if any has an object. */
  @Override
  public int items() {
    return set.pictures().stream().allMatch(p -> p.objects().isEmpty()) ? 0 : set.pictures().size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    var overlaps = new EnumMap<ObjectMarks.Kind, List<RegionOverlap>>(ObjectMarks.Kind.class);
    for (var kind : ObjectMarks.Kind.values()) {
      overlaps.put(kind, new ArrayList<>());
    }
    int done = 0;
    for (var picture : set.pictures()) {
      var raster = ImageFiles.read(picture.file());
      var marked = new EnumMap<ObjectMarks.Kind, List<Marked>>(ObjectMarks.Kind.class);
      var random = new Random(picture.id());
      for (var o : picture.objects()) {
        if (!o.crowd()) {
          Rle truth = Truths.mask(o, picture.file(), raster);
          var marks = new ObjectMarks(truth.toMask(), random);
          for (var kind : ObjectMarks.Kind.values()) {
            marks
                .mark(kind)
                .ifPresent(
                    m ->
                        marked
                            .computeIfAbsent(kind, k -> new ArrayList<>())
                            .add(new Marked(m, truth)));
          }
        }
      }
      marked.forEach(
          (kind, all) -> {
            for (int from = 0; from < all.size(); from += TOGETHER) {
              var some = all.subList(from, Math.min(all.size(), from + TOGETHER));
              var found = subject.segmentMarked(raster, some.stream().map(Marked::mark).toList());
              overlaps.get(kind).addAll(overlaps(some, found));
            }
          });
      progress.at(++done);
    }
    return new Suites.Rows(rows(overlaps));
  }

  private static List<RegionOverlap> overlaps(List<Marked> marked, List<Segment> found) {
    Map<String, Segment> best =
        found.stream().collect(Collectors.toMap(Segment::label, s -> s, (first, next) -> first));
    var out = new ArrayList<RegionOverlap>();
    for (int i = 0; i < marked.size(); i++) {
      Rle truth = marked.get(i).truth();
      Segment s = best.get("region " + (i + 1));
      out.add(s == null ? RegionOverlap.missed(truth.area()) : RegionOverlap.of(s.rle(), truth));
    }
    return out;
  }

  private static Map<String, Double> rows(Map<ObjectMarks.Kind, List<RegionOverlap>> overlaps) {
    var rows = new LinkedHashMap<String, Double>();
    overlaps.forEach(
        (kind, all) -> {
          rows.put(kind.word() + ": cIoU", RegionOverlap.cumulative(all));
          rows.put(kind.word() + ": mIoU", RegionOverlap.mean(all));
          rows.put(kind.word() + ": objects", (double) all.size());
        });
    return rows;
  }
}
