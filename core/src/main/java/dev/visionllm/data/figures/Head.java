package dev.visionllm.data.figures;

import static dev.visionllm.data.figures.Sculpture.ball;

import java.util.random.RandomGenerator;

/** The head of a person: nose, eyes and ears sit on it by geometry; hair may cover the ears. */
final class Head {
  private static final Look WHITE = Look.plain(0xf7f7f2);

  private final Sculpture s;
  private final Wardrobe clothes;
  private final Vec centre;
  private final Turn axes;
  private final double r;

  Head(Sculpture s, Wardrobe clothes, Vec centre, Turn axes, double radius) {
    this.s = s;
    this.clothes = clothes;
    this.centre = centre;
    this.axes = axes;
    this.r = radius;
  }

  /** A place on or about the head, in radii: to its left, up, ahead. */
  private Vec at(double left, double up, double ahead) {
    return centre.plus(axes.apply(new Vec(left, up, ahead)).times(r));
  }

  void add(RandomGenerator random) {
    Look skin = clothes.skin();
    s.add("head", skin, ball(at(0, 0.1, 0), 0.93 * r), ball(at(0, -0.4, 0.08), 0.75 * r));
    hair();
    Vec nose = at(0, -0.12, 1);
    s.add("nose", skin.lit(0.86), 0.25 * r, ball(nose, 0.15 * r), ball(at(0, 0.1, 0.95), 0.07 * r));
    s.mark("nose", nose, "nose");
    Look iris = Look.plain(Look.lit(Look.cloth(random), 0.4));
    Look lips = random.nextBoolean() ? skin.lit(0.6) : Look.plain(Look.near(0xb03a3a, random));
    double smile = 0.12 * random.nextDouble();
    s.add(
        "head",
        lips,
        0.1 * r,
        ball(at(0.24, -0.5 + smile, 0.72), 0.05 * r),
        ball(at(0, -0.55, 0.85), 0.08 * r),
        ball(at(-0.24, -0.5 + smile, 0.72), 0.05 * r));
    for (int sign = 1; sign >= -1; sign -= 2) {
      String side = sign > 0 ? "left" : "right";
      Vec eye = at(0.37 * sign, 0.16, 0.82);
      s.add(side + " eye", WHITE, ball(eye, 0.17 * r));
      s.add(side + " eye", iris, 0.03 * r, ball(at(0.37 * sign, 0.15, 0.87), 0.095 * r));
      s.mark(side + " eye", eye, side + " eye");
      s.add(
          "head",
          clothes.hair().lit(0.8),
          0.05 * r,
          ball(at(0.2 * sign, 0.42, 0.82), 0.045 * r),
          ball(at(0.52 * sign, 0.42, 0.7), 0.035 * r));
      Vec ear = at(0.95 * sign, 0.02, -0.05);
      s.add(side + " ear", skin.lit(0.93), 0.25 * r, ball(ear, 0.2 * r));
      s.mark(side + " ear", ear, side + " ear");
    }
  }

  private void hair() {
    Look look = clothes.hair();
    switch (clothes.style()) {
      case BALD -> {}
      case SHORT -> s.add("hair", look, ball(at(0, 0.3, -0.22), 0.97 * r));
      case LONG ->
          s.add(
              "hair",
              look,
              ball(at(0, 0.3, -0.2), 1.02 * r),
              ball(at(0.45, -1, -0.45), 0.5 * r),
              ball(at(-0.45, -1, -0.45), 0.5 * r));
      case BUN -> {
        s.add("hair", look, ball(at(0, 0.28, -0.2), 0.99 * r));
        s.add("hair", look.lit(0.9), ball(at(0, 1.05, -0.75), 0.42 * r));
      }
      case CAP -> {
        s.add("hair", look, ball(at(0, 0.1, -0.25), 0.92 * r));
        Look cap = clothes.bottom().plain();
        s.add(
            "cap",
            cap,
            0.2 * r,
            ball(at(0, 0.72, -0.05), 0.72 * r),
            ball(at(0.3, 0.62, 0.2), 0.5 * r),
            ball(at(-0.3, 0.62, 0.2), 0.5 * r));
        s.add(
            "cap",
            cap.lit(0.8),
            0.1 * r,
            ball(at(0.35, 0.55, 0.75), 0.14 * r),
            ball(at(-0.35, 0.55, 0.75), 0.14 * r),
            ball(at(0.25, 0.5, 1.35), 0.1 * r),
            ball(at(-0.25, 0.5, 1.35), 0.1 * r));
      }
    }
  }
}
