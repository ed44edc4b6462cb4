package dev.visionllm.data.figures;

import static dev.visionllm.data.figures.Sculpture.ball;

import dev.visionllm.data.figures.Drawing.Style;
import dev.visionllm.data.figures.Species.Coat;
import dev.visionllm.data.figures.Species.Extra;
import dev.visionllm.geometry.KeypointSets;
import java.util.random.RandomGenerator;

/** Draws four-legged animals with AP-10K's 17 points, standing, walking or running. */
final class Animals {
  private static final Look DARK = Look.plain(0x1b1716);
  private static final Look HOOF = Look.plain(0x2e2622);
  private static final Look HORN = Look.plain(0xd8cbb0);

  private Animals() {}

  static Drawing draw(Species species, RandomGenerator random) {
    // most views are more or less from the side
    double yaw =
        random.nextInt(4) == 0
            ? 2 * Math.PI * random.nextDouble()
            : (random.nextBoolean() ? 1 : -1)
                * (Math.PI / 2 + 2 * (random.nextDouble() - 0.5) * 0.7);
    Camera camera = Camera.around(yaw, species.leg() + species.trunk() + species.neck(), random);
    return new Animal(species, camera, random).drawing();
  }

  /** One animal while it is being built; the middle of its trunk is zero. */
  private static final class Animal {
    private final Species kind;
    private final Camera camera;
    private final RandomGenerator random;
    private final Sculpture s = new Sculpture();
    private final double leg;
    private final double trunk;
    private final double girth;
    private final double rump;
    private final Look coat;
    private final Look pale;

    Animal(Species kind, Camera camera, RandomGenerator random) {
      this.kind = kind;
      this.camera = camera;
      this.random = random;
      leg = kind.leg() * vary(0.12);
      trunk = kind.trunk() * vary(0.12);
      girth = kind.girth() * vary(0.15);
      rump = girth * kind.rump() * vary(0.05);
      Coat c = Wardrobe.any(kind.coats(), random);
      coat =
          new Look(
              Look.near(c.colour(), random),
              c.pattern(),
              Look.near(c.second(), random),
              c.step() * vary(0.25));
      pale = Look.plain(Look.near(c.pale(), random));
    }

    private double vary(double reach) {
      return 1 + reach * (2 * random.nextDouble() - 1);
    }

    Drawing drawing() {
      body();
      legs();
      tail();
      neckAndHead();
      return s.seen(camera, Style.random(random), kind.name(), KeypointSets.AP_10K);
    }

    private void body() {
      Vec chest = new Vec(0, 0, trunk / 2);
      Vec back = new Vec(0, 0.1 * girth, -trunk / 2);
      s.add(
          "body",
          coat,
          ball(chest, girth),
          ball(new Vec(0, -0.1 * girth, 0), girth),
          ball(back, rump));
      if (kind.extra() != Extra.WOOL) return;
      for (int i = 0; i < 26; i++) {
        double along = -0.5 + i / 25.0;
        double angle = 2.4 * i;
        Vec on =
            new Vec(Math.cos(angle) * 0.85 * girth, Math.sin(angle) * 0.85 * girth, along * trunk);
        s.add("body", coat, ball(on, 0.3 * girth));
      }
    }

    private void legs() {
      double phase = 2 * Math.PI * random.nextDouble();
      double reach = random.nextInt(4) == 0 ? 0.04 : 0.15 + 0.45 * random.nextDouble();
      boolean trot = random.nextBoolean();
      for (int i = 0; i < 4; i++) {
        boolean front = i < 2;
        boolean left = i % 2 == 0;
        // a walk moves leg after leg, a trot the diagonal pairs together
        double at = phase + (trot ? (front == left ? 0 : Math.PI) : i * Math.PI / 2);
        leg(front, left, reach * Math.sin(at), Math.max(0, Math.cos(at)) * 1.6 * reach);
      }
    }

