package dev.visionllm.model.gdino;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
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

class GroundingDinoTest {
  private static final double ATOL = 2e-5;

  private PointerScope scope;
  private Params p;
  private GroundingDino model;

  @BeforeEach
  void open() {
    scope = TensorScope.open();
    p = Configs.random(7);
    model = new GroundingDino(p.at("gdino"), Configs.SMALL);
  }

  @AfterEach
  void close() {
    scope.close();
    p.close();
  }

  private GroundingDino.Output run(Tensor pixels, Tensor mask, Tensor text, Tensor textMask) {
    return model.forward(pixels, mask, text, textMask, null, false);
  }

  @Test
  void aPaddedBatchOfTwoEqualsTwoSingles() {
    Tensor a = Configs.noise(1, 1, 3, 64, 96);
    Tensor b = Configs.noise(2, 1, 3, 64, 64);
    Tensor pixels = F.cat(0, a, torch.constant_pad_nd(b, 0, 32));
    Tensor width = Tensors.of(new float[] {96, 64}, 2, 1, 1);
    Tensor mask = torch.arange(new Scalar(96)).view(1, 1, 96);
    mask = mask.lt(width).expand(2, 64, 96);
    Tensor text = Configs.noise(3, 2, 5, 4, 20);
    Tensor textMask =
        Tensors.of(
            new boolean[] {true, true, true, false, false, true, true, true, true, true}, 2, 5);
    GroundingDino.Output both = run(pixels, mask, text, textMask);
    GroundingDino.Output first =
        run(F.slice(pixels, 0, 0, 1), null, F.slice(F.slice(text, 0, 0, 1), 1, 0, 3), null);
    check(
        "logits 0",
        first.last().logits(),
        F.slice(F.slice(both.last().logits(), 0, 0, 1), 2, 0, 3));
    check("boxes 0", first.last().boxes(), F.slice(both.last().boxes(), 0, 0, 1));
    GroundingDino.Output second =
        run(F.slice(pixels, 0, 1, 2), F.slice(mask, 0, 1, 2), F.slice(text, 0, 1, 2), null);
    check("logits 1", second.last().logits(), F.slice(both.last().logits(), 0, 1, 2));
    check("boxes 1", second.last().boxes(), F.slice(both.last().boxes(), 0, 1, 2));
    assertThat(Tensors.floats(F.slice(F.slice(both.last().logits(), 0, 0, 1), 2, 3, 5)))
        .containsOnly(Float.NEGATIVE_INFINITY);
  }

  @Test
  void anAllTrueMaskEqualsNone() {
    Tensor pixels = Configs.noise(1, 1, 3, 64, 96);
    Tensor text = Configs.noise(3, 1, 5, 4, 20);
    Tensor every = torch.ones(1, 64, 96).gt(new Scalar(0));
    GroundingDino.Output with = run(pixels, every, text, torch.ones(1, 5).gt(new Scalar(0)));
    assertThat(with.features().padding()).isNull();
    check("boxes", run(pixels, null, text, null).last().boxes(), with.last().boxes());
  }

  @Test
  void theImageAloneDecidesAboutItsTextMask() {
    Tensor pixels = Configs.noise(1, 1, 3, 64, 64);
    pixels = F.cat(0, pixels, pixels);
    Tensor text = Configs.noise(3, 1, 5, 4, 20);
    text = F.cat(0, text, text);
    Tensor mask =
        Tensors.of(
            new boolean[] {true, true, false, false, false, true, true, true, true, true}, 2, 5);
    GroundingDino.Output both = run(pixels, null, text, mask);
    Tensor other = Tensors.of(new boolean[] {true, true, false, false, false}, 1, 5);
    GroundingDino.Output alone = run(F.slice(pixels, 0, 0, 1), null, F.slice(text, 0, 0, 1), other);
    check("boxes", alone.last().boxes(), F.slice(both.last().boxes(), 0, 0, 1));
  }

