package dev.visionllm.data;

import dev.visionllm.data.Dialogue.Region;
import dev.visionllm.data.Dialogue.Role;
import dev.visionllm.data.Dialogue.Turn;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One record of LLaVA's format: {@code id, image, conversations}; ours: {@code regions, task,
 * answer}.
 */
final class LlavaRecord {
  private static final JsonMapper JSON = JsonMapper.shared();

  private LlavaRecord() {}

  static String line(Dialogue d) {
    ObjectNode n = JSON.createObjectNode();
    n.put("id", d.id());
    if (d.images().size() == 1) n.put("image", d.images().get(0));
    if (d.images().size() > 1) {
      ArrayNode images = n.putArray("image");
      d.images().forEach(images::add);
    }
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

  static Dialogue parse(JsonNode n) {
    DataJson.object(n);
    JsonNode id = n.get("id");
    if (id == null || !id.isString() && !id.isIntegralNumber()) {
      throw new IllegalArgumentException(
          "id is neither text nor a whole number: " + DataJson.show(id));
    }
    List<String> images = images(n);
    List<Turn> turns = turns(n.get("conversations"));
    checkImages(images.size(), turns);
    List<Region> regions = regions(n.get("regions"));
    int marks = turns.stream().mapToInt(t -> count(t.text(), "<region>")).sum();
    if (marks != regions.size()) {
      throw new IllegalArgumentException(
          "has " + marks + " times <region> in its turns but " + regions.size() + " regions");
    }
    if (marks > 0 && images.isEmpty()) {
      throw new IllegalArgumentException("has regions but no image that they are places of");
    }
    String task = DataJson.optionalText(n, "task");
    return new Dialogue(
        id.asString(),
        images,
        task == null ? "" : task,
        turns,
        regions,
        DataJson.optionalText(n, "answer"));
  }

  /** One picture's name, or a list of several. */
  private static List<String> images(JsonNode n) {
    if (n.path("image").isArray()) return DataJson.texts(n, "image");
    String image = DataJson.optionalText(n, "image");
    return image == null ? List.of() : List.of(image);
  }

  private static void checkImages(int images, List<Turn> turns) {
    int all = turns.stream().mapToInt(t -> count(t.text(), "<image>")).sum();
    int right =
        images <= 1
            ? count(turns.get(0).text(), "<image>")
            : turns.stream()
                .filter(t -> t.role() == Role.HUMAN)
                .mapToInt(t -> count(t.text(), "<image>"))
                .sum();
    if (all != images || right != images) {
      String expected =
          switch (images) {
            case 0 -> "none as it names no image";
            case 1 -> "1, in the first turn";
            default -> images + ", in turns of the human";
          };
      throw new IllegalArgumentException(
          "has " + all + " times <image> in its turns, expected " + expected);
    }
  }

  private static List<Turn> turns(JsonNode list) {
    if (list == null || !list.isArray()) {
      throw new IllegalArgumentException(
          "conversations is not a list of turns: " + DataJson.show(list));
    }
    if (list.isEmpty()) {
      throw new IllegalArgumentException(
          "conversations is empty: it needs a turn of the human and one of the assistant");
    }
    if (list.valueStream().noneMatch(t -> t.path("from").asString("").equals("gpt"))) {
      throw new IllegalArgumentException(
          "conversations has no turn of the assistant (from: gpt), so there is nothing to learn");
    }
    List<Turn> turns = new ArrayList<>();
    for (JsonNode n : list) {
      String here = "conversations[" + turns.size() + "]";
      Role expected = turns.size() % 2 == 0 ? Role.HUMAN : Role.ASSISTANT;
      String from = n.path("from").asString("");
      if (!from.equals(expected == Role.HUMAN ? "human" : "gpt")) {
        throw new IllegalArgumentException(
            here + ".from is '" + from + "': human and gpt must take turns, human first");
      }
      JsonNode value = n.get("value");
      if (value == null || !value.isString()) {
        throw new IllegalArgumentException(here + ".value is not text: " + DataJson.show(value));
      }
      turns.add(new Turn(expected, value.asString()));
    }
    if (turns.size() % 2 != 0) {
      throw new IllegalArgumentException("conversations ends without an answer");
    }
    return turns;
  }

  private static List<Region> regions(JsonNode list) {
    if (list == null || list.isNull()) return List.of();
    if (!list.isArray()) throw new IllegalArgumentException("regions is not a list");
    List<Region> out = new ArrayList<>();
    for (JsonNode n : list) out.add(region(n, "regions[" + out.size() + "]"));
    return out;
  }

  private static Region region(JsonNode n, String at) {
    if (!n.isObject() || n.size() != 1) {
      throw new IllegalArgumentException(
          at + " is not an object with exactly one of box, point, scribble, rle");
    }
    if (n.has("box")) {
      double[] v = coordinates(n.get("box"), 4, at + ".box", "[x0, y0, x1, y1]");
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
    double[] v = coordinates(n, 2, at, "[x, y]");
    return new Region.Point(v[0], v[1]);
  }

  private static double[] coordinates(JsonNode n, int count, String at, String expected) {
    double[] v = DataJson.numbers(n, count, at, expected);
    for (double c : v) {
      if (c < 0) throw new IllegalArgumentException(at + " has the negative coordinate " + c);
    }
    return v;
  }

  private static int count(String text, String mark) {
    int n = 0;
    for (int at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length())) n++;
    return n;
  }
}
