package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.eval.CocoEval.CocoBox;
import dev.visionllm.eval.CocoEval.Guess;
import dev.visionllm.eval.CocoEval.Pose;
import dev.visionllm.eval.CocoEval.Truth;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Keypoints;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CocoEvalTest {
  private static final Box BOX = new Box(10, 10, 60, 60);

  @Test
  void perfectGuessesScoreOne() {
    var report = CocoEval.boxes(List.of(Truth.box(1, 1, BOX)), List.of(Guess.box(1, 1, BOX, .5)));
    assertThat(report.rows().get("AP")).isCloseTo(1, within(1e-12));
    assertThat(report.rows().get("AR1")).isEqualTo(1);
    assertThat(report.rows().get("APs")).isEqualTo(-1);
    assertThat(report.rows().get("APm")).isCloseTo(1, within(1e-12));
    assertThat(report.toString()).contains("AP50").contains("1.0000");
    var mask = Rle.of(Mask.of(80, 80, BOX));
    assertThat(
            CocoEval.masks(List.of(Truth.mask(1, 1, mask)), List.of(Guess.mask(1, 1, mask, .5)))
                .rows()
                .get("AP"))
        .isCloseTo(1, within(1e-12));
  }

  @Test
  void nothingToFindIsMinusOneAndNothingFoundIsZero() {
    var none = CocoEval.boxes(List.of(), List.of(Guess.box(1, 1, BOX, .5)));
    assertThat(none.rows().values()).containsOnly(-1.0);
    assertThat(none.perCategory()).containsEntry(1L, -1.0);
    var missed = CocoEval.boxes(List.of(Truth.box(1, 1, BOX)), List.of());
    assertThat(missed.rows().get("AP")).isZero();
    assertThat(missed.rows().get("AR100")).isZero();
  }

  @Test
  void crowdsTakeAnyNumberOfGuesses() {
    var crowd = new Truth<>(1, 1, CocoBox.of(new Box(0, 0, 200, 200)), 40000, true, false);
    var guesses =
        List.of(
            Guess.box(1, 1, new Box(100, 100, 150, 150), .9),
            Guess.box(1, 1, new Box(100, 20, 150, 80), .8),
            Guess.box(1, 1, BOX, .1));
    var report = CocoEval.boxes(List.of(crowd, Truth.box(1, 1, BOX)), guesses);
    assertThat(report.rows().get("AP")).isCloseTo(1, within(1e-12));
  }

  @Test
  void guessesOfAnotherClassDoNotCount() {
    var report = CocoEval.boxes(List.of(Truth.box(1, 1, BOX)), List.of(Guess.box(1, 2, BOX, .5)));
    assertThat(report.rows().get("AP")).isZero();
  }

  @Test
  void poseWithoutLabelsIsMeasuredByItsBox() {
    var blank = Keypoints.of(0, 0, 0, 0, 0, 0);
    var truth = new Truth<>(1, 1, new Pose(blank, new CocoBox(10, 10, 10, 10)), 100, false, true);
    var inside = Guess.pose(1, 1, Keypoints.of(12, 12, 1, 29, 1, 1), 1);
    assertThat(CocoEval.oks(truth, inside, List.of(.1, .1))).isEqualTo(1);
    var outside = Guess.pose(1, 1, Keypoints.of(40, 12, 1, 29, 1, 1), 1);
    assertThat(CocoEval.oks(truth, outside, List.of(.1, .1)))
        .isCloseTo((Math.exp(-100 / .04 / 100 / 2) + 1) / 2, within(1e-12));
    assertThatThrownBy(() -> CocoEval.oks(truth, inside, CocoEval.COCO_SIGMAS))
        .hasMessageContaining("17 sigmas");
  }

  @Test
  void scoresMustBeFinite() {
    assertThatThrownBy(() -> Guess.box(1, 1, BOX, Double.NaN)).hasMessageContaining("finite");
  }

  /** AP written down as its definition says, on tiny random pictures. */
  @Test
  void equalsANaiveCountOnTinyCases() {
    for (int seed = 0; seed < 300; seed++) {
      var rnd = new Random(seed);
      var truths = new ArrayList<Truth<CocoBox>>();
      var guesses = new ArrayList<Guess<CocoBox>>();
      int pictures = 1 + rnd.nextInt(3);
      for (int p = 0; p < pictures; p++) {
        for (int i = rnd.nextInt(4); i > 0; i--) {
          truths.add(Truth.box(p, 1, box(rnd)));
        }
        for (int i = rnd.nextInt(5); i > 0; i--) {
          guesses.add(Guess.box(p, 1, box(rnd), rnd.nextInt(4) / 4.0)); // ties on purpose
        }
      }
      if (truths.isEmpty()) {
        continue;
      }
      Collections.shuffle(guesses, rnd);
      var report = CocoEval.boxes(truths, guesses);
      assertThat(report.rows().get("AP50"))
          .as("seed " + seed)
          .isCloseTo(naive(truths, guesses, .5), within(1e-12));
      int best = 0;
      for (long p = 0; p < pictures; p++) {
        best += bestMatching(truths, guesses, p, .5);
      }
      var recall = report.rows().get("AR100");
      assertThat(recall).isLessThanOrEqualTo((double) best / truths.size() + 1e-12);
    }
  }

  private static Box box(Random rnd) {
    return Box.ofSize(rnd.nextInt(12), rnd.nextInt(12), 8 + rnd.nextInt(12), 8 + rnd.nextInt(12));
  }

  private static double naive(
      List<Truth<CocoBox>> truths, List<Guess<CocoBox>> guesses, double overlap) {
    var sorted = new ArrayList<>(guesses);
    sorted.sort(
        Comparator.comparingDouble((Guess<CocoBox> g) -> 1 - g.score())
            .thenComparingLong(Guess::image));
    var free = new ArrayList<>(truths);
    var precision = new ArrayList<Double>();
    var recall = new ArrayList<Double>();
    int right = 0;
    for (int i = 0; i < sorted.size(); i++) {
      var g = sorted.get(i);
      Truth<CocoBox> best = null;
      for (var t : free) {
        if (t.image() == g.image() && g.shape().iou(t.shape(), false) >= overlap) {
          if (best == null
              || g.shape().iou(t.shape(), false) >= g.shape().iou(best.shape(), false)) {
            best = t;
          }
        }
      }
      for (int k = 0; k < free.size(); k++) {
        if (free.get(k) == best) {
          free.remove(k);
          right++;
          break;
        }
      }
      precision.add((double) right / (i + 1));
      recall.add((double) right / truths.size());
    }
    double sum = 0;
    for (int r = 0; r <= 100; r++) {
      double top = 0;
      for (int i = 0; i < sorted.size(); i++) {
        if (recall.get(i) >= r / 100.0 - 1e-12) {
          top = Math.max(top, precision.get(i));
        }
      }
      sum += top;
    }
    return sum / 101;
  }

  /** The most truths of a picture that guesses can be given to, by trying everything. */
  private static int bestMatching(
      List<Truth<CocoBox>> truths, List<Guess<CocoBox>> guesses, long picture, double overlap) {
    var t = truths.stream().filter(x -> x.image() == picture).toList();
    var g = guesses.stream().filter(x -> x.image() == picture).toList();
    return best(t, g, overlap, 0, new boolean[t.size()]);
  }

  private static int best(
      List<Truth<CocoBox>> t, List<Guess<CocoBox>> g, double overlap, int i, boolean[] taken) {
    if (i == g.size()) {
      return 0;
    }
    int best = best(t, g, overlap, i + 1, taken);
    for (int k = 0; k < t.size(); k++) {
      if (!taken[k] && g.get(i).shape().iou(t.get(k).shape(), false) >= overlap) {
        taken[k] = true;
        best = Math.max(best, 1 + best(t, g, overlap, i + 1, taken));
        taken[k] = false;
      }
    }
    return best;
  }

  @Test
  void filesWithoutAFieldAreRefused(@TempDir Path dir) throws IOException {
    var file = Files.writeString(dir.resolve("gt.json"), "{\"images\": [], \"annotations\": []}");
    assertThatThrownBy(() -> CocoJson.truths(file)).hasMessageContaining("no field categories");
    var broken = Files.writeString(dir.resolve("broken.json"), "{\"images\": [");
    assertThatThrownBy(() -> CocoJson.truths(broken))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no JSON");
    var empty =
        Files.writeString(
            dir.resolve("empty.json"),
            "{\"images\":[],\"annotations\":[],\"categories\":[{\"id\":1,\"name\":\"a\"}]}");
    var results =
        Files.writeString(
            dir.resolve("dt.json"),
            "[{\"image_id\":7,\"category_id\":1,\"bbox\":[1,2,3,4],\"score\":1}]");
    var truths = CocoJson.truths(empty);
    assertThatThrownBy(() -> truths.boxes(results)).hasMessageContaining("picture 7");
  }
}
