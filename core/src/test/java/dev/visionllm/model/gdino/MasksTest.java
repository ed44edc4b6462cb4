package dev.visionllm.model.gdino;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.geometry.Mask;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The mask branch and what is made of its masks, against naive loops. */
class MasksTest {
  private static final double ATOL = 2e-5;
  private static final int PASS = Configs.MASKS.maxTextLen();

  private PointerScope scope;
  private Params p;
  private GroundingDino model;

  @BeforeEach
  void open() {
    scope = TensorScope.open();
    p = Configs.random(7);
    model = new GroundingDino(p.at("gdino"), Configs.MASKS);
  }

  @AfterEach
  void close() {
    scope.close();
    p.close();
  }

  private static Frame frame(int width, int height, int resizedWidth, int resizedHeight) {
    return new Frame(
        new Detections.Size(width, height), new Detections.Size(resizedWidth, resizedHeight));
  }

  private GroundingDino.Output run(int b, int classes) {
    Tensor pixels = Configs.noise(1, b, 3, 64, 96);
    return model.forward(pixels, null, Configs.noise(3, b, classes, 4, 20), null, null, false);
  }

  @Test
  void masksOfSomeQueriesAreRowsOfAll() {
    GroundingDino.Output out = run(2, 3);
    Masks masks = model.masks(out);
    Tensor all = masks.last();
    assertThat(all.shape()).containsExactly(2, Configs.MASKS.queries(), 16, 24);
    Tensor some = masks.last(Tensors.of(new long[] {3, 0, 3, 1, 11, 5}, 2, 3));
    int[][] rows = {{3, 0, 3}, {1, 11, 5}};
    for (int b = 0; b < 2; b++) {
      for (int k = 0; k < 3; k++) {
        check(all.select(0, b).select(0, rows[b][k]), some.select(0, b).select(0, k));
      }
    }
    check(all, masks.layer(out.layers().size() - 1));
  }

  @Test
  void picturesOfABatchDoNotMix() {
    Tensor pixels = Configs.noise(1, 2, 3, 64, 96);
    Tensor text = Configs.noise(3, 2, 3, 4, 20);
    Masks both = model.masks(model.forward(pixels, null, text, null, null, false));
    for (int b = 0; b < 2; b++) {
      GroundingDino.Output alone =
          model.forward(
              F.slice(pixels, 0, b, b + 1), null, F.slice(text, 0, b, b + 1), null, null, false);
      check(model.masks(alone).last(), F.slice(both.last(), 0, b, b + 1));
      check(model.masks(alone).encoder(), F.slice(both.encoder(), 0, b, b + 1));
    }
  }

  /** Denoising queries do not change the answer's masks, and have masks of their own. */
  @Test
  void denoisingQueriesHaveMasks() {
    Target target =
        new Target(new int[] {0, 2}, new float[][] {{.5f, .5f, .2f, .3f}, {.3f, .3f, .2f, .2f}});
    Denoising dn =
        Denoising.draw(
                List.of(target),
                new Denoising.Settings(4, 0.5, 1),
                3,
                Configs.MASKS.queries(),
                new SplittableRandom(1))
            .orElseThrow();
    Tensor pixels = Configs.noise(1, 1, 3, 64, 96);
    Tensor text = Configs.noise(3, 1, 3, 4, 20);
    Masks with = model.masks(model.forward(pixels, null, text, null, dn, false));
    Masks without = model.masks(model.forward(pixels, null, text, null, null, false));
    for (int i = 0; i < Configs.MASKS.decoderLayers(); i++) {
      check(without.layer(i), with.layer(i));
      assertThat(with.denoising(i).shape()).containsExactly(1, dn.count(), 16, 24);
      assertThat(with.denoising(i).isfinite().all().item_bool()).isTrue();
    }
  }

  @Test
  void gradientsReachEveryParameter() {
    p.taken().values().stream()
        .filter(Tensor::is_floating_point)
        .forEach(t -> t.requires_grad_(true));
    GroundingDino.Output out = run(2, 3);
    Masks masks = model.masks(out);
    Tensor loss = masks.encoder().square().sum().add(out.encoder().boxes().sum());
    for (int i = 0; i < out.layers().size(); i++) {
      loss = loss.add(masks.layer(i).square().sum()).add(out.layers().get(i).boxes().sum());
    }
    loss.backward();
    List<String> without = new ArrayList<>();
    p.taken()
        .forEach(
            (name, t) -> {
              if (t.is_floating_point() && name.contains("mask_") && !t.grad().defined()) {
                without.add(name);
              }
            });
    assertThat(without).isEmpty();
  }

