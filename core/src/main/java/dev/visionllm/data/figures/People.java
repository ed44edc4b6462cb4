package dev.visionllm.data.figures;

import static dev.visionllm.data.figures.Sculpture.ball;

import dev.visionllm.data.figures.Drawing.Style;
import dev.visionllm.geometry.KeypointSets;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Draws people with COCO's 17 points. Lengths are shares of a grown-up's height; a joint that
 * clothes cover counts as visible, as it does in COCO.
 */
final class People {
  private static final double NECK_RADIUS = 0.03;
  private static final double ARMS_NEARER = 0.035; // than the trunk, when they hang beside it

  private final Motion motion;

  People(Motion motion) {
    this.motion = motion;
  }

  Drawing draw(RandomGenerator random) {
    BodyPose pose = motion.pose(random);
    // two thirds of the views are more or less from the front
    double yaw = (random.nextInt(3) < 2 ? 1.3 : Math.PI) * (2 * random.nextDouble() - 1);
    return draw(pose, Camera.around(yaw, 1, random), random);
  }

  static Drawing draw(BodyPose pose, Camera camera, RandomGenerator random) {
    return new Person(pose, camera, random).drawing();
  }

  /** One person while it is being built. */
  private static final class Person {
    private final Camera camera;
    private final RandomGenerator random;
    private final Map<BodyPart, Vec> at;
    private final Wardrobe clothes;
    private final Sculpture s = new Sculpture();
    private final Turn head;
    private final double headRadius;
    private final double girth; // of limbs
    private final double trunk; // girth of the trunk

    Person(BodyPose pose, Camera camera, RandomGenerator random) {
      this.camera = camera;
      this.random = random;
      boolean child = random.nextInt(4) == 0;
      headRadius = (child ? 0.1 : 0.072) * (0.9 + 0.35 * random.nextDouble());
      girth = 0.8 + 0.5 * random.nextDouble();
      trunk = 0.85 + 0.5 * random.nextDouble();
      at = pose.place(lengths(child ? 0.8 : 1, random));
      head = pose.head();
      clothes = Wardrobe.random(random);
    }

    private Map<BodyPart, Double> lengths(double size, RandomGenerator random) {
      double legs = size * (0.92 + 0.16 * random.nextDouble());
      double arms = size * (0.92 + 0.16 * random.nextDouble());
      double hips = 0.055 * size * (0.9 + 0.3 * random.nextDouble());
      double shoulders = 0.105 * size * (0.9 + 0.3 * random.nextDouble());
      Map<BodyPart, Double> out = new EnumMap<>(BodyPart.class);
      for (BodyPart p : BodyPart.values()) {
        out.put(
            p,
            switch (p) {
              case NECK -> 0.29 * size;
              case HEAD -> 0.045 + 1.15 * headRadius;
              case LEFT_SHOULDER, RIGHT_SHOULDER -> shoulders;
              case LEFT_ELBOW, RIGHT_ELBOW -> 0.165 * arms;
              case LEFT_WRIST, RIGHT_WRIST -> 0.15 * arms;
              case LEFT_HIP, RIGHT_HIP -> hips;
              case LEFT_KNEE, RIGHT_KNEE -> 0.24 * legs;
              case LEFT_ANKLE, RIGHT_ANKLE -> 0.235 * legs;
              case LEFT_TOES, RIGHT_TOES -> 0.085 * size;
            });
      }
      return out;
    }

    Drawing drawing() {
      trunk();
      for (String side : new String[] {"left", "right"}) {
        arm(side);
        leg(side);
      }
      if (clothes.skirt()) skirt();
      new Head(s, clothes, at.get(BodyPart.HEAD), head, headRadius).add(random);
      s.add(
          "neck",
          clothes.skin(),
          ball(at.get(BodyPart.NECK), NECK_RADIUS * girth),
          ball(at.get(BodyPart.HEAD).minus(head.y().times(0.5 * headRadius)), NECK_RADIUS * girth));
      return s.seen(camera, Style.random(random), Figures.PERSON, KeypointSets.COCO);
    }

    private Vec joint(String side, String name) {
      return at.get(BodyPart.valueOf((side + "_" + name).toUpperCase(Locale.ROOT)));
    }

