package dev.visionllm.eval;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Rle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.ToDoubleBiFunction;

/**
 * COCO's average precision and recall of boxes, masks and key points, with the numbers of
 * pycocotools' COCOeval: greedy matching in order of score at ten overlaps .50 to .95, 101 points
 * of recall, crowds and objects outside of the area range ignored, stable order on equal scores
 * (pictures by id, then the order given).
 *
 * <p>One difference: pycocotools takes a truth with annotation id 0 for unmatched; ids play no role
 * here.
 */
public final class CocoEval {
  private static final double SPACING = Math.ulp(1.0); // np.spacing(1)
  private static final double[] OVERLAPS = linspace(.5, .95, 10);
  private static final double[] RECALLS = linspace(0, 1, 101);
  private static final int AT_50 = 0;
  private static final int AT_75 = 5;

  private static final Range ALL = new Range("all", 0, 1e10);
  private static final Range SMALL = new Range("small", 0, 32 * 32);
  private static final Range MEDIUM = new Range("medium", 32 * 32, 96 * 96);
  private static final Range LARGE = new Range("large", 96 * 96, 1e10);

  /** The falloff of COCO's 17 human key points, Params.kpt_oks_sigmas. */
  public static final List<Double> COCO_SIGMAS = KeypointSets.COCO.sigmas();

  /**
   * A box as COCO writes it, kept so that overlaps round as in pycocotools: left, top, width,
   * height in pixels.
   */
  public record CocoBox(double x, double y, double width, double height) {
    /** The same box, in COCO's numbers. */
    public static CocoBox of(Box box) {
      return new CocoBox(box.x0(), box.y0(), box.width(), box.height());
    }

    /** Square pixels. */
    public double area() {
      return width * height;
    }

    double iou(CocoBox truth, boolean crowd) {
      double shared = shared(truth);
      return shared == 0 ? 0 : shared / (crowd ? area() : area() + truth.area() - shared);
    }

    /** Square pixels in both. */
    double shared(CocoBox other) {
      double w = Math.min(x + width, other.x + other.width) - Math.max(x, other.x);
      double h = Math.min(y + height, other.y + other.height) - Math.max(y, other.y);
      return w <= 0 || h <= 0 ? 0 : w * h;
    }
  }

  /** Key points with the box of their object; of a guess the box is not used. */
  public record Pose(Keypoints keypoints, CocoBox box) {
    /** A guess: the box around all points, whatever their visibility, as loadRes makes it. */
    public static Pose of(Keypoints keypoints) {
      if (keypoints.points().isEmpty()) {
        throw new IllegalArgumentException("a pose needs at least one key point");
      }
      var xs = keypoints.points().stream().mapToDouble(Keypoints.Point::x).summaryStatistics();
      var ys = keypoints.points().stream().mapToDouble(Keypoints.Point::y).summaryStatistics();
      return new Pose(
          keypoints,
          new CocoBox(
              xs.getMin(), ys.getMin(), xs.getMax() - xs.getMin(), ys.getMax() - ys.getMin()));
    }
  }

  /**
   * An object that is there.
   *
   * @param image id of the picture
   * @param category id of the class
   * @param area square pixels, decides on small, medium and large
   * @param ignore neither finding nor missing it counts; crowds are ignored always
   * @param crowd stands for a group: any number of guesses may match it
   */
  public record Truth<S>(
      long image, long category, S shape, double area, boolean crowd, boolean ignore) {

    /** A box that counts, its area being the box's. */
    public static Truth<CocoBox> box(long image, long category, Box box) {
      return new Truth<>(image, category, CocoBox.of(box), box.area(), false, false);
    }

    /** An annotated object, seen as its box, mask or pose. */
    static <S> Truth<S> of(CocoDataset.Annotation o, S shape) {
      return new Truth<>(o.pictureId(), o.categoryId(), shape, o.area(), o.crowd(), o.crowd());
    }

    /** A mask that counts, its area being its pixels. */
    public static Truth<Rle> mask(long image, long category, Rle mask) {
      return new Truth<>(image, category, mask, mask.area(), false, false);
    }
  }

  /**
   * An object that was found.
   *
   * @param area square pixels, decides whether an unmatched guess counts in an area range
   * @param score any finite scale, higher is surer
   */
  public record Guess<S>(long image, long category, S shape, double area, double score) {
    /** Refuses scores that cannot be sorted. */
    public Guess {
      if (!Double.isFinite(score)) {
        throw new IllegalArgumentException(
            "a guess in picture " + image + " has the score " + score + ": it must be finite");
      }
    }

    /** A box; its area is the box's. */
    public static Guess<CocoBox> box(long image, long category, Box box, double score) {
      return new Guess<>(image, category, CocoBox.of(box), box.area(), score);
    }