  @Test
  void halfPrecisionStaysNear() {
    Params source = p;
    try (Params half =
        new Params((name, shape) -> source.taken().get(name).to(ScalarType.BFloat16))) {
      GroundingDino same = new GroundingDino(half.at("gdino"), Configs.MASKS);
      Tensor exact = model.masks(run(1, 3)).features();
      GroundingDino.Output out =
          same.forward(
              Configs.noise(1, 1, 3, 64, 96).to(ScalarType.BFloat16),
              null,
              Configs.noise(3, 1, 3, 4, 20).to(ScalarType.BFloat16),
              null,
              null,
              false);
      Masks masks = same.masks(out);
      assertThat(masks.last().scalar_type().intern()).isEqualTo(ScalarType.Float);
      double apart = masks.features().to(ScalarType.Float).sub(exact).norm().item_double();
      assertThat(apart / exact.norm().item_double()).isLessThan(0.05);
    }
  }

  @Test
  void instancesEqualNaiveLoops() {
    GroundingDino.Output out = run(2, 3);
    List<Frame> frames = List.of(frame(71, 55, 90, 60), frame(130, 90, 96, 64));
    Detections settings = new Detections(9, 0);
    List<List<Instance>> found = new Instances(settings).of(model, out, frames);
    List<List<Detection>> boxes =
        settings.of(out.last(), frames.stream().map(Frame::original).toList());
    float[] logits = Tensors.floats(out.last().logits());
    for (int b = 0; b < 2; b++) {
      assertThat(found.get(b).stream().map(Instance::detection).toList()).isEqualTo(boxes.get(b));
      int[] queries = naiveQueries(logits, b, 9);
      for (int k = 0; k < 9; k++) {
        Tensor mask = model.masks(out).last().select(0, b).select(0, queries[k]);
        double[][] full = naive(mask, frames.get(b));
        Mask got = found.get(b).get(k).mask().toMask();
        double sum = 0;
        for (int y = 0; y < full.length; y++) {
          for (int x = 0; x < full[y].length; x++) {
            if (Math.abs(full[y][x]) > 1e-4) {
              assertThat(got.get(x, y)).as("%d %d: %d, %d", b, k, x, y).isEqualTo(full[y][x] > 0);
            }
            sum += got.get(x, y) ? 1 / (1 + Math.exp(-full[y][x])) : 0;
          }
        }
        double mean = got.isEmpty() ? 0 : sum / got.area();
        assertThat(found.get(b).get(k).certainty()).isCloseTo(mean, within(1e-5));
      }
    }
  }

  @Test
  void instancesOfSeveralPassesAreThoseOfEach() {
    Tensor pixels = Configs.noise(1, 2, 3, 64, 96);
    Features f = model.features(pixels, null, false);
    Tensor text = Configs.noise(3, 2, PASS + 3, 4, 20);
    List<Frame> frames = List.of(frame(71, 55, 90, 60), frame(130, 90, 96, 64));
    List<List<Instance>> all =
        new Instances(new Detections(1000, 0)).find(model, f, text, null, frames);
    assertThat(all).allMatch(l -> l.size() == Configs.MASKS.queries() * (PASS + 3));
    GroundingDino.Output late =
        model.decode(f, model.project(F.slice(text, 1, PASS, PASS + 3)), null, null, false);
    List<List<Instance>> part = new Instances(new Detections(1000, 0)).of(model, late, frames);
    for (int b = 0; b < 2; b++) {
      List<Instance> rest =
          all.get(b).stream().filter(i -> i.detection().classIndex() >= PASS).toList();
      assertThat(rest.stream().map(Instance::mask).toList())
          .isEqualTo(part.get(b).stream().map(Instance::mask).toList());
    }
    List<List<Instance>> best =
        new Instances(new Detections(5, 0)).find(model, f, text, null, frames);
    for (int b = 0; b < 2; b++) {
      for (int k = 0; k < 5; k++) { // scores may differ in their last digit
        Instance one = all.get(b).get(k);
        assertThat(best.get(b).get(k).mask()).isEqualTo(one.mask());
        assertThat(best.get(b).get(k).detection().box()).isEqualTo(one.detection().box());
        assertThat(best.get(b).get(k).detection().classIndex())
            .isEqualTo(one.detection().classIndex());
      }
    }
  }

  @Test
  void picturesWithoutCandidatesHaveNoInstances() {
    GroundingDino.Output out = run(1, 3);
    Frame frame = frame(96, 64, 96, 64);
    assertThat(new Instances(new Detections(10, 1)).of(model, out, List.of(frame)))
        .containsExactly(List.of());
  }

