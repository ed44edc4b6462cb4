package dev.visionllm.data;

import dev.visionllm.geometry.Rle;
import tools.jackson.databind.JsonNode;

/** Checked reading of the parts that the formats share. */
final class DataJson {
  private DataJson() {}

  static double number(JsonNode v, String at) {
    if (v == null || !v.isNumber() || !Double.isFinite(v.asDouble())) {
      throw new IllegalArgumentException(at + " holds something that is not a finite number: " + v);
    }
    return v.asDouble();
  }

  /** COCO's run-length code: size [height, width], counts a list or a string. */
  static Rle rle(JsonNode n, String at) {
    JsonNode size = n.path("size");
    if (!size.isArray() || size.size() != 2 || !size.get(0).isInt() || !size.get(1).isInt()) {
      throw new IllegalArgumentException(at + ".size is not [height, width]");
    }
    int height = size.get(0).asInt();
    int width = size.get(1).asInt();
    JsonNode counts = n.path("counts");
    try {
      if (counts.isString()) return Rle.parse(height, width, counts.asString());
      if (counts.isArray()) {
        int[] runs = new int[counts.size()];
        for (int i = 0; i < runs.length; i++) {
          if (!counts.get(i).isInt())
            throw new IllegalArgumentException("run " + i + " is not a whole number");
          runs[i] = counts.get(i).asInt();
        }
        return new Rle(height, width, runs);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(at + " is damaged: " + e.getMessage(), e);
    }
    throw new IllegalArgumentException(at + ".counts is neither a string nor a list");
  }
}
