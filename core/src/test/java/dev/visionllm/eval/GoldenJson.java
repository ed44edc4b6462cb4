package dev.visionllm.eval;

import dev.visionllm.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads goldens of metrics: JSON files whose numbers may be "NaN" and whose maps are base64. */
final class GoldenJson {
  private GoldenJson() {}

  /** What a test does with a folder. */
  interface Check {
    void of(Path dir) throws IOException;
  }

  /** One dynamic test per folder of a kind. */
  static Stream<DynamicTest> tests(Golden.Kind kind, Check check) {
    return Golden.folders(kind).stream()
        .map(dir -> DynamicTest.dynamicTest(dir.getFileName().toString(), () -> check.of(dir)));
  }

  static JsonNode read(Path file) {
    try {
      return JsonMapper.builder().build().readTree(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A number, or one of the words for those that JSON does not have. */
  static double number(JsonNode n) {
    return n.isString() ? Double.parseDouble(n.asString()) : n.asDouble();
  }

  static double[] numbers(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false)
        .mapToDouble(GoldenJson::number)
        .toArray();
  }

  /** Bytes as 0..255. */
  static int[] bytes(JsonNode base64) {
    byte[] signed = Base64.getDecoder().decode(base64.asString());
    int[] out = new int[signed.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = signed[i] & 255;
    }
    return out;
  }

  /** Of two numbers, of which both or none must be NaN. */
  static double difference(double actual, double expected) {
    if (Double.isNaN(actual) || Double.isNaN(expected) || actual == expected) {
      return Double.compare(actual, expected) == 0 ? 0 : Double.POSITIVE_INFINITY;
    }
    return Math.abs(actual - expected);
  }
}