    /**
     * @param swing of the whole leg, ahead
     * @param lift how far the lower leg is bent
     */
    private void leg(boolean front, boolean left, double swing, double lift) {
      String side = left ? "left" : "right";
      double radius = front ? girth : rump;
      Vec root =
          new Vec(
              (left ? 0.62 : -0.62) * radius,
              -0.25 * radius,
              front ? trunk / 2 + 0.1 * girth : -trunk / 2 - 0.15 * rump);
      double length = leg + girth - 0.25 * radius; // down to the ground
      double thigh = front ? swing - 0.05 : swing + 0.3;
      double shin = front ? swing + 0.02 - lift : swing - 0.28 - lift;
      Vec knee = root.plus(down(thigh).times(0.48 * length));
      Vec paw = knee.plus(down(shin).times(0.52 * length));
      double thick = kind.limb() * (front ? 1.15 : 1.5);
      String name = side + (front ? " front" : " back");
      s.add(name + " upper leg", coat, ball(root, thick), ball(knee, 0.75 * kind.limb()));
      Vec low = knee.to(paw, 0.45);
      s.add(
          name + " lower leg", coat, ball(knee, 0.75 * kind.limb()), ball(low, 0.6 * kind.limb()));
      s.add(name + " lower leg", pale, ball(low, 0.6 * kind.limb()), ball(paw, 0.5 * kind.limb()));
      boolean hoofs = kind.leg() > 0.45;
      s.add(
          name + " paw",
          hoofs ? HOOF : pale,
          0.001,
          ball(paw, (hoofs ? 0.62 : 0.7) * kind.limb()),
          ball(paw.plus(new Vec(0, 0, 0.9 * kind.limb())), 0.5 * kind.limb()));
      String upper = name + " upper leg";
      String joint = side + (front ? " shoulder" : " hip");
      if (camera.turnedAway(root, new Vec(0, root.y(), root.z()))) s.mark(joint, root, upper);
      else s.mark(joint, root, upper, "body");
      s.mark(side + (front ? " elbow" : " knee"), knee, upper, name + " lower leg");
      s.mark(side + (front ? " front paw" : " back paw"), paw, name + " lower leg", name + " paw");
    }

    private static Vec down(double angle) {
      return new Vec(0, -Math.cos(angle), Math.sin(angle));
    }

    private void tail() {
      Vec root = new Vec(0, 0.55 * rump, -trunk / 2 - 0.75 * rump);
      double lift = -1.2 + 1.8 * random.nextDouble();
      double sway = 0.6 * (2 * random.nextDouble() - 1);
      double curl = 0.8 * (2 * random.nextDouble() - 1);
      double length = kind.tail() * vary(0.2);
      double thin = Math.min(kind.tailRadius(), 0.035) * vary(0.2);
      Vec at = root;
      for (int i = 0; i < 3; i++) {
        double angle = lift + i * curl / 2;
        Vec next =
            at.plus(
                Turn.about(Vec.UP, sway * (i + 1) / 2)
                    .apply(new Vec(0, Math.sin(angle), -Math.cos(angle)))
                    .times(length / 3));
        double radius = i == 0 ? thin : kind.tailRadius();
        Look look = i == 2 ? pale : coat;
        s.add(
            "tail",
            look,
            ball(at, i == 0 ? thin : radius),
            ball(next, i == 0 ? radius : radius * 0.8));
        at = next;
      }
      if (camera.turnedAway(root, Vec.ZERO)) s.mark("root of tail", root, "tail");
      else s.mark("root of tail", root, "tail", "body");
    }

