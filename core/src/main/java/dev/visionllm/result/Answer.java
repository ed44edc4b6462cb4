package dev.visionllm.result;

import java.util.List;
import java.util.Objects;

/**
 * What the model says and what its tools found, in the order in which the text names them.
 *
 * @param text the answer as the model wrote it, routing tokens such as [DET] included
 */
public record Answer(String text, List<Finding> findings) {
  /** Keeps a copy of the findings. */
  public Answer {
    Objects.requireNonNull(text, "text");
    findings = List.copyOf(findings);
  }

  /** The findings that are boxes. */
  public List<Detection> detections() {
    return findings(Detection.class);
  }

  /** The findings that are boxes with masks. */
  public List<Segment> segments() {
    return findings(Segment.class);
  }

  /** The findings that are boxes with keypoints. */
  public List<Pose> poses() {
    return findings(Pose.class);
  }

  /** The findings that are pictures. */
  public List<Picture> pictures() {
    return findings(Picture.class);
  }

  /** The findings of one kind, order kept. */
  public <T extends Finding> List<T> findings(Class<T> kind) {
    return findings.stream().filter(kind::isInstance).map(kind::cast).toList();
  }
}
