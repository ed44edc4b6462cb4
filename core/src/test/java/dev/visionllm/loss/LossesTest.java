package dev.visionllm.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.NoLeaks;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LossesTest {
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
  void focalLossIsItsFormula() {
    float[] x = {-3, -0.5f, 0, 2, 30, -30};
    float[] t = {0, 1, 1, 0, 1, 1};
    float[] loss = Tensors.floats(Focal.sigmoid(Tensors.of(x, 6), Tensors.of(t, 6), null, 0.25, 2));
    for (int i = 0; i < 6; i++) {
      double p = 1 / (1 + Math.exp(-x[i]));
      double pt = t[i] == 1 ? p : 1 - p;
      double at = t[i] == 1 ? 0.25 : 0.75;
      double expected = -at * Math.pow(1 - pt, 2) * Math.log(pt);
      assertThat((double) loss[i]).isCloseTo(expected, within(1e-5 * Math.max(1, expected)));
    }
  }

  @Test
  void focalLossLeavesOutWhatIsNotValid() {
    Tensor x =
        Tensors.of(new float[] {0.5f, Float.NEGATIVE_INFINITY}, 1, 2).set_requires_grad(true);
    Tensor valid = Tensors.of(new boolean[] {true, false}, 1, 2);
    Tensor loss = Focal.sigmoid(x, Tensors.of(new float[2], 1, 2), valid, 0.25, 2);
    loss.sum().backward();
    assertThat(Tensors.floats(loss)[1]).isZero();
    assertThat(Tensors.floats(x.grad())[0]).isPositive();
    assertThat(Tensors.floats(x.grad())[1]).isZero();
  }

  @Test
  void giouAgreesWithALoopOverPairs() {
    Random random = new Random(1);
    double[][] a = boxes(random, 5);
    double[][] b = boxes(random, 7);
    float[] matrix = Tensors.floats(Boxes.giouMatrix(tensor(a), tensor(b)));
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 7; j++) {
        assertThat((double) matrix[i * 7 + j]).isCloseTo(giou(a[i], b[j]), within(1e-5));
      }
    }
    float[] same = Tensors.floats(Boxes.giou(tensor(a), tensor(a)));
    assertThat(same).hasSize(5);
    for (float s : same) {
      assertThat(s).isCloseTo(1, within(1e-5f));
    }
  }

  @Test
  void giouOfPointsIsFiniteAndSoIsItsGradient() {
    Tensor point = Tensors.of(new float[] {0.5f, 0.5f, 0, 0}, 1, 4).set_requires_grad(true);
    Tensor giou = Boxes.giou(point, Tensors.of(new float[] {0.5f, 0.5f, 0, 0}, 1, 4));
    giou.sum().backward();
    assertThat(Float.isFinite(giou.item_float())).isTrue();
    for (float g : Tensors.floats(point.grad())) {
      assertThat(Float.isFinite(g)).isTrue();
    }
  }

  @Test
  void cornersAndCentreAreInverse() {
    Tensor boxes = tensor(boxes(new Random(2), 9));
    float[] back = Tensors.floats(Boxes.centred(Boxes.corners(boxes)));
    assertThat(back).containsExactly(Tensors.floats(boxes), within(1e-6f));
    assertThat(Tensors.floats(Boxes.l1(boxes, boxes.add(new Scalar(0.25)))))
        .containsOnly(new float[] {1}, within(1e-5f));
  }

  @Test
  void languageLossOfHiddenStatesEqualsThatOfAllLogits() {
    Tensor hidden = torch.randn(2, 6, 8).set_requires_grad(true);
    Tensor lmHead = torch.randn(11, 8).set_requires_grad(true);
    Tensor labels =
        Tensors.of(new long[] {-100, 1, 2, -100, 4, -100, 7, -100, -100, -100, -100, 10}, 2, 6);
    Tensor all = LanguageLoss.ofLogits(torch.linear(hidden, lmHead), labels);
    all.backward();
    float[] hiddenGradient = Tensors.floats(hidden.grad());
    float[] headGradient = Tensors.floats(lmHead.grad());
    hidden.mutable_grad().zero_();
    lmHead.mutable_grad().zero_();
    Tensor few = LanguageLoss.ofHidden(hidden, lmHead, labels);
    few.backward();
    assertThat(few.item_float()).isCloseTo(all.item_float(), within(1e-6f));
    assertThat(Tensors.floats(hidden.grad())).containsExactly(hiddenGradient, within(1e-6f));
    assertThat(Tensors.floats(lmHead.grad())).containsExactly(headGradient, within(1e-6f));
    // the mean over positions 1, 2, 4 of row 0 and 5 of row 1: label 7 is a first token, never due
    float[] logSoftmax = Tensors.floats(torch.log_softmax(torch.linear(hidden, lmHead), -1));
    double expected = 0;
    int[][] due = {{0, 1}, {1, 2}, {3, 4}, {6 + 4, 10}};
    for (int[] d : due) {
      expected -= logSoftmax[d[0] * 11 + d[1]] / 4;
    }
    assertThat((double) few.item_float()).isCloseTo(expected, within(1e-5));
  }

  @Test
  void nothingSupervisedCostsNothing() {
    Tensor hidden = torch.randn(1, 3, 4).set_requires_grad(true);
    Tensor labels = Tensors.of(new long[] {5, -100, -100}, 1, 3);
    Tensor loss = LanguageLoss.ofHidden(hidden, torch.randn(7, 4), labels);
    assertThat(loss.item_float()).isZero();
    loss.backward();
    assertThat(Tensors.floats(hidden.grad())).containsOnly(0);
    assertThat(LanguageLoss.ofLogits(torch.randn(1, 3, 7), labels).item_float()).isZero();
  }

  @Test
  void superLinkPositionsAreIgnored() {
    Tensor labels = Tensors.of(new long[] {3, 18, 19, 4}, 1, 4);
    assertThat(Tensors.longs(LanguageLoss.ignoring(labels, 18, 19)))
        .containsExactly(3, -100, -100, 4);
    assertThat(Tensors.longs(labels)).containsExactly(3, 18, 19, 4);
  }

  @Test
  void lossesLeaveNothingBehind() {
    NoLeaks.assertFlat(
        () -> {
          Tensor x = torch.randn(2, 5, 4).set_requires_grad(true);
          Tensor labels = Tensors.of(new long[10], 2, 5);
          Tensor loss = LanguageLoss.ofHidden(x, torch.randn(6, 4), labels);
          loss = loss.add(Boxes.giou(torch.sigmoid(x), torch.sigmoid(x)).sum());
          loss = loss.add(Focal.sigmoid(x, torch.zeros_like(x), null, 0.25, 2).sum());
          loss.backward();
        });
  }

  private static double giou(double[] a, double[] b) {
    double w = overlap(a[0], a[2], b[0], b[2]);
    double h = overlap(a[1], a[3], b[1], b[3]);
    double both = Math.max(0, w) * Math.max(0, h);
    double union = a[2] * a[3] + b[2] * b[3] - both;
    double hull = hull(a[0], a[2], b[0], b[2]) * hull(a[1], a[3], b[1], b[3]);
    return both / union - (hull - union) / hull;
  }

  private static double overlap(double c0, double s0, double c1, double s1) {
    return Math.min(c0 + s0 / 2, c1 + s1 / 2) - Math.max(c0 - s0 / 2, c1 - s1 / 2);
  }

  private static double hull(double c0, double s0, double c1, double s1) {
    return Math.max(c0 + s0 / 2, c1 + s1 / 2) - Math.min(c0 - s0 / 2, c1 - s1 / 2);
  }

  private static double[][] boxes(Random random, int n) {
    double[][] boxes = new double[n][4];
    for (double[] b : boxes) {
      b[0] = random.nextDouble();
      b[1] = random.nextDouble();
      b[2] = 0.05 + random.nextDouble() / 2;
      b[3] = 0.05 + random.nextDouble() / 2;
    }
    return boxes;
  }

  private static Tensor tensor(double[][] boxes) {
    float[] flat = new float[boxes.length * 4];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) boxes[i / 4][i % 4];
    }
    return Tensors.of(flat, boxes.length, 4);
  }
}
