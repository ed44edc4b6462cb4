package dev.visionllm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.ObjIntConsumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Lists in JSON files, one element after the other: a large file is never in memory as a whole. */
final class JsonStream {
  private JsonStream() {}

  /** Walks through the list that is the file's whole content. */
  static void root(Path file, Problems problems, ObjIntConsumer<JsonNode> each) throws IOException {
    walk(
        file,
        problems,
        json -> {
          if (json.nextToken() == JsonToken.START_ARRAY) {
            elements(json, each);
            end(json, file, problems);
          } else {
            problems.add(file, "", "the top level is no JSON list");
          }
        });
  }

  /** Walks through the list of that name in the file's top-level object. */
  static void list(Path file, String name, Problems problems, ObjIntConsumer<JsonNode> each)
      throws IOException {
    walk(
        file,
        problems,
        json -> {
          if (json.nextToken() != JsonToken.START_OBJECT) {
            problems.add(file, "", "the top level is no JSON object");
            return;
          }
          boolean found = false;
          while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean wanted = json.currentName().equals(name);
            if (json.nextToken() == JsonToken.START_ARRAY && wanted) {
              found = true;
              elements(json, each);
            } else {
              json.skipChildren();
            }
          }
          end(json, file, problems);
          if (!found) {
            problems.add(file, "", "there is no list '" + name + "'");
          }
        });
  }

  private interface Walk {
    void through(JsonParser json);
  }

  /** Damaged JSON is a problem with its line. */
  private static void walk(Path file, Problems problems, Walk walk) throws IOException {
    try (var in = Files.newInputStream(file);
        JsonParser json = JsonMapper.shared().createParser(in)) {
      walk.through(json);
    } catch (JacksonException e) {
      var at = e.getLocation();
      problems.add(
          file,
          at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr(),
          "not valid JSON: " + e.getOriginalMessage());
    }
  }

  private static void elements(JsonParser json, ObjIntConsumer<JsonNode> each) {
    for (int i = 0; json.nextToken() != JsonToken.END_ARRAY; i++) {
      each.accept(json.readValueAsTree(), i);
    }
  }

  private static void end(JsonParser json, Path file, Problems problems) {
    if (json.nextToken() != null) {
      problems.add(file, "", "more follows after the end of the JSON value");
    }
  }
}
