package dev.visionllm.cli;

import java.io.PrintWriter;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Results for machines. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private Json() {}

  /** Prints records, maps, lists and numbers as indented JSON and a line end. */
  static void print(Object value, PrintWriter out) {
    out.println(MAPPER.writeValueAsString(value));
  }
}
