package dev.visionllm.data;

import dev.visionllm.geometry.Rle;
import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Checked reading of the parts that the formats share. Messages name the property; whoever reads a
 * sample adds the file and the place.
 */
final class DataJson {
  private static final int SHOWN = 80;

  private DataJson() {}

  /** Writes records, or a list of them, as their annotations name the properties. */
  static void write(Path file, Object records) throws IOException {
    AtomicFile.write(
        file,
        out ->
            JsonMapper.shared()
                .writer()
                .without(StreamWriteFeature.AUTO_CLOSE_TARGET)
                .writeValue(out, records));
  }

  /** A value for a message, cut where it is long. */
  static String show(JsonNode v) {
    String s = v == null ? "nothing" : v.toString();
    return s.length() <= SHOWN ? s : s.substring(0, SHOWN) + "...";
  }

  static void object(JsonNode n) {
    if (!n.isObject()) {
      throw new IllegalArgumentException("not a JSON object: " + show(n));
    }
  }

  static long id(JsonNode n, String name) {
    JsonNode v = n.get(name);
    if (v == null || !v.isIntegralNumber() || !v.canConvertToLong()) {
      throw new IllegalArgumentException(name + " is not a whole number: " + show(v));
    }
    return v.asLong();
  }

  static int side(JsonNode n, String name) {
    JsonNode v = n.get(name);
    if (v == null || !v.isIntegralNumber() || !v.canConvertToInt() || v.asInt() < 1) {
      throw new IllegalArgumentException(name + " is not a positive whole number: " + show(v));
    }
    return v.asInt();
  }

  static double number(JsonNode v, String name) {
    if (v == null || !v.isNumber() || !Double.isFinite(v.asDouble())) {
      throw new IllegalArgumentException(
          name + " holds something that is not a finite number: " + show(v));
    }
    return v.asDouble();
  }

  /** A list of exactly so many numbers. */
  static double[] numbers(JsonNode v, int count, String name, String expected) {
    if (v == null || !v.isArray() || v.size() != count) {
      throw new IllegalArgumentException(name + " is not " + expected + ": " + show(v));
    }
    double[] out = new double[count];
    for (int i = 0; i < count; i++) {
      out[i] = number(v.get(i), name);
    }
    return out;
  }

  static JsonNode list(JsonNode n, String name) {
    JsonNode v = n.get(name);
    if (v == null || !v.isArray()) {
      throw new IllegalArgumentException(name + " is not a list: " + show(v));
    }
    return v;
  }

  static String text(JsonNode n, String name) {
    String v = optionalText(n, name);
    if (v == null || v.isBlank()) {
      throw new IllegalArgumentException("there is no " + name);
    }
    return v;
  }

  /** Null if there is none. */
  static String optionalText(JsonNode n, String name) {
    JsonNode v = n.get(name);
    if (v == null || v.isNull()) {
      return null;
    }
    if (!v.isString()) {
      throw new IllegalArgumentException(name + " is not text: " + show(v));
    }
    return v.asString();
  }

  /** A list of texts. */
  static List<String> texts(JsonNode n, String name) {
    JsonNode list = list(n, name);
    if (list.valueStream().anyMatch(v -> !v.isString())) {
      throw new IllegalArgumentException(name + " is not a list of texts: " + show(list));
    }
    return list.valueStream().map(JsonNode::asString).toList();
  }

  /** COCO's run-length code: size [height, width], counts a list or a string. */
  static Rle rle(JsonNode n, String name) {
    JsonNode size = n.path("size");
    if (!size.isArray() || size.size() != 2 || !size.get(0).isInt() || !size.get(1).isInt()) {
      throw new IllegalArgumentException(name + ".size is not [height, width]: " + show(size));
    }
    int height = size.get(0).asInt();
    int width = size.get(1).asInt();
    JsonNode counts = n.path("counts");
    try {
      if (counts.isString()) return Rle.parse(height, width, counts.asString());
      if (counts.isArray()) {
        int[] runs = new int[counts.size()];
        for (int i = 0; i < runs.length; i++) {
          if (!counts.get(i).isInt()) {
            throw new IllegalArgumentException("run " + i + " is not a whole number");
          }
          runs[i] = counts.get(i).asInt();
        }
        return new Rle(height, width, runs);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + " is damaged: " + e.getMessage(), e);
    }
    throw new IllegalArgumentException(name + ".counts is neither a string nor a list");
  }
}
