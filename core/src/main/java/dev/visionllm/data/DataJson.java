package dev.visionllm.data;

import dev.visionllm.checkpoint.AtomicFile;
import dev.visionllm.geometry.Rle;
import java.io.IOException;
import java.nio.file.Path;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** Checked reading of the parts that the formats share, and writing of plain records. */
final class DataJson {
  private static final JsonMapper SNAKE_CASE =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private DataJson() {}

  /** Writes records or lists of them, {@code fileName} as {@code file_name}. */
  static void write(Path file, Object records) throws IOException {
    AtomicFile.write(
        file,
        out ->
            SNAKE_CASE
                .writer()
                .without(StreamWriteFeature.AUTO_CLOSE_TARGET)
                .writeValue(out, records));
  }

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
