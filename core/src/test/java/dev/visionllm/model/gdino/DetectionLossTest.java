package dev.visionllm.model.gdino;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.NoLeaks;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DetectionLossTest {
  private static final DetectionLoss PAPER = new DetectionLoss(DetectionLoss.Config.PAPER);
  private static final Target TWO =
      new Target(new int[] {2, 0}, new float[][] {{.3f, .3f, .2f, .2f}, {.7f, .6f, .4f, .3f}});

  private PointerScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void noObjectAnywhereGivesAFiniteLossThatSilencesQueries() {
    Tensor logits = torch.randn(1, 2, 5, 3).set_requires_grad(true);
    DetectionLoss.Result result = judge(logits, torch.rand(1, 2, 5, 4), Target.NONE, Target.NONE);
    result.total().backward();
    assertThat(result.parts().get("loss_ce")).isPositive();
    assertThat(result.parts().get("loss_bbox")).isZero();
    assertThat(result.parts().get("loss_giou")).isZero();
    for (float g : Tensors.floats(logits.grad())) {
      assertThat(g).isPositive().isFinite();
    }
  }

  @Test
  void aPictureWithoutObjectsBesideOneWithSome() {
    Tensor logits = torch.randn(1, 2, 5, 3).set_requires_grad(true);
    Tensor boxes = torch.rand(1, 2, 5, 4).set_requires_grad(true);
    DetectionLoss.Result result = judge(logits, boxes, Target.NONE, TWO);
    result.total().backward();
    assertThat(result.total().item_float()).isFinite();
    float[] gradient = Tensors.floats(boxes.grad());
    assertThat(Arrays.copyOf(gradient, 20)).containsOnly(0); // nothing to place in picture 0
    assertThat(Arrays.copyOfRange(gradient, 20, 40)).doesNotContain(Float.NaN);
  }

  @Test
  void moreObjectsThanQueriesMatchAsManyAsThereAre() {
    int[][][] match =
        PAPER.match(
            new DetectionLoss.Heads(List.of(""), torch.randn(1, 1, 1, 3), torch.rand(1, 1, 1, 4)),
            List.of(TWO),
            null);
    assertThat(match[0][0]).hasSize(1).doesNotContain(-1);
    assertThat(judge(torch.randn(1, 1, 1, 3), torch.rand(1, 1, 1, 4), TWO).total().item_float())
        .isFinite();
  }

  @Test
  void thePerfectAnswerCostsAlmostNothing() {
    float[] logits = new float[2 * 3];
    Arrays.fill(logits, -20);
    logits[2] = 20;
    logits[3] = 20;
    Tensor boxes = Tensors.of(new float[] {.3f, .3f, .2f, .2f, .7f, .6f, .4f, .3f}, 1, 1, 2, 4);
    double total = judge(Tensors.of(logits, 1, 1, 2, 3), boxes, TWO).total().item_double();
    assertThat(total).isCloseTo(0, within(1e-5));
  }

  @Test
  void permutedQueriesCostTheSame() {
    Tensor logits = torch.randn(1, 1, 6, 3);
    Tensor boxes = torch.sigmoid(torch.randn(1, 1, 6, 4));
    Tensor order = Tensors.of(new long[] {3, 1, 5, 0, 2, 4}, 6);
    double straight = judge(logits, boxes, TWO).total().item_double();
    double permuted =
        judge(logits.index_select(2, order), boxes.index_select(2, order), TWO)
            .total()
            .item_double();
    assertThat(permuted).isCloseTo(straight, within(1e-4));
  }

  @Test
  void refusesAnObjectThatThePromptLacks() {
    Tensor mask = Tensors.of(new boolean[] {true, true, false}, 1, 3);
    DetectionLoss.Heads heads =
        new DetectionLoss.Heads(List.of(""), torch.randn(1, 1, 4, 3), torch.rand(1, 1, 4, 4));
    assertThatThrownBy(() -> PAPER.of(heads, null, null, null, mask, List.of(TWO)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("class position 2");
    assertThatThrownBy(() -> Target.of(new long[] {7}, Map.of(8L, 0), new float[1][4]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("class id 7");
  }

  @Test
  void everyObjectGetsTokensThatFitIt() {
    float[] anchors = anchors(32, 16, 8, 4);
    int n = anchors.length / 4;
    Random random = new Random(4);
    for (int run = 0; run < 50; run++) {
      float side = 0.04f + 0.6f * random.nextFloat();
      float x = 0.1f + 0.8f * random.nextFloat();
      float y = 0.1f + 0.8f * random.nextFloat();
      Target target = new Target(new int[1], new float[][] {{x, y, side, side}});
      int[] owners = DenseAssignment.assign(anchors, List.of(target), n)[0];
      int[] mine = IntStream.range(0, n).filter(i -> owners[i] == 0).toArray();
      assertThat(mine.length).isBetween(1, DenseAssignment.TOKENS + 1);
      for (int i : mine) {
        assertThat(Float.isInfinite(anchors[4 * i])).isFalse();
        double octaves = Math.abs(Math.log(sigmoid(anchors[4 * i + 2]) / side) / Math.log(2));
        assertThat(octaves).isLessThanOrEqualTo(DenseAssignment.OCTAVES);
      }
    }
  }

  @Test
  void theSmallerObjectKeepsItsTokens() {
    float[] anchors = anchors(32, 16, 8, 4);
    Target nested =
        new Target(new int[2], new float[][] {{.5f, .5f, .06f, .06f}, {.5f, .5f, .07f, .07f}});
    int[] owners = DenseAssignment.assign(anchors, List.of(nested), anchors.length / 4)[0];
    assertThat(Arrays.stream(owners).filter(o -> o == 0).count()).isPositive();
  }

  @Test
  void theDenseLossTeachesTokensDirectly() {
    float[] flat = anchors(16, 8, 4, 2);
    int n = flat.length / 4;
    Tensor anchors = Tensors.of(flat, 1, n, 4);
    Tensor logits = torch.full(new long[] {1, n, 3}, new Scalar(-2.0)).set_requires_grad(true);
    Tensor move = torch.zeros(1, n, 4).set_requires_grad(true);
    DetectionLoss loss = new DetectionLoss(DetectionLoss.Config.PAPER.withDense(0.5));
    List<Double> totals = new ArrayList<>();
    DetectionLoss.Heads heads =
        new DetectionLoss.Heads(List.of(""), torch.randn(1, 1, 4, 3), torch.rand(1, 1, 4, 4));
    for (int step = 0; step < 60; step++) {
      DetectionLoss.Tokens tokens = new DetectionLoss.Tokens(logits, anchors.add(move), anchors);
      DetectionLoss.Result result = loss.of(heads, null, null, tokens, all(1), List.of(TWO));
      totals.add(
          result.parts().get("loss_ce_dense")
              + result.parts().get("loss_bbox_dense")
              + result.parts().get("loss_giou_dense"));
      result.total().backward();
      for (Tensor t : List.of(logits, move)) {
        assertThat(Tensors.floats(t.grad())).doesNotContain(Float.NaN);
        t.detach().sub_(torch.sign(t.grad()), new Scalar(0.05));
        t.mutable_grad().reset();
      }
    }
    assertThat(totals.get(59)).isLessThan(0.3 * totals.get(0));
  }

  @Test
  void theSameSeedDrawsTheSameNoise() {
    Denoising.Settings s = new Denoising.Settings(10, 0.5, 1);
    Denoising a = Denoising.draw(List.of(TWO, Target.NONE), s, 3, 4, new Random(1)).orElseThrow();
    Denoising b = Denoising.draw(List.of(TWO, Target.NONE), s, 3, 4, new Random(1)).orElseThrow();
    assertThat(a.groups()).isEqualTo(5);
    assertThat(a.count()).isEqualTo(20);
    assertThat(Tensors.floats(a.boxes())).isEqualTo(Tensors.floats(b.boxes()));
    assertThat(Tensors.longs(a.labels())).isEqualTo(Tensors.longs(b.labels()));
    assertThat(Arrays.copyOfRange(Tensors.longs(a.labels()), 20, 40)).containsOnly(-1);
    assertThat(Denoising.draw(List.of(Target.NONE), s, 3, 4, new Random(1))).isEmpty();
    Denoising.Settings off = new Denoising.Settings(0, 0.5, 1);
    assertThat(Denoising.draw(List.of(TWO), off, 3, 4, new Random(1))).isEmpty();
  }

  @Test
  void aStepLeavesNothingBehind() {
    NoLeaks.assertFlat(
        () -> {
          Tensor logits = torch.randn(2, 1, 5, 3).set_requires_grad(true);
          Tensor boxes = torch.sigmoid(torch.randn(2, 1, 5, 4));
          judge(logits, boxes, TWO).total().backward();
          Denoising.draw(List.of(TWO), Denoising.Settings.REFERENCE, 3, 4, new Random(1));
        });
  }

  private static DetectionLoss.Result judge(Tensor logits, Tensor boxes, Target... targets) {
    List<String> names =
        IntStream.range(0, (int) logits.size(0)).mapToObj(i -> i == 0 ? "" : "_" + i).toList();
    return PAPER.of(
        new DetectionLoss.Heads(names, logits, boxes),
        null,
        null,
        null,
        all(targets.length),
        List.of(targets));
  }

  private static Tensor all(int pictures) {
    boolean[] yes = new boolean[3 * pictures];
    Arrays.fill(yes, true);
    return Tensors.of(yes, pictures, 3);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Proposals of square levels, as the two-stage detector makes them; near the border infinite. */
  private static float[] anchors(int... sides) {
    int n = Arrays.stream(sides).map(s -> s * s).sum();
    float[] out = new float[4 * n];
    int at = 0;
    for (int level = 0; level < sides.length; level++) {
      int side = sides[level];
      for (int i = 0; i < side * side; i++) {
        double[] box = {
          (i % side + 0.5) / side, (i / side + 0.5) / side, 0.05 * (1 << level), 0.05 * (1 << level)
        };
        boolean usable = Arrays.stream(box).allMatch(v -> v > 0.01 && v < 0.99);
        for (double v : box) {
          out[at++] = usable ? (float) Math.log(v / (1 - v)) : Float.POSITIVE_INFINITY;
        }
      }
    }
    return out;
  }
}