  @Test
  void moreClassesThanAPassAreMerged() {
    Tensor pixels = Configs.noise(1, 2, 3, 64, 64);
    int pass = Configs.SMALL.maxTextLen();
    Tensor text = Configs.noise(3, 2, pass + 3, 4, 20);
    boolean[] asked = new boolean[2 * (pass + 3)];
    for (int i = 0; i < asked.length; i++) {
      asked[i] = i < pass + 3 || i < pass + 3 + 4; // the second picture has four classes
    }
    Tensor mask = Tensors.of(asked, 2, pass + 3);
    Features f = model.features(pixels, null, false);
    Detections settings = new Detections(1000, 0);
    List<Detections.Size> sizes =
        List.of(new Detections.Size(64, 64), new Detections.Size(128, 32));
    List<List<Detection>> found = settings.find(model, f, text, mask, sizes);
    assertThat(found.get(0)).hasSize(Configs.SMALL.queries() * (pass + 3));
    assertThat(found.get(1)).hasSize(Configs.SMALL.queries() * 4);
    assertThat(found.get(1)).allMatch(d -> d.classIndex() < 4);
    Tensor rest = model.project(F.slice(F.slice(text, 0, 0, 1), 1, pass, pass + 3));
    GroundingDino.Output second =
        model.decode(
            model.features(F.slice(pixels, 0, 0, 1), null, false), rest, null, null, false);
    List<Detection> late = settings.of(second.last(), sizes.subList(0, 1)).get(0);
    List<Detection> merged = found.get(0).stream().filter(d -> d.classIndex() >= pass).toList();
    assertThat(merged).hasSameSizeAs(late);
    for (int i = 0; i < late.size(); i++) {
      assertThat(merged.get(i).score()).isCloseTo(late.get(i).score(), within());
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    Tensor pixels = Configs.noise(1, 1, 3, 64, 64);
    assertThatThrownBy(() -> run(pixels, null, Configs.noise(3, 1, 9, 4, 20), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("9 classes");
    assertThatThrownBy(
            () ->
                run(pixels, null, Configs.noise(3, 1, 2, 4, 20), Tensors.of(new boolean[2], 1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no class");
    assertThatThrownBy(
            () ->
                run(
                    F.slice(F.slice(pixels, 2, 0, 8), 3, 0, 32),
                    null,
                    Configs.noise(3, 1, 2, 4, 20),
                    null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("queries");
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
    Tensor text = Configs.noise(3, 2, 5, 4, 20).requires_grad_(true);
    GroundingDino.Output out =
        model.forward(Configs.noise(1, 2, 3, 64, 64), null, text, null, null, true);
    Tensor loss = out.encoder().logits().sum().add(out.encoder().boxes().square().sum());
    for (GroundingDino.Prediction l : out.layers()) {
      loss = loss.add(l.logits().square().sum()).add(l.boxes().square().sum());
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
    assertThat(text.grad().defined()).isTrue();
  }

  @Test
  void halfPrecisionStaysNear() {
    Params source = p;
    try (Params half =
        new Params((name, shape) -> source.taken().get(name).to(ScalarType.BFloat16))) {
      GroundingDino same = new GroundingDino(half.at("gdino"), Configs.SMALL);
      Tensor pixels = Configs.noise(1, 1, 3, 64, 64);
      Tensor text = Configs.noise(3, 1, 5, 4, 20);
      Tensor mask = Tensors.of(new boolean[] {true, true, true, true, false}, 1, 5);
      GroundingDino.Output exact = run(pixels, null, text, mask);
      GroundingDino.Output near =
          same.forward(
              pixels.to(ScalarType.BFloat16),
              null,
              text.to(ScalarType.BFloat16),
              mask,
              null,
              false);
      double apart = near.vision().to(ScalarType.Float).sub(exact.vision()).norm().item_double();
      assertThat(apart / exact.vision().norm().item_double()).isLessThan(0.05);
      assertThat(near.last().boxes().isfinite().all().item_bool()).isTrue();
    }
  }

  @Test
  void nothingLeaks() {
    NoLeaks.assertFlat(
        () -> {
          Features f = model.features(Configs.noise(1, 1, 3, 64, 64), null, false);
          Detections.COCO.find(
              model, f, Configs.noise(3, 1, 10, 4, 20), null, List.of(new Detections.Size(64, 64)));
        });
  }

  private static org.assertj.core.data.Offset<Double> within() {
    return org.assertj.core.data.Offset.offset(1e-5);
  }

  private static void check(String name, Tensor expected, Tensor actual) {
    Golden.check("invariants", name, expected, actual, ATOL);
  }
}