    /** A mask; its area is its pixels. */
    public static Guess<Rle> mask(long image, long category, Rle mask, double score) {
      return new Guess<>(image, category, mask, mask.area(), score);
    }

    /** A pose; its area is that of the box around its points. */
    public static Guess<Pose> pose(long image, long category, Keypoints points, double score) {
      var pose = Pose.of(points);
      return new Guess<>(image, category, pose, pose.box().area(), score);
    }
  }

  /**
   * What COCOeval.summarize prints, and AP of every category (all areas, most guesses a picture).
   *
   * @param rows 12 numbers for boxes and masks (AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100,
   *     ARs, ARm, ARl), 10 for key points (AP, AP50, AP75, APm, APl, AR, AR50, AR75, ARm, ARl); -1
   *     where no truth is in the range
   * @param perCategory by category id, ascending; -1 where the category has no truth
   */
  public record Report(Map<String, Double> rows, Map<Long, Double> perCategory) implements Scores {
    /** The same with its classes. @param names of categories, by id */
    Scores named(Map<Long, String> names) {
      var classes = new LinkedHashMap<String, Double>();
      perCategory.forEach(
          (id, ap) -> {
            if (ap >= 0) classes.put(names.get(id), ap);
          });
      return withClasses(classes);
    }

    @Override
    public String toString() {
      return table();
    }
  }

  private record Range(String name, double low, double high) {
    boolean misses(double area) {
      return area < low || area > high;
    }
  }

  /** One category in one picture. */
  private record Cell<S>(List<Truth<S>> truths, List<Guess<S>> guesses) {}

  /** One cell matched in one area range: guesses by score, [overlap][guess]. */
  private record Match(double[] scores, boolean[][] hit, boolean[][] ignored, int truths) {}

  /**
   * One category in one area range: mean precision over recall points and last recall, [overlap].
   */
  private record Curve(double[] precision, double[] recall) {}

  private CocoEval() {}

  /** Boxes by IoU. */
  public static Report boxes(List<Truth<CocoBox>> truths, List<Guess<CocoBox>> guesses) {
    return objects(truths, guesses, (t, g) -> g.shape().iou(t.shape(), t.crowd()));
  }

  /** Masks by IoU. Masks of one picture must have one size. */
  public static Report masks(List<Truth<Rle>> truths, List<Guess<Rle>> guesses) {
    return objects(truths, guesses, (t, g) -> g.shape().iou(t.shape(), t.crowd()));
  }

  /**
   * Key points by object key point similarity. Truths without a labelled point have to be marked as
   * ignored by the caller, as COCO does with num_keypoints of 0.
   *
   * @param sigmas falloff of each key point, e.g. {@link #COCO_SIGMAS}
   */
  public static Report keypoints(
      List<Truth<Pose>> truths, List<Guess<Pose>> guesses, List<Double> sigmas) {
    return keypoints(truths, guesses, category -> sigmas);
  }

  /**
   * As {@link #keypoints(List, List, List)}, of categories that differ in their key points.
   *
   * @param sigmas falloffs by category id
   */
  public static Report keypoints(
      List<Truth<Pose>> truths, List<Guess<Pose>> guesses, LongFunction<List<Double>> sigmas) {
    int most = 20;
    var curves =
        curves(
            truths,
            guesses,
            (t, g) -> oks(t, g, sigmas.apply(t.category())),
            List.of(ALL, MEDIUM, LARGE),
            most);
    var rows = new LinkedHashMap<String, Double>();
    rows.put("AP", curves.ap(ALL, most, -1));
    rows.put("AP50", curves.ap(ALL, most, AT_50));
    rows.put("AP75", curves.ap(ALL, most, AT_75));
    rows.put("APm", curves.ap(MEDIUM, most, -1));
    rows.put("APl", curves.ap(LARGE, most, -1));
    rows.put("AR", curves.ar(ALL, most, -1));
    rows.put("AR50", curves.ar(ALL, most, AT_50));
    rows.put("AR75", curves.ar(ALL, most, AT_75));
    rows.put("ARm", curves.ar(MEDIUM, most, -1));
    rows.put("ARl", curves.ar(LARGE, most, -1));
    return new Report(rows, curves.perCategory(most));
  }

  private static <S> Report objects(
      List<Truth<S>> truths,
      List<Guess<S>> guesses,
      ToDoubleBiFunction<Truth<S>, Guess<S>> overlap) {
    var curves = curves(truths, guesses, overlap, List.of(ALL, SMALL, MEDIUM, LARGE), 1, 10, 100);
    var rows = new LinkedHashMap<String, Double>();
    rows.put("AP", curves.ap(ALL, 100, -1));
    rows.put("AP50", curves.ap(ALL, 100, AT_50));
    rows.put("AP75", curves.ap(ALL, 100, AT_75));
    rows.put("APs", curves.ap(SMALL, 100, -1));
    rows.put("APm", curves.ap(MEDIUM, 100, -1));
    rows.put("APl", curves.ap(LARGE, 100, -1));
    rows.put("AR1", curves.ar(ALL, 1, -1));
    rows.put("AR10", curves.ar(ALL, 10, -1));
    rows.put("AR100", curves.ar(ALL, 100, -1));
    rows.put("ARs", curves.ar(SMALL, 100, -1));
    rows.put("ARm", curves.ar(MEDIUM, 100, -1));
    rows.put("ARl", curves.ar(LARGE, 100, -1));
    return new Report(rows, curves.perCategory(100));
  }

