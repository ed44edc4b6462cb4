package dev.visionllm.data.figures;

/** The joints of a person that a pose moves, each at the end of one bone; parents come first. */
enum BodyPart {
  /** Midway between the shoulders; its bone comes from midway between the hips. */
  NECK(null),
  HEAD(NECK),
  LEFT_SHOULDER(NECK),
  RIGHT_SHOULDER(NECK),
  LEFT_ELBOW(LEFT_SHOULDER),
  RIGHT_ELBOW(RIGHT_SHOULDER),
  LEFT_WRIST(LEFT_ELBOW),
  RIGHT_WRIST(RIGHT_ELBOW),
  LEFT_HIP(null),
  RIGHT_HIP(null),
  LEFT_KNEE(LEFT_HIP),
  RIGHT_KNEE(RIGHT_HIP),
  LEFT_ANKLE(LEFT_KNEE),
  RIGHT_ANKLE(RIGHT_KNEE),
  LEFT_TOES(LEFT_ANKLE),
  RIGHT_TOES(RIGHT_ANKLE);

  private final BodyPart parent;

  BodyPart(BodyPart parent) {
    this.parent = parent;
  }

  /** Where its bone comes from; null is midway between the hips. */
  BodyPart parent() {
    return parent;
  }
}