    private void trunk() {
      Vec neck = at.get(BodyPart.NECK);
      Vec left = joint("left", "shoulder");
      Vec right = joint("right", "shoulder");
      Vec leftHip = joint("left", "hip");
      Vec rightHip = joint("right", "hip");
      double waist = 0.06 * trunk;
      Vec low = Vec.ZERO.to(neck, 0.22 - 0.2 * clothes.hem());
      Vec side = leftHip.times(0.75);
      s.add(
          "trunk",
          clothes.top(),
          ball(neck.to(Vec.ZERO, 0.06), 0.045),
          ball(left.to(right, 0.1), 0.046 * trunk),
          ball(right.to(left, 0.1), 0.046 * trunk),
          ball(neck.mid(Vec.ZERO).plus(side), waist),
          ball(neck.mid(Vec.ZERO).minus(side), waist),
          ball(low.plus(side), waist),
          ball(low.minus(side), waist));
      s.add(
          "hips",
          clothes.bottom(),
          -0.005,
          ball(leftHip, 0.064 * trunk),
          ball(rightHip, 0.064 * trunk),
          ball(Vec.ZERO.to(neck, 0.2), waist));
    }

    private void arm(String side) {
      Vec shoulder = joint(side, "shoulder");
      Vec elbow = joint(side, "elbow");
      Vec wrist = joint(side, "wrist");
      double sleeve = clothes.sleeve();
      String upper = side + " upper arm";
      String lower = side + " forearm";
      limb(upper, shoulder, 0.043, elbow, 0.034, Math.min(1, 2 * sleeve), clothes.top());
      limb(lower, elbow, 0.034, wrist, 0.025, Math.max(0, 2 * sleeve - 1), clothes.top());
      Vec along = wrist.minus(elbow).unit();
      s.add(
          side + " hand",
          clothes.skin(),
          ARMS_NEARER,
          ball(wrist.plus(along.times(0.01)), 0.027 * girth),
          ball(wrist.plus(along.times(0.045)), 0.026 * girth));
      if (camera.turnedAway(shoulder, at.get(BodyPart.NECK))) {
        s.mark(side + " shoulder", shoulder, upper);
      } else {
        s.mark(side + " shoulder", shoulder, upper, "trunk");
      }
      s.mark(side + " elbow", elbow, upper, lower);
      s.mark(side + " wrist", wrist, lower, side + " hand");
    }

    /** A limb in a sleeve or a trouser leg that covers a share of it. */
    private void limb(
        String name, Vec from, double thick, Vec to, double thin, double cover, Look cloth) {
      double nearer = name.endsWith("arm") ? ARMS_NEARER : 0;
      double end = thick + (thin - thick) * cover;
      Vec hem = from.to(to, cover);
      if (cover < 1) {
        s.add(name, clothes.skin(), nearer, ball(hem, end * girth), ball(to, thin * girth));
      }
      if (cover > 0) {
        double loose = girth * clothes.loose();
        s.add(name, cloth, nearer, ball(from, thick * loose), ball(hem, end * loose));
      }
    }

    private void leg(String side) {
      Vec hip = joint(side, "hip");
      Vec knee = joint(side, "knee");
      Vec ankle = joint(side, "ankle");
      Vec toes = joint(side, "toes");
      String upper = side + " thigh";
      String lower = side + " shin";
      limb(upper, hip, 0.06, knee, 0.044, Math.min(1, 2 * clothes.trousers()), clothes.bottom());
      limb(
          lower,
          knee,
          0.044,
          ankle,
          0.03,
          Math.max(0, 2 * clothes.trousers() - 1),
          clothes.bottom());
      s.add(
          side + " foot",
          clothes.shoes(),
          ball(ankle.to(toes, -0.12).minus(new Vec(0, 0.012, 0)), 0.032 * girth),
          ball(toes, 0.024 * girth));
      if (camera.turnedAway(hip, Vec.ZERO)) s.mark(side + " hip", hip, upper);
      else s.mark(side + " hip", hip, upper, "hips", "trunk");
      s.mark(side + " knee", knee, upper, lower);
      s.mark(side + " ankle", ankle, lower, side + " foot");
    }

    private void skirt() {
      double wide = 0.05 + 0.04 * random.nextDouble();
      double length = 0.5 + 0.5 * random.nextDouble();
      s.add(
          "hips",
          clothes.bottom(),
          0.02,
          ball(at.get(BodyPart.NECK).times(0.18), 0.062 * trunk),
          ball(joint("left", "hip").to(joint("left", "knee"), length), wide),
          ball(joint("right", "hip").to(joint("right", "knee"), length), wide));
    }
  }
}
