package dev.visionllm.eval;

import dev.visionllm.data.EditKind;
import dev.visionllm.geometry.Box;
import tools.jackson.databind.JsonNode;

/**
 * What was changed between two pictures, as prompt.json says in "change".
 *
 * @param object class of the object; null where the whole picture changes
 * @param other class in its place, of REPLACE
 * @param box of the object: where it appears, or was
 * @param target where it is after a MOVE
 */
record EditChange(EditKind kind, String object, String other, Box box, Box target) {
  /** Reads it. @throws IllegalArgumentException naming the field that is not as it should be */
  static EditChange of(JsonNode n) {
    if (n == null || !n.isObject()) {
      throw new IllegalArgumentException(
          "prompt.json has no \"change\", which edits are judged by");
    }
    EditKind kind = EditKind.of(text(n, "kind"));
    return switch (kind) {
      case ADD, REMOVE -> new EditChange(kind, text(n, "class"), null, box(n, "box"), null);
      case REPLACE -> new EditChange(kind, text(n, "class"), text(n, "with"), box(n, "box"), null);
      case MOVE -> new EditChange(kind, text(n, "class"), null, box(n, "box"), box(n, "to_box"));
      case RECOLOUR, BACKGROUND, STYLE -> new EditChange(kind, null, null, null, null);
    };
  }

  private static String text(JsonNode n, String name) {
    if (n.path(name).asString("").isBlank()) {
      throw new IllegalArgumentException("change has no text \"%s\": %s".formatted(name, n));
    }
    return n.get(name).asString();
  }

  private static Box box(JsonNode n, String name) {
    JsonNode b = n.path(name);
    if (!b.isArray() || b.size() != 4 || b.valueStream().anyMatch(v -> !v.isNumber())) {
      throw new IllegalArgumentException(
          "change.%s is not [x0, y0, x1, y1]: %s".formatted(name, n));
    }
    return new Box(
        b.get(0).asDouble(), b.get(1).asDouble(), b.get(2).asDouble(), b.get(3).asDouble());
  }
}
