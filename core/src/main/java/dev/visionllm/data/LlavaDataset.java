package dev.visionllm.data;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.data.Dialogue.Turn;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Conversations in LLaVA's format, as one JSON array or one record a line, with regions and bare
 * answers added.
 */
public final class LlavaDataset {
  private static final JsonMapper JSON = JsonMapper.shared();

  private LlavaDataset() {}

  /**
   * Reads and checks a file of conversations; ids are unique in it.
   *
   * @throws IllegalArgumentException if the file is not of the format; the message names the file
   *     and the record
   */
  public static List<Dialogue> read(Path file) throws IOException {
    List<Dialogue> out = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    if (firstCharacter(file) == '[') {
      JsonNode root;
      try (var in = Files.newInputStream(file)) {
        root = JSON.readTree(in);
      } catch (JacksonException e) {
        throw new IllegalArgumentException(
            file + " is not valid JSON: " + e.getOriginalMessage(), e);
      }
      for (JsonNode n : root) add(out, ids, n, file + ": record " + out.size());
      return out;
    }
    int number = 0;
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (line.isBlank()) continue;
        JsonNode n;
        try {
          n = JSON.readTree(line);
        } catch (JacksonException e) {
          throw new IllegalArgumentException(
              file + " line " + number + " is not valid JSON: " + e.getOriginalMessage(), e);
        }
        add(out, ids, n, file + " line " + number);
      }
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(file + " is not UTF-8 text after line " + number, e);
    }
    return out;
  }

  /** One record as a line of JSON, without its line break. */
  public static String line(Dialogue d) {
    ObjectNode n = JSON.createObjectNode();
    n.put("id", d.id());
    if (d.image() != null) n.put("image", d.image());
    if (!d.task().isEmpty()) n.put("task", d.task());
    ArrayNode turns = n.putArray("conversations");
    for (Turn t : d.turns()) {
      turns
          .addObject()
          .put("from", t.role() == Role.HUMAN ? "human" : "gpt")
          .put("value", t.text());
    }
    if (!d.regions().isEmpty()) {
      ArrayNode regions = n.putArray("regions");
      for (Region r : d.regions()) write(regions.addObject(), r);
    }
    if (d.answer() != null) n.put("answer", d.answer());
    return JSON.writeValueAsString(n);
  }

  private static void write(ObjectNode n, Region region) {
    if (region instanceof Region.Box b) {
      n.putArray("box").add(b.x0()).add(b.y0()).add(b.x1()).add(b.y1());
    } else if (region instanceof Region.Point p) {
      n.putArray("point").add(p.x()).add(p.y());
    } else if (region instanceof Region.Scribble s) {
      ArrayNode points = n.putArray("scribble");
      for (Region.Point p : s.points()) points.addArray().add(p.x()).add(p.y());
    } else if (region instanceof Region.Mask m) {
      ObjectNode rle = n.putObject("rle");
      rle.putArray("size").add(m.rle().height()).add(m.rle().width());
      rle.put("counts", m.rle().toCocoString());
    }
  }

  private static int firstCharacter(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      int c = in.read();
      while (c == ' ' || c == '\n' || c == '\r' || c == '\t') c = in.read();
      return c;
    }
  }

  private static void add(List<Dialogue> out, Set<String> ids, JsonNode n, String at) {
    Dialogue d = dialogue(n, at);
    if (!ids.add(d.id())) throw new IllegalArgumentException(at + " repeats the id " + d.id());
    out.add(d);
  }

  private static Dialogue dialogue(JsonNode n, String at) {
    if (!n.isObject()) throw new IllegalArgumentException(at + " is not a JSON object");
    JsonNode id = n.get("id");
    if (id == null || !id.isString() && !id.isIntegralNumber()) {
      throw new IllegalArgumentException(at + ".id is neither text nor a whole number: " + id);
    }
    String image = text(n, "image", at);
    List<Turn> turns = turns(n.get("conversations"), at + ".conversations");
    int pictures = 0;
    int marks = 0;
    for (Turn t : turns) {
      pictures += count(t.text(), "<image>");
      marks += count(t.text(), "<region>");
    }
    int expected = image == null ? 0 : 1;
    if (pictures != expected || count(turns.get(0).text(), "<image>") != expected) {
      throw new IllegalArgumentException(
          at
              + " has "
              + pictures
              + " times <image> in its turns, expected "
              + expected
              + (expected == 1 ? ", in the first turn" : " as it names no image"));
    }
    List<Region> regions = regions(n.get("regions"), at + ".regions");
    if (marks != regions.size()) {
      throw new IllegalArgumentException(
          at + " has " + marks + " times <region> in its turns but " + regions.size() + " regions");
    }
    String task = text(n, "task", at);
    return new Dialogue(
        id.asString(), image, task == null ? "" : task, turns, regions, text(n, "answer", at));
  }

  private static String text(JsonNode n, String name, String at) {
    JsonNode v = n.get(name);
    if (v == null || v.isNull()) return null;
    if (!v.isString()) throw new IllegalArgumentException(at + "." + name + " is not text: " + v);
    return v.asString();
  }

  private static List<Turn> turns(JsonNode list, String at) {
    if (list == null || !list.isArray() || list.isEmpty())
      throw new IllegalArgumentException(at + " is not a list of turns");
    List<Turn> turns = new ArrayList<>();
    for (JsonNode n : list) {
      String here = at + "[" + turns.size() + "]";
      Role expected = turns.size() % 2 == 0 ? Role.HUMAN : Role.ASSISTANT;
      String from = n.path("from").asString("");
      if (!from.equals(expected == Role.HUMAN ? "human" : "gpt")) {
        throw new IllegalArgumentException(
            here + ".from is '" + from + "': human and gpt must take turns, human first");
      }
      JsonNode value = n.get("value");
      if (value == null || !value.isString())
        throw new IllegalArgumentException(here + ".value is not text: " + value);
      turns.add(new Turn(expected, value.asString()));
    }
    if (turns.size() % 2 != 0) throw new IllegalArgumentException(at + " ends without an answer");
    return turns;
  }

  private static List<Region> regions(JsonNode list, String at) {
    if (list == null || list.isNull()) return List.of();
    if (!list.isArray()) throw new IllegalArgumentException(at + " is not a list");
    List<Region> out = new ArrayList<>();
    for (JsonNode n : list) out.add(region(n, at + "[" + out.size() + "]"));
    return out;
  }

  private static Region region(JsonNode n, String at) {
    if (!n.isObject() || n.size() != 1) {
      throw new IllegalArgumentException(
          at + " is not an object with exactly one of box, point, scribble, rle");
    }
    if (n.has("box")) {
      double[] v = numbers(n.get("box"), 4, at + ".box");
      if (v[2] <= v[0] || v[3] <= v[1]) {
        throw new IllegalArgumentException(
            at
                + ".box "
                + n.get("box")
                + " is empty: expected [x0, y0, x1, y1] with x0 < x1, y0 < y1");
      }
      return new Region.Box(v[0], v[1], v[2], v[3]);
    }
    if (n.has("point")) return point(n.get("point"), at + ".point");
    if (n.has("scribble")) {
      JsonNode points = n.get("scribble");
      if (!points.isArray() || points.size() < 2) {
        throw new IllegalArgumentException(at + ".scribble is not a list of at least two points");
      }
      List<Region.Point> line = new ArrayList<>();
      for (JsonNode p : points) line.add(point(p, at + ".scribble"));
      return new Region.Scribble(line);
    }
    if (n.has("rle")) return new Region.Mask(DataJson.rle(n.get("rle"), at + ".rle"));
    throw new IllegalArgumentException(at + " is none of box, point, scribble, rle");
  }

  private static Region.Point point(JsonNode n, String at) {
    double[] v = numbers(n, 2, at);
    return new Region.Point(v[0], v[1]);
  }

  private static double[] numbers(JsonNode n, int count, String at) {
    if (n == null || !n.isArray() || n.size() != count) {
      throw new IllegalArgumentException(at + " is not a list of " + count + " numbers: " + n);
    }
    double[] v = new double[count];
    for (int i = 0; i < count; i++) {
      v[i] = DataJson.number(n.get(i), at);
      if (v[i] < 0) throw new IllegalArgumentException(at + " has the negative coordinate " + v[i]);
    }
    return v;
  }

  private static int count(String text, String mark) {
    int n = 0;
    for (int at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length())) n++;
    return n;
  }
}