    private void neckAndHead() {
      boolean grazes = kind.neck() > 0.25 && random.nextInt(6) == 0;
      double rise =
          grazes ? -0.6 : Math.toRadians(kind.rise()) + 0.25 * (2 * random.nextDouble() - 1);
      double turn = 0.5 * (2 * random.nextDouble() - 1);
      Vec base = new Vec(0, 0.5 * girth, trunk / 2 + 0.45 * girth);
      Vec along = Turn.about(Vec.UP, turn / 2).apply(new Vec(0, Math.sin(rise), Math.cos(rise)));
      double size = kind.head() * vary(0.1);
      Vec skull = base.plus(along.times(kind.neck() * vary(0.15) + 0.6 * size));
      double thick = Math.max(0.55 * girth, 0.75 * size);
      s.add(
          "neck",
          coat,
          ball(base.minus(new Vec(0, 0.25 * girth, 0.3 * girth)), thick),
          ball(skull, 0.75 * size));
      if (kind.extra() == Extra.MANE) {
        Vec behind = new Vec(0, 0.35, -0.55).times(size);
        s.add(
            "mane",
            pale,
            ball(skull.plus(behind), 0.35 * size),
            ball(base.plus(behind), 0.4 * size));
      }
      if (camera.turnedAway(base, Vec.ZERO)) s.mark("neck", base, "neck");
      else s.mark("neck", base, "neck", "body", "mane");
      double nod = grazes ? 1.1 : 0.15 + 0.45 * random.nextDouble();
      new AnimalHead(
              s,
              kind,
              coat,
              pale,
              skull,
              Turn.about(Vec.UP, turn).times(Turn.about(Vec.LEFT, nod)),
              size)
          .add();
    }
  }

  /** Skull, muzzle, eyes, ears and horns. */
  private record AnimalHead(
      Sculpture s, Species kind, Look coat, Look pale, Vec centre, Turn axes, double r) {
    private Vec at(double left, double up, double ahead) {
      return centre.plus(axes.apply(new Vec(left, up, ahead)).times(r));
    }

    void add() {
      double length = 0.5 + kind.muzzle() / kind.head();
      s.add("head", coat, ball(centre, r), ball(at(0, -0.1, 0.35), 0.8 * r));
      s.add(
          "muzzle",
          coat.plain(),
          0.1 * r,
          ball(at(0, -0.2, 0.5), 0.68 * r),
          ball(at(0, -0.3, length), 0.5 * r));
      s.add(
          "muzzle",
          pale,
          0.15 * r,
          ball(at(0, -0.3, 0.75 * length), 0.52 * r),
          ball(at(0, -0.33, length + 0.05), 0.47 * r));
      Vec nose = at(0, -0.12, length + 0.45);
      s.add("nose", DARK, 0.3 * r, ball(nose, 0.17 * r));
      s.mark("nose", nose, "nose");
      for (int sign = 1; sign >= -1; sign -= 2) {
        String side = sign > 0 ? "left" : "right";
        Vec eye = at(0.62 * sign, 0.32, 0.55);
        s.add(side + " eye", Look.plain(0xf4f2ea), 0.25 * r, ball(eye, 0.2 * r));
        s.add(side + " eye", DARK, 0.28 * r, ball(at(0.66 * sign, 0.32, 0.58), 0.14 * r));
        s.mark(side + " eye", eye, side + " eye");
        ear(sign);
        if (kind.extra() == Extra.HORNS) {
          s.add(
              "horn",
              HORN,
              ball(at(0.45 * sign, 0.75, 0), 0.13 * r),
              ball(at(0.75 * sign, 1.45, 0.1), 0.08 * r));
        }
      }
    }

    private void ear(int sign) {
      Look look = coat.plain().lit(0.85);
      Vec root = at(0.6 * sign, 0.65, -0.15);
      switch (kind.ears()) {
        case POINTED ->
            s.add("ear", look, ball(root, 0.3 * r), ball(at(0.72 * sign, 1.4, -0.1), 0.04 * r));
        case ROUND -> s.add("ear", look, ball(at(0.75 * sign, 0.85, -0.2), 0.32 * r));
        case HANGING ->
            s.add(
                "ear",
                look,
                ball(at(0.85 * sign, 0.4, -0.2), 0.2 * r),
                ball(at(1.15 * sign, -0.3, -0.15), 0.26 * r));
        case LONG ->
            s.add("ear", look, ball(root, 0.25 * r), ball(at(0.7 * sign, 2.5, -0.4), 0.2 * r));
      }
    }
  }
}
