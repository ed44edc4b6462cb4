package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.CocoDataset.Category;
import dev.visionllm.data.CocoDataset.Picture;
import dev.visionllm.data.CocoDataset.Segmentation;
import java.io.OutputStream;
import java.util.List;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes an instances file in COCO's format, as a stream. */
final class CocoWriter {
  private CocoWriter() {}

  static void write(CocoDataset data, OutputStream out) {
    try (JsonGenerator json =
        JsonMapper.shared()
            .writer()
            .without(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .createGenerator(out)) {
      json.writeStartObject();
      json.writeArrayPropertyStart("images");
      for (Picture p : data.pictures()) {
        json.writeStartObject();
        json.writeNumberProperty("id", p.id());
        json.writeStringProperty("file_name", p.file());
        json.writeNumberProperty("width", p.width());
        json.writeNumberProperty("height", p.height());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeArrayPropertyStart("annotations");
      for (Annotation a : data.annotations()) write(json, a);
      json.writeEndArray();
      json.writeArrayPropertyStart("categories");
      for (Category c : data.categories()) {
        json.writeStartObject();
        json.writeNumberProperty("id", c.id());
        json.writeStringProperty("name", c.name());
        json.writeStringProperty("supercategory", c.supercategory());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private static void write(JsonGenerator json, Annotation a) {
    json.writeStartObject();
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
    json.writeEndObject();
  }

  private static void number(JsonGenerator json, double v) {
    if (v == Math.rint(v) && Math.abs(v) < 1e15) json.writeNumber((long) v);
    else json.writeNumber(v);
  }
}
