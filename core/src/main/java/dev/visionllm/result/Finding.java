package dev.visionllm.result;

/** One thing that an answer holds besides its text; each tool of the model has its own kind. */
public sealed interface Finding permits Detection, Segment, Pose, Picture {

  /** The words that the finding stands for, as the answer or the caller wrote them. */
  String label();
}
