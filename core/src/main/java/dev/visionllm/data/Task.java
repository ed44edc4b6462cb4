package dev.visionllm.data;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a conversation about a scene trains or tests. */
public enum Task {
  CAPTION(Set.of("objects"), "", "empty"),
  EXISTENCE(Set.of("class", "a", "plural"), "yes", "no"),
  COUNTING(Set.of("class", "plural", "answer", "counted"), ""),
  COLOUR(Set.of("class", "answer"), ""),
  POSITION(Set.of("class", "answer"), ""),
  RELATION(Set.of("class", "other", "relation"), "yes", "no"),
  RECOGNITION(Set.of("region", "answer", "a"), ""),
  DETECTION(Set.of("classes", "tools"), ""),
  DETECTION_FREE(Set.of("tools"), "", "empty"),
  POSE(Set.of("classes", "keypoints", "tools"), ""),
  NEGATIVE(Set.of("class", "a", "plural"), ""),
  /** Several turns of the others; it has no templates of its own. */
  DIALOGUE(Set.of());

  private final Set<String> placeholders;
  private final List<String> cases;

  Task(Set<String> placeholders, String... cases) {
    this.placeholders = placeholders;
    this.cases = List.of(cases);
  }

  /** The task's name in files: "caption", "detection_free", ... */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Names that may stand in braces in this task's templates. */
  Set<String> placeholders() {
    return placeholders;
  }

  /** Kinds of answers that every block of templates must have; "" is the ordinary one. */
  List<String> cases() {
    return cases;
  }
}
