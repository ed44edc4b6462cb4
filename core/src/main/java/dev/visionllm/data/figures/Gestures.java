package dev.visionllm.data.figures;

import java.util.EnumMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Poses made up from angles in radians: walks, runs, gestures, sitting, jumping. */
final class Gestures extends Motion {
  private static final int LEFT = 0;
  private static final int RIGHT = 1;

  private enum Kind {
    WALK,
    RUN,
    STAND,
    SIT,
    JUMP,
    CROUCH
  }

  /** Angles of one arm or leg. */
  private static final class Limb {
    double swing; // of the upper bone, ahead of hanging down
    double spread; // sideways, away from the body
    double bend; // of the lower bone against the upper one
    double inward; // how far the lower bone turns to the other side
  }

  @Override
  BodyPose pose(RandomGenerator random) {
    Limb[] arms = {new Limb(), new Limb()};
    Limb[] legs = {new Limb(), new Limb()};
    double lean = spread(random, 0.12);
    switch (Kind.values()[random.nextInt(Kind.values().length)]) {
      case WALK -> stride(arms, legs, 0.35 + 0.25 * random.nextDouble(), random);
      case RUN -> {
        stride(arms, legs, 0.7 + 0.4 * random.nextDouble(), random);
        lean += 0.25;
      }
      case STAND -> {
        for (Limb leg : legs) leg.spread = 0.05 + 0.2 * random.nextDouble();
        for (Limb arm : arms) gesture(arm, random);
      }
      case SIT -> {
        for (Limb leg : legs) {
          leg.swing = 1.35 + spread(random, 0.15);
          leg.spread = 0.25 * random.nextDouble();
          leg.bend = 1.2 + 0.5 * random.nextDouble();
        }
        for (Limb arm : arms) gesture(arm, random);
      }
      case JUMP -> {
        for (Limb leg : legs) {
          leg.spread = 0.2 + 0.5 * random.nextDouble();
          leg.swing = spread(random, 0.4);
          leg.bend = 0.8 * random.nextDouble();
        }
        for (Limb arm : arms) {
          arm.spread = 1.2 + 1.5 * random.nextDouble();
          arm.bend = 0.6 * random.nextDouble();
        }
      }
      case CROUCH -> {
        for (Limb leg : legs) {
          leg.swing = 1.1 + 0.5 * random.nextDouble();
          leg.spread = 0.1 + 0.3 * random.nextDouble();
          leg.bend = 1.6 + 0.5 * random.nextDouble();
        }
        for (Limb arm : arms) gesture(arm, random);
        lean += 0.5;
      }
    }
    return pose(arms, legs, lean, random);
  }

  private static void stride(Limb[] arms, Limb[] legs, double reach, RandomGenerator random) {
    double phase = random.nextDouble() * 2 * Math.PI;
    double elbows = 0.15 + 1.6 * reach * random.nextDouble();
    for (int side = LEFT; side <= RIGHT; side++) {
      double at = phase + side * Math.PI;
      legs[side].swing = reach * Math.sin(at) + 0.1;
      legs[side].bend = 0.1 + 1.4 * reach * Math.max(0, Math.cos(at));
      legs[side].spread = 0.03;
      arms[side].swing = -reach * Math.sin(at);
      arms[side].bend = elbows;
      arms[side].spread = 0.12 + 0.1 * random.nextDouble();
    }
  }

  private static void gesture(Limb arm, RandomGenerator random) {
    switch (random.nextInt(6)) {
      case 0 -> { // waves
        arm.spread = 1.5 + 0.9 * random.nextDouble();
        arm.bend = 0.4 + random.nextDouble();
      }
      case 1 -> { // a hand on the hip
        arm.spread = 0.7;
        arm.bend = 1.1;
        arm.inward = 1.5;
        arm.swing = -0.3;
      }
      case 2 -> { // points
        arm.swing = 1.2 + 0.6 * random.nextDouble();
        arm.spread = 0.6 * random.nextDouble();
      }
      case 3 -> { // up
        arm.spread = 2.5 + 0.5 * random.nextDouble();
        arm.bend = 0.4 * random.nextDouble();
      }
      case 4 -> { // holds something
        arm.swing = 0.2;
        arm.spread = 0.15;
        arm.bend = 1.3 + 0.5 * random.nextDouble();
        arm.inward = 0.5 * random.nextDouble();
      }
      default -> { // hangs
        arm.spread = 0.1 + 0.25 * random.nextDouble();
        arm.bend = 0.4 * random.nextDouble();
        arm.swing = spread(random, 0.3);
      }
    }
  }

  private static BodyPose pose(Limb[] arms, Limb[] legs, double lean, RandomGenerator random) {
    Map<BodyPart, Vec> bones = new EnumMap<>(BodyPart.class);
    Turn chest =
        Turn.about(Vec.UP, spread(random, 0.3))
            .times(Turn.about(Vec.LEFT, lean))
            .times(Turn.about(Vec.AHEAD, spread(random, 0.12)));
    bones.put(BodyPart.NECK, chest.apply(Vec.UP));
    bones.put(BodyPart.HEAD, chest.apply(Vec.UP).to(Vec.UP, 0.5).unit());
    for (int side = LEFT; side <= RIGHT; side++) {
      int sign = side == LEFT ? 1 : -1;
      Vec out = Vec.LEFT.times(sign);
      boolean left = side == LEFT;
      bones.put(
          left ? BodyPart.LEFT_SHOULDER : BodyPart.RIGHT_SHOULDER,
          chest.apply(out.plus(Vec.UP.times(spread(random, 0.15))).unit()));
      bones.put(left ? BodyPart.LEFT_HIP : BodyPart.RIGHT_HIP, out);
      Limb arm = arms[side];
      bones.put(
          left ? BodyPart.LEFT_ELBOW : BodyPart.RIGHT_ELBOW, chest.apply(bone(arm, sign, 0, 0)));
      bones.put(
          left ? BodyPart.LEFT_WRIST : BodyPart.RIGHT_WRIST,
          chest.apply(bone(arm, sign, arm.bend, arm.inward)));
      Limb leg = legs[side];
      bones.put(left ? BodyPart.LEFT_KNEE : BodyPart.RIGHT_KNEE, bone(leg, sign, 0, 0));
      bones.put(left ? BodyPart.LEFT_ANKLE : BodyPart.RIGHT_ANKLE, bone(leg, sign, -leg.bend, 0));
      bones.put(
          left ? BodyPart.LEFT_TOES : BodyPart.RIGHT_TOES,
          bone(leg, sign, 1.35 - 0.7 * leg.bend + spread(random, 0.15), -0.25));
    }
    Turn head =
        Turn.about(Vec.UP, spread(random, 0.9)).times(Turn.about(Vec.LEFT, spread(random, 0.35)));
    return new BodyPose(bones, head);
  }

  /** The direction of a bone that hangs down when all angles are zero. */
  private static Vec bone(Limb limb, int sign, double bend, double inward) {
    double angle = limb.swing + bend;
    Vec hanging = new Vec(0, -Math.cos(angle), Math.sin(angle));
    return Turn.about(Vec.AHEAD, sign * limb.spread)
        .apply(Turn.about(Vec.UP, -sign * inward).apply(hanging));
  }

  private static double spread(RandomGenerator random, double reach) {
    return (2 * random.nextDouble() - 1) * reach;
  }
}