  /** Object key point similarity, 0..1, as COCOeval.computeOks. */
  static double oks(Truth<Pose> truth, Guess<Pose> guess, List<Double> sigmas) {
    var t = truth.shape().keypoints().points();
    var g = guess.shape().keypoints().points();
    if (t.size() != sigmas.size() || g.size() != sigmas.size()) {
      throw new IllegalArgumentException(
          "%d sigmas need as many key points; picture %d has a truth of %d and a guess of %d"
              .formatted(sigmas.size(), truth.image(), t.size(), g.size()));
    }
    int labelled = truth.shape().keypoints().labelled();
    var b = truth.shape().box();
    double sum = 0;
    for (int k = 0; k < t.size(); k++) {
      if (labelled > 0 && t.get(k).visibility() == 0) {
        continue;
      }
      double x = g.get(k).x(), y = g.get(k).y();
      double dx, dy;
      if (labelled > 0) {
        dx = x - t.get(k).x();
        dy = y - t.get(k).y();
      } else { // nothing labelled: how far outside of the box, doubled to all sides
        dx = Math.max(0, b.x - b.width - x) + Math.max(0, x - (b.x + b.width * 2));
        dy = Math.max(0, b.y - b.height - y) + Math.max(0, y - (b.y + b.height * 2));
      }
      double variance = sigmas.get(k) * 2 * (sigmas.get(k) * 2);
      sum += Math.exp(-((dx * dx + dy * dy) / variance / (truth.area() + SPACING) / 2));
    }
    return sum / (labelled > 0 ? labelled : t.size());
  }

  private static <S> Curves curves(
      List<Truth<S>> truths,
      List<Guess<S>> guesses,
      ToDoubleBiFunction<Truth<S>, Guess<S>> overlap,
      List<Range> ranges,
      int... limits) {
    var cells = new TreeMap<Long, TreeMap<Long, Cell<S>>>(); // category, picture
    for (var t : truths) {
      cell(cells, t.category(), t.image()).truths().add(t);
    }
    for (var g : guesses) {
      cell(cells, g.category(), g.image()).guesses().add(g);
    }
    int most = limits[limits.length - 1];
    var curves = new Curves(new TreeMap<>());
    cells.forEach(
        (category, pictures) -> {
          var matches = new HashMap<Range, List<Match>>();
          ranges.forEach(r -> matches.put(r, new ArrayList<>()));
          for (var cell : pictures.values()) {
            var sorted = new ArrayList<>(cell.guesses());
            sorted.sort(Comparator.comparingDouble((Guess<S> g) -> 0 - g.score()));
            var kept = sorted.subList(0, Math.min(most, sorted.size()));
            var overlaps = new double[kept.size()][cell.truths().size()];
            for (int g = 0; g < overlaps.length; g++) {
              for (int t = 0; t < overlaps[g].length; t++) {
                overlaps[g][t] = overlap.applyAsDouble(cell.truths().get(t), kept.get(g));
              }
            }
            ranges.forEach(r -> matches.get(r).add(match(cell.truths(), kept, overlaps, r)));
          }
          var byLimit = new HashMap<Key, Curve>();
          for (var range : ranges) {
            for (int limit : limits) {
              byLimit.put(new Key(range, limit), accumulate(matches.get(range), limit));
            }
          }
          curves.byCategory().put(category, byLimit);
        });
    return curves;
  }

  private static <S> Cell<S> cell(
      Map<Long, TreeMap<Long, Cell<S>>> cells, long category, long image) {
    return cells
        .computeIfAbsent(category, c -> new TreeMap<>())
        .computeIfAbsent(image, i -> new Cell<>(new ArrayList<>(), new ArrayList<>()));
  }

