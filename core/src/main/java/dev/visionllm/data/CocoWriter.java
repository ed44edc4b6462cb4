package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.CocoDataset.Category;
import dev.visionllm.data.CocoDataset.Picture;
import dev.visionllm.data.CocoDataset.Segmentation;
import dev.visionllm.data.KeypointDataset.Figure;
import dev.visionllm.geometry.KeypointSet.Limb;
import dev.visionllm.geometry.Keypoints.Point;
import java.io.OutputStream;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes instances and keypoints files in COCO's format, as streams. */
final class CocoWriter {
  private CocoWriter() {}

  static void write(CocoDataset data, OutputStream out) {
    file(
        out,
        data.pictures(),
        json -> data.annotations().forEach(a -> object(json, () -> annotation(json, a))),
        json -> data.categories().forEach(c -> object(json, () -> category(json, c))));
  }

  static void write(KeypointDataset data, OutputStream out) {
    file(
        out,
        data.pictures(),
        json -> data.figures().forEach(f -> object(json, () -> figure(json, f))),
        json -> data.categories().forEach(c -> object(json, () -> category(json, c))));
  }

  private static void file(
      OutputStream out,
      List<Picture> pictures,
      Consumer<JsonGenerator> annotations,
      Consumer<JsonGenerator> categories) {
    try (JsonGenerator json =
        JsonMapper.shared()
            .writer()
            .without(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .createGenerator(out)) {
      json.writeStartObject();
      json.writeArrayPropertyStart("images");
      for (Picture p : pictures) object(json, () -> picture(json, p));
      json.writeEndArray();
      json.writeArrayPropertyStart("annotations");
      annotations.accept(json);
      json.writeEndArray();
      json.writeArrayPropertyStart("categories");
      categories.accept(json);
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private static void object(JsonGenerator json, Runnable properties) {
    json.writeStartObject();
    properties.run();
    json.writeEndObject();
  }

  private static void picture(JsonGenerator json, Picture p) {
    json.writeNumberProperty("id", p.id());
    json.writeStringProperty("file_name", p.file());
    json.writeNumberProperty("width", p.width());
    json.writeNumberProperty("height", p.height());
  }

  private static void category(JsonGenerator json, Category c) {
    json.writeNumberProperty("id", c.id());
    json.writeStringProperty("name", c.name());
    json.writeStringProperty("supercategory", c.supercategory());
  }

  private static void category(JsonGenerator json, KeypointDataset.Category c) {
    category(json, c.category());
    json.writeArrayPropertyStart("keypoints");
    for (String name : c.points().points()) json.writeString(name);
    json.writeEndArray();
    json.writeArrayPropertyStart("skeleton");
    for (Limb limb : c.points().limbs()) { // counted from 1
      json.writeStartArray();
      json.writeNumber(limb.from() + 1);
      json.writeNumber(limb.to() + 1);
      json.writeEndArray();
    }
    json.writeEndArray();
  }

  private static void figure(JsonGenerator json, Figure f) {
    annotation(json, f.object());
    json.writeNumberProperty("num_keypoints", f.keypoints().labelled());
    json.writeArrayPropertyStart("keypoints");
    for (Point p : f.keypoints().points()) {
      number(json, p.x());
      number(json, p.y());
      json.writeNumber(p.visibility());
    }
    json.writeEndArray();
  }

  private static void annotation(JsonGenerator json, Annotation a) {
    json.writeNumberProperty("id", a.id());
    json.writeNumberProperty("image_id", a.pictureId());
    json.writeNumberProperty("category_id", a.categoryId());
    json.writeArrayPropertyStart("bbox");
    for (double v : new double[] {a.box().x0(), a.box().y0(), a.box().width(), a.box().height()})
      number(json, v);
    json.writeEndArray();
    json.writeName("area");
    number(json, a.area());
    json.writeNumberProperty("iscrowd", a.crowd() ? 1 : 0);
    if (a.segmentation() instanceof Segmentation.Runs runs) {
      json.writeObjectPropertyStart("segmentation");
      json.writeArrayPropertyStart("size");
      json.writeNumber(runs.rle().height());
      json.writeNumber(runs.rle().width());
      json.writeEndArray();
      json.writeStringProperty("counts", runs.rle().toCocoString());
      json.writeEndObject();
    } else if (a.segmentation() instanceof Segmentation.Polygons polygons) {
      json.writeArrayPropertyStart("segmentation");
      for (List<Double> outline : polygons.outlines()) {
        json.writeStartArray();
        for (double v : outline) number(json, v);
        json.writeEndArray();
      }
      json.writeEndArray();
    }
    json.writeNumberProperty("visible_fraction", Math.round(a.visibleFraction() * 1e4) / 1e4);
    if (a.colour() != null) json.writeStringProperty("colour", a.colour());
  }

  private static void number(JsonGenerator json, double v) {
    if (v == Math.rint(v) && Math.abs(v) < 1e15) json.writeNumber((long) v);
    else json.writeNumber(v);
  }
}
