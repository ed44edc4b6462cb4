package dev.visionllm.data.figures;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The 68 points of 300W on a face of half-width 1, in the order of the set: along the jaw from the
 * person's right, brows, nose, eyes, lips. Zero is between the eyes' height and the mouth, halfway
 * into the head.
 */
final class FacePoints {
  static final int JAW = 17; // points of it
  static final int RIGHT_BROW = 17;
  static final int LEFT_BROW = 22;
  static final int BRIDGE = 27;
  static final int NOSTRILS = 31;
  static final int RIGHT_EYE = 36;
  static final int LEFT_EYE = 42;
  static final int LIPS = 48;
  static final int INNER_LIPS = 60;
  static final double EYE_HEIGHT = 0.25;

  private static final double[] LIP_X = {-1, -0.62, -0.24, 0, 0.24, 0.62, 1};
  private static final double[] UPPER = {0, 0.7, 1, 0.8, 1, 0.7, 0};
  private static final double[] LOWER = {0, -0.65, -0.95, -1, -0.95, -0.65, 0};

  private final RandomGenerator random;
  private final List<Vec> points = new ArrayList<>();

  private FacePoints(RandomGenerator random) {
    this.random = random;
  }

  static List<Vec> random(RandomGenerator random) {
    FacePoints face = new FacePoints(random);
    face.jaw();
    face.brows();
    face.nose();
    face.eyes();
    face.lips();
    return List.copyOf(face.points);
  }

  private double between(double least, double most) {
    return least + (most - least) * random.nextDouble();
  }

  private void add(double x, double y, double z) {
    points.add(new Vec(x, y, z));
  }

  private void jaw() {
    double chin = between(1.05, 1.4);
    double square = between(0.55, 1);
    double top = EYE_HEIGHT - 0.05;
    for (int i = 0; i < JAW; i++) {
      double angle = Math.PI * i / (JAW - 1);
      double cos = Math.cos(angle);
      double sin = Math.sin(angle);
      double x = -Math.signum(cos) * Math.pow(Math.abs(cos), square);
      add(x, top - (top + chin) * sin, -0.5 + 0.8 * sin);
    }
  }

  private void brows() {
    double height = between(0.48, 0.62);
    double arch = between(0.02, 0.14);
    double slant = between(-0.1, 0.1);
    for (int i = 0; i < 10; i++) {
      int side = i < 5 ? -1 : 1;
      double out = i < 5 ? (4 - i) / 4.0 : (i - 5) / 4.0; // from the nose outwards
      double x = 0.18 + 0.58 * out;
      double y = height + arch * Math.sin(Math.PI * (0.2 + 0.7 * out)) + slant * (out - 0.5);
      add(side * x, y, 0.56 - 0.35 * out * out);
    }
  }

  private void nose() {
    double tip = between(-0.1, -0.28);
    double length = between(0.25, 0.4);
    for (int i = 0; i < 4; i++) {
      double t = i / 3.0;
      add(0, EYE_HEIGHT + 0.03 + (tip - EYE_HEIGHT - 0.03) * t, 0.55 + length * t);
    }
    double wide = between(0.17, 0.27);
    for (int i = -2; i <= 2; i++) {
      double side = Math.abs(i) / 2.0;
      add(wide * i / 2, tip - 0.17 + 0.06 * side, 0.72 - 0.14 * side);
    }
  }

  private void eyes() {
    double open = random.nextInt(12) == 0 ? 0.01 : between(0.05, 0.12);
    double half = between(0.17, 0.22);
    double apart = between(0.4, 0.46);
    double slant = between(-0.04, 0.06);
    for (int side = -1; side <= 1; side += 2) {
      // x from the corner on the person's right to that on the left, upper lid, then lower lid back
      double[] xs = {-1, -0.4, 0.4, 1, 0.4, -0.4};
      double[] ys = {0, 1, 1, 0, -0.85, -0.85};
      for (int i = 0; i < xs.length; i++) {
        double x = side * apart + half * xs[i];
        double out = side * xs[i]; // 1 at the outer corner
        add(x, EYE_HEIGHT + open * ys[i] + slant * out, 0.5 - 0.28 * x * x);
      }
    }
  }

  private void lips() {
    double y = between(-0.6, -0.72);
    double half = between(0.28, 0.42);
    double full = between(0.06, 0.12);
    double gap = random.nextBoolean() ? 0.01 : between(0.02, 0.2);
    double smile = between(-0.05, 0.13);
    for (int i = 0; i < 7; i++) lip(i, half, y, UPPER[i] * (full + gap / 2), smile);
    for (int i = 5; i > 0; i--) lip(i, half, y, LOWER[i] * (1.2 * full + gap / 2), smile);
    double inner = 0.86 * half;
    for (int i = 0; i < 7; i++) {
      if (i != 1 && i != 5) lip(i, inner, y, i == 0 || i == 6 ? 0 : gap / 2, smile);
    }
    for (int i = 4; i > 1; i--) lip(i, inner, y, -gap / 2, smile);
  }

  private void lip(int i, double half, double y, double off, double smile) {
    double x = half * LIP_X[i];
    add(x, y + off + smile * LIP_X[i] * LIP_X[i], 0.62 - 0.5 * x * x);
  }
}