  /** COCOeval.evaluateImg: each guess, surest first, takes the free truth it overlaps most. */
  private static <S> Match match(
      List<Truth<S>> truths, List<Guess<S>> guesses, double[][] overlaps, Range range) {
    int n = truths.size();
    var ignore = new boolean[n];
    for (int t = 0; t < n; t++) {
      var truth = truths.get(t);
      ignore[t] = truth.ignore() || truth.crowd() || range.misses(truth.area());
    }
    var order = new ArrayList<Integer>(); // truths that count come first
    for (int pass = 0; pass < 2; pass++) {
      for (int t = 0; t < n; t++) {
        if (ignore[t] == (pass == 1)) {
          order.add(t);
        }
      }
    }
    var hit = new boolean[OVERLAPS.length][guesses.size()];
    var ignored = new boolean[OVERLAPS.length][guesses.size()];
    for (int o = 0; o < OVERLAPS.length; o++) {
      var taken = new boolean[n];
      for (int g = 0; g < guesses.size(); g++) {
        double best = Math.min(OVERLAPS[o], 1 - 1e-10);
        int found = -1;
        for (int t : order) {
          if (taken[t] && !truths.get(t).crowd()) {
            continue;
          }
          if (found >= 0 && !ignore[found] && ignore[t]) {
            break; // a truth that counts is better than any ignored one
          }
          if (overlaps[g][t] >= best) {
            best = overlaps[g][t];
            found = t;
          }
        }
        if (found >= 0) {
          taken[found] = true;
          hit[o][g] = true;
          ignored[o][g] = ignore[found];
        } else {
          ignored[o][g] = range.misses(guesses.get(g).area());
        }
      }
    }
    int counted = 0;
    for (var i : ignore) {
      counted += i ? 0 : 1;
    }
    return new Match(guesses.stream().mapToDouble(Guess::score).toArray(), hit, ignored, counted);
  }

  /** COCOeval.accumulate of one category, area range and limit; null where no truth counts. */
  private static Curve accumulate(List<Match> matches, int limit) {
    int truths = matches.stream().mapToInt(Match::truths).sum();
    if (truths == 0) {
      return null;
    }
    record Place(Match match, int guess) {
      double score() {
        return match.scores()[guess];
      }
    }
    var places = new ArrayList<Place>();
    for (var m : matches) {
      for (int g = 0; g < Math.min(limit, m.scores().length); g++) {
        places.add(new Place(m, g));
      }
    }
    places.sort(Comparator.comparingDouble(p -> 0 - p.score()));
    var precision = new double[OVERLAPS.length];
    var recall = new double[OVERLAPS.length];
    for (int o = 0; o < OVERLAPS.length; o++) {
      int n = places.size();
      var pr = new double[n];
      var rc = new double[n];
      double right = 0, wrong = 0;
      for (int i = 0; i < n; i++) {
        var m = places.get(i).match();
        int g = places.get(i).guess();
        if (!m.ignored()[o][g]) {
          right += m.hit()[o][g] ? 1 : 0;
          wrong += m.hit()[o][g] ? 0 : 1;
        }
        rc[i] = right / truths;
        pr[i] = right / (wrong + right + SPACING);
      }
      for (int i = n - 1; i > 0; i--) {
        pr[i - 1] = Math.max(pr[i - 1], pr[i]);
      }
      int i = 0;
      double sum = 0;
      for (var r : RECALLS) {
        while (i < n && rc[i] < r) {
          i++;
        }
        sum += i < n ? pr[i] : 0;
      }
      precision[o] = sum / RECALLS.length;
      recall[o] = n == 0 ? 0 : rc[n - 1];
    }
    return new Curve(precision, recall);
  }

  private record Key(Range range, int limit) {}

  /** Curves of all categories; a null curve has no truth to find. */
  private record Curves(TreeMap<Long, Map<Key, Curve>> byCategory) {

    /** Mean over categories and overlaps, or at one overlap; -1 where nothing is to be found. */
    double ap(Range range, int limit, int overlap) {
      return mean(range, limit, overlap, Curve::precision);
    }

    double ar(Range range, int limit, int overlap) {
      return mean(range, limit, overlap, Curve::recall);
    }

    Map<Long, Double> perCategory(int limit) {
      var out = new LinkedHashMap<Long, Double>();
      byCategory.forEach(
          (category, curves) -> {
            var curve = curves.get(new Key(ALL, limit));
            out.put(
                category, curve == null ? -1 : Arrays.stream(curve.precision).average().orElse(-1));
          });
      return out;
    }

    private double mean(Range range, int limit, int overlap, Function<Curve, double[]> values) {
      double sum = 0;
      int n = 0;
      for (var curves : byCategory.values()) {
        var curve = curves.get(new Key(range, limit));
        if (curve == null) {
          continue;
        }
        var v = values.apply(curve);
        for (int o = 0; o < v.length; o++) {
          if (overlap < 0 || o == overlap) {
            sum += v[o];
            n++;
          }
        }
      }
      return n == 0 ? -1 : sum / n;
    }
  }

  /** numpy.linspace, rounding included. */
  private static double[] linspace(double first, double last, int n) {
    var out = new double[n];
    double step = (last - first) / (n - 1);
    for (int i = 0; i < n; i++) {
      out[i] = i * step + first;
    }
    out[n - 1] = last;
    return out;
  }
}
