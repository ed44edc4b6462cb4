package dev.visionllm.data;

import java.util.Arrays;
import java.util.Locale;

/** How a picture is changed by an instruction. */
public enum EditKind {
  /** An object appears. */
  ADD,
  /** An object vanishes. */
  REMOVE,
  /** Another class stands where an object was. */
  REPLACE,
  /** An object gets another colour. */
  RECOLOUR,
  /** An object goes to another place. */
  MOVE,
  /** The objects stand before something else. */
  BACKGROUND,
  /** All of the picture looks different. */
  STYLE;

  /** The kind's name in files: "add", "remove", ... */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The kind of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static EditKind of(String word) {
    for (EditKind kind : values()) {
      if (kind.word().equals(word)) return kind;
    }
    throw new IllegalArgumentException(
        "kind of edit '"
            + word
            + "' is none of "
            + String.join(", ", Arrays.stream(values()).map(EditKind::word).toList()));
  }
}
