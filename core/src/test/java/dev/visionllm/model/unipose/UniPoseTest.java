package dev.visionllm.model.unipose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UniPoseTest {
  private static final double ATOL = 2e-5;

  /** As deep as the names of a config's text. */
  private static final int TEXT = 16;

  private PointerScope scope;
  private Params p;
  private UniPose model;

  @BeforeEach
  void open() {
    scope = TensorScope.open();
    p = new Params(RandomWeights.of(3));
    model = new UniPose(p.at("unipose"), Configs.small(PoseGroups.Layout.WHOLE));
  }

  @AfterEach
  void close() {
    scope.close();
    p.close();
  }

  private UniPose.Output run(
      Features f, Tensor classes, Tensor classMask, Tensor points, Tensor pointMask) {
    return model.decode(
        f,
        model.projectClasses(classes),
        classMask,
        model.projectPoints(points),
        pointMask,
        null,
        false);
  }

  private static Tensor noise(long seed, long... shape) {
    return RandomWeights.tensor(seed, shape);
  }

  @Test
  void aPaddedBatchOfTwoEqualsTwoSingles() {
    Tensor b = torch.constant_pad_nd(noise(2, 1, 3, 64, 64), 0, 32);
    Tensor pixels = F.cat(0, noise(1, 1, 3, 64, 96), b);
    Tensor width = Tensors.of(new float[] {96, 64}, 2, 1, 1);
    Tensor mask = torch.arange(new Scalar(96)).view(1, 1, 96).lt(width).expand(2, 64, 96);
    Tensor classes = noise(3, 2, 3, 4, TEXT);
    Tensor classMask = Tensors.of(new boolean[] {true, false, false, true, true, true}, 2, 3);
    Tensor points = noise(4, 2, 5, 4, TEXT);
    boolean[] valid = {true, true, false, false, false, true, true, true, true, true};
    Tensor pointMask = Tensors.of(valid, 2, 5);
    UniPose.Output both =
        run(model.features(pixels, mask, false), classes, classMask, points, pointMask);
    int[] names = {1, 3};
    int[] slots = {2, 5};
    for (int i = 0; i < 2; i++) {
      Features f = model.features(F.slice(pixels, 0, i, i + 1), F.slice(mask, 0, i, i + 1), false);
      UniPose.Prediction alone =
          run(
                  f,
                  F.slice(F.slice(classes, 0, i, i + 1), 1, 0, names[i]),
                  null,
                  F.slice(F.slice(points, 0, i, i + 1), 1, 0, slots[i]),
                  null)
              .last();
      UniPose.Prediction here = both.last();
      check(
          "logits " + i,
          alone.logits(),
          F.slice(F.slice(here.logits(), 0, i, i + 1), 2, 0, names[i]));
      check("boxes " + i, alone.boxes(), F.slice(here.boxes(), 0, i, i + 1));
      check("keypoints " + i, alone.keypoints(), F.slice(here.keypoints(), 0, i, i + 1));
    }
  }

  @Test
  void classesWithKeypointsOfTheirOwnAreAnsweredAsIfAlone() {
    Features f = model.features(noise(1, 1, 3, 64, 64), null, false);
    Poses.Request people = new Poses.Request(noise(3, 1, 4, TEXT), noise(4, 6, 4, TEXT));
    Poses.Request animals = new Poses.Request(noise(5, 2, 4, TEXT), noise(6, 20, 4, TEXT));
    Poses settings = new Poses(1000, 0);
    Poses.Size size = new Poses.Size(320, 200);
    List<Pose> all = settings.find(model, f, List.of(people, animals), size);
    int groups = model.config().groups().count();
    assertThat(all).hasSize(groups * 3);
    assertThat(all).isSortedAccordingTo((a, b) -> Double.compare(b.score(), a.score()));
    for (int i = 0; i < 2; i++) {
      int request = i;
      Poses.Request mine = i == 0 ? people : animals;
      List<Pose> alone = settings.find(model, f, List.of(mine), size);
      List<Pose> found = all.stream().filter(x -> x.request() == request).toList();
      assertThat(found).hasSameSizeAs(alone);
      for (int k = 0; k < alone.size(); k++) {
        assertThat(found.get(k).keypoints()).isEqualTo(alone.get(k).keypoints());
        assertThat(found.get(k).keypoints().points()).hasSize((int) mine.keypoints().size(0));
      }
    }
    assertThat(new Poses(4, 0).find(model, f, List.of(people, animals), size))
        .isEqualTo(all.subList(0, 4));
  }

  @Test
  void theLayoutIsUsed() {
    Features f = model.features(noise(1, 1, 3, 64, 64), null, false);
    Tensor classes = noise(3, 1, 2, 4, TEXT);
    Tensor points = noise(4, 1, 5, 4, TEXT);
    UniPose.Output whole = run(f, classes, null, points, null);
    try (Params same = new Params(RandomWeights.of(3))) {
      model = new UniPose(same.at("unipose"), Configs.small(PoseGroups.Layout.REFERENCE));
      UniPose.Output reference = run(f, classes, null, points, null);
      int first = model.config().boxLayers();
      check("before poses", whole.references().get(first), reference.references().get(first));
      Tensor apart = whole.last().keypoints().sub(reference.last().keypoints());
      assertThat(apart.abs().max().item_double()).isGreaterThan(1e-4);
    }
  }

  @Test
  void allLayersComeOut() {
    UniPose.Config c = model.config();
    Features f = model.features(noise(1, 2, 3, 64, 64), null, false);
    UniPose.Output out = run(f, noise(3, 2, 3, 4, TEXT), null, noise(4, 2, 6, 4, TEXT), null);
    assertThat(out.layers()).hasSize(c.decoderLayers());
    for (int i = 0; i < c.decoderLayers(); i++) {
      boolean boxes = i < c.boxLayers();
      UniPose.Prediction layer = out.layers().get(i);
      long n = boxes ? c.queries() : c.groups().count();
      assertThat(layer.logits().shape()).containsExactly(2, n, 3);
      assertThat(layer.boxes().shape()).containsExactly(2, n, 4);
      assertThat(out.states().get(i).size(1)).isEqualTo(boxes ? n : c.groups().queries());
      if (boxes) {
        assertThat(layer.keypoints()).isNull();
      } else {
        assertThat(layer.keypoints().shape()).containsExactly(2, n, c.groups().slots(), 2);
      }
    }
    assertThat(out.encoder().boxes().shape()).containsExactly(2, c.queries(), 4);
  }

  @Test
  void gradientsReachEveryParameterAndTheText() {
    p.taken()
        .forEach(
            (name, t) -> {
              if (t.is_floating_point()) {
                t.requires_grad_(true);
              }
            });
    Tensor classes = noise(3, 2, 3, 4, TEXT).requires_grad_(true);
    Tensor points = noise(4, 2, 6, 4, TEXT).requires_grad_(true);
    UniPose.Output out =
        model.decode(
            model.features(noise(1, 2, 3, 64, 64), null, true),
            model.projectClasses(classes),
            null,
            model.projectPoints(points),
            null,
            null,
            true);
    Tensor loss = out.encoder().logits().sum().add(out.encoder().boxes().square().sum());
    for (UniPose.Prediction l : out.layers()) {
      loss = loss.add(l.logits().square().sum()).add(l.boxes().square().sum());
      if (l.keypoints() != null) {
        loss = loss.add(l.keypoints().square().sum());
      }
    }
    loss.backward();
    List<String> without = new ArrayList<>();
    p.taken()
        .forEach(
            (name, t) -> {
              if (t.is_floating_point() && !t.grad().defined()) {
                without.add(name);
              }
            });
    assertThat(without).isEmpty();
    assertThat(classes.grad().defined()).isTrue();
    assertThat(points.grad().defined()).isTrue();
  }

  @Test
  void halfPrecisionStaysNear() {
    Params source = p;
    try (Params half =
        new Params((name, shape) -> source.taken().get(name).to(ScalarType.BFloat16))) {
      UniPose same = new UniPose(half.at("unipose"), model.config());
      Tensor pixels = noise(1, 1, 3, 64, 64);
      Tensor classes = noise(3, 1, 2, 4, TEXT);
      Tensor points = noise(4, 1, 5, 4, TEXT);
      Tensor exact = run(model.features(pixels, null, false), classes, null, points, null).vision();
      UniPose.Output near =
          same.decode(
              same.features(pixels.to(ScalarType.BFloat16), null, false),
              same.projectClasses(classes.to(ScalarType.BFloat16)),
              null,
              same.projectPoints(points.to(ScalarType.BFloat16)),
              null,
              null,
              false);
      double apart = near.vision().to(ScalarType.Float).sub(exact).norm().item_double();
      assertThat(apart / exact.norm().item_double()).isLessThan(0.05);
      assertThat(near.last().keypoints().isfinite().all().item_bool()).isTrue();
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    Features f = model.features(noise(1, 1, 3, 64, 64), null, false);
    Tensor classes = noise(3, 1, 2, 4, TEXT);
    assertThatThrownBy(() -> run(f, classes, null, noise(4, 1, 21, 4, TEXT), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("21 keypoints");
    Tensor none = Tensors.of(new boolean[2], 1, 2);
    assertThatThrownBy(() -> run(f, classes, none, noise(4, 1, 5, 4, TEXT), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no class");
    Features tiny = model.features(noise(1, 1, 3, 8, 8), null, false);
    assertThatThrownBy(() -> run(tiny, classes, null, noise(4, 1, 5, 4, TEXT), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("box queries");
  }

  @Test
  void nothingLeaks() {
    NoLeaks.assertFlat(
        () -> {
          Tensor pixels = noise(1, 1, 3, 64, 64);
          Tensor mask = torch.arange(new Scalar(64)).lt(new Scalar(48)).expand(1, 64, 64);
          Features f = model.features(pixels, mask, false);
          Poses.Request request = new Poses.Request(noise(3, 2, 4, TEXT), noise(4, 6, 4, TEXT));
          Poses.COCO.find(model, f, List.of(request, request), new Poses.Size(48, 64));
        });
  }

  private static void check(String name, Tensor expected, Tensor actual) {
    Golden.check("invariants", name, expected, actual, ATOL);
  }
}