  @Test
  void overlappingBoxesOfAClassGo() {
    Tensor near = F.scale(Configs.noise(8, 1, 12, 4), 0.05).add(new Scalar(0.4));
    GroundingDino.Prediction prediction =
        new GroundingDino.Prediction(Configs.noise(9, 1, 12, 3), near, null);
    List<Detections.Size> size = List.of(new Detections.Size(96, 64));
    List<Detection> all = new Detections(30, 0).of(prediction, size).get(0);
    List<Detection> some = new Detections(30, 0, 0.6).of(prediction, size).get(0);
    assertThat(some).hasSizeBetween(1, all.size() - 1);
    assertThat(all).containsAll(some);
    for (Detection d : all) {
      boolean covered =
          some.stream()
              .anyMatch(
                  s ->
                      s.classIndex() == d.classIndex()
                          && s.score() >= d.score()
                          && s.box().iou(d.box()) > 0.6);
      assertThat(covered || some.contains(d)).isTrue();
    }
    for (int i = 0; i < some.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (some.get(i).classIndex() == some.get(j).classIndex()) {
          assertThat(some.get(i).box().iou(some.get(j).box())).isLessThanOrEqualTo(0.6);
        }
      }
    }
    // boxes of random weights are thin: those that stay have their masks, in the same order
    GroundingDino.Output out = run(1, 3);
    Detections once = new Detections(36, 0, 0);
    List<Detection> kept = once.of(out.last(), size).get(0);
    assertThat(kept).hasSizeBetween(1, 35);
    assertThat(
            new Instances(once)
                .of(model, out, List.of(frame(96, 64, 96, 64))).get(0).stream()
                    .map(Instance::detection)
                    .toList())
        .isEqualTo(kept);
  }

  @Test
  void semanticMapsEqualNaiveLoopsInBothOrdersWhateverFitsMemory() {
    Tensor logits = Configs.noise(4, 7, 5);
    Tensor masks = F.scale(Configs.noise(5, 7, 6, 8), 3);
    Frame frame = frame(37, 29, 30, 22);
    float[] p = Tensors.floats(logits.sigmoid());
    double[][][] sums = new double[2][5][]; // by order, class, pixel
    for (int c = 0; c < 5; c++) {
      double[] ofMasks = new double[37 * 29];
      Tensor scores = torch.zeros(6, 8);
      for (int q = 0; q < 7; q++) {
        double[][] full = naive(masks.select(0, q).sigmoid(), frame);
        for (int i = 0; i < ofMasks.length; i++) {
          ofMasks[i] += p[q * 5 + c] * full[i / 37][i % 37];
        }
        scores = scores.add(F.scale(masks.select(0, q).sigmoid(), p[q * 5 + c]));
      }
      sums[0][c] = ofMasks;
      double[][] full = naive(scores, frame);
      sums[1][c] = new double[ofMasks.length];
      for (int i = 0; i < ofMasks.length; i++) {
        sums[1][c][i] = full[i / 37][i % 37];
      }
    }
    for (SemanticMaps.Order order : SemanticMaps.Order.values()) {
      SemanticMaps settings = new SemanticMaps(order, 0);
      LabelMap map = settings.of(logits, masks, frame);
      double[][] scores = sums[order == SemanticMaps.Order.MASKS ? 0 : 1];
      for (int i = 0; i < 37 * 29; i++) {
        double best = Math.max(scores[0][i], Math.max(scores[1][i], scores[2][i]));
        best = Math.max(best, Math.max(scores[3][i], scores[4][i]));
        assertThat(scores[map.get(i % 37, i / 37)][i]).isCloseTo(best, within(1e-5));
      }
      assertThat(settings.of(logits, masks, frame, 1)).isEqualTo(map);
      assertThat(settings.of(logits, masks, frame, 37 * 29 * 2)).isEqualTo(map);
      double middle = scores[map.get(18, 14)][14 * 37 + 18];
      LabelMap sure = new SemanticMaps(order, middle - 1e-3).of(logits, masks, frame);
      assertThat(sure.get(18, 14)).isEqualTo(map.get(18, 14));
      LabelMap surer = new SemanticMaps(order, middle + 1e-3).of(logits, masks, frame);
      assertThat(surer.get(18, 14)).isEqualTo(LabelMap.NONE);
    }
  }

  @Test
  void semanticMapsOfSeveralPassesTakeTheBestOfAll() {
    Features f = model.features(Configs.noise(1, 1, 3, 64, 96), null, false);
    Tensor text = Configs.noise(3, 1, PASS + 3, 4, 20);
    boolean[] asked = new boolean[PASS + 3];
    for (int i = 0; i < asked.length; i++) {
      asked[i] = i != 2 && i != PASS;
    }
    Tensor mask = Tensors.of(asked, 1, PASS + 3);
    List<Frame> frames = List.of(frame(96, 64, 96, 64));
    LabelMap map = SemanticMaps.ADE20K.find(model, f, text, mask, frames).get(0);
    assertThat(map.areas()).doesNotContainKeys(LabelMap.NONE, 2, PASS);
    assertThat(map.areas().values().stream().mapToInt(i -> i).sum()).isEqualTo(96 * 64);
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> Configs.withMasks(Configs.SMALL, 0, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mask dimension");
    assertThatThrownBy(() -> Configs.withMasks(Configs.SMALL, 16, 5)).hasMessageContaining("5");
    assertThatThrownBy(() -> new Detections(1, 0, 1.5)).hasMessageContaining("1.5");
    assertThatThrownBy(() -> new SemanticMaps(SemanticMaps.Order.MASKS, -1))
        .hasMessageContaining("-1");
    Frame large = frame(50, 50, 97, 64);
    assertThatThrownBy(() -> large.toOriginal(torch.zeros(1, 16, 24)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("97 x 64");
    Features f = model.features(Configs.noise(1, 1, 3, 64, 96), null, false);
    Tensor text = Configs.noise(3, 1, 2, 4, 20);
    assertThatThrownBy(() -> Instances.COCO.find(model, f, text, null, List.of(large, large)))
        .hasMessageContaining("2 sizes");
    try (Params other = Configs.random(7)) {
      GroundingDino bare = new GroundingDino(other.at("gdino"), Configs.SMALL);
      Tensor pixels = Configs.noise(1, 1, 3, 64, 96);
      GroundingDino.Output out = bare.forward(pixels, null, text, null, null, false);
      assertThatThrownBy(() -> bare.masks(out))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("no mask branch");
    }
  }

  @Test
  void nothingLeaks() {
    NoLeaks.assertFlat(
        () -> {
          Features f = model.features(Configs.noise(1, 1, 3, 64, 96), null, false);
          Tensor text = Configs.noise(3, 1, PASS + 2, 4, 20);
          List<Frame> frames = List.of(frame(50, 40, 90, 64));
          assertThat(Instances.COCO.find(model, f, text, null, frames).get(0)).isNotEmpty();
          SemanticMaps.ADE20K.find(model, f, text, null, frames);
          new SemanticMaps(SemanticMaps.Order.SCORES, 0).find(model, f, text, null, frames);
        });
  }

  /** Queries of the best pairs of query and class, best first. */
  private static int[] naiveQueries(float[] logits, int b, int n) {
    int size = Configs.MASKS.queries() * 3;
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      order.add(i);
    }
    order.sort((i, j) -> Float.compare(logits[b * size + j], logits[b * size + i]));
    return order.stream().limit(n).mapToInt(i -> i / 3).toArray();
  }

  /** To four times the size, cut, to the original size: two plain bilinear interpolations. */
  private static double[][] naive(Tensor mask, Frame frame) {
    int h = (int) mask.size(0);
    int w = (int) mask.size(1);
    float[] flat = Tensors.floats(mask);
    double[][] small = new double[h][w];
    for (int i = 0; i < flat.length; i++) {
      small[i / w][i % w] = flat[i];
    }
    double[][] input = resize(small, w, h, 4 * w, 4 * h);
    return resize(
        input,
        frame.resized().width(),
        frame.resized().height(),
        frame.original().width(),
        frame.original().height());
  }

  private static double[][] resize(double[][] from, int w, int h, int width, int height) {
    double[][] to = new double[height][width];
    for (int y = 0; y < height; y++) {
      double sy = Math.max(0, (y + 0.5) * h / height - 0.5);
      int y0 = (int) sy;
      int y1 = Math.min(y0 + 1, h - 1);
      for (int x = 0; x < width; x++) {
        double sx = Math.max(0, (x + 0.5) * w / width - 0.5);
        int x0 = (int) sx;
        int x1 = Math.min(x0 + 1, w - 1);
        double top = from[y0][x0] + (sx - x0) * (from[y0][x1] - from[y0][x0]);
        double foot = from[y1][x0] + (sx - x0) * (from[y1][x1] - from[y1][x0]);
        to[y][x] = top + (sy - y0) * (foot - top);
      }
    }
    return to;
  }

  private static void check(Tensor expected, Tensor actual) {
    Golden.check("masks", "", expected, actual, ATOL);
  }
}
