package dev.visionllm.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.visionllm.data.CocoDataset.Annotation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Expressions that single out one object of a picture, in the format of RefCOCO (Kazemzadeh et al.
 * 2014) as JSON. The objects are those of an instances file.
 */
public record ExpressionDataset(List<Reference> references) {

  /**
   * An object and what it is called.
   *
   * @param annotationId the object, in the instances file
   * @param file name of the picture; RefCOCO's own names end in the annotation's number, so that
   *     the picture of the instances file is the one to go by
   * @param split train, val, test, ...
   */
  public record Reference(
      @JsonProperty("ref_id") long id,
      @JsonProperty("ann_id") long annotationId,
      @JsonProperty("image_id") long pictureId,
      @JsonProperty("file_name") String file,
      @JsonProperty("category_id") long categoryId,
      String split,
      List<Sentence> sentences) {
    /** Keeps a copy. */
    public Reference {
      sentences = List.copyOf(sentences);
    }
  }

  /**
   * One expression.
   *
   * @param raw as somebody wrote it
   * @param text cleaned: lower case, without punctuation
   * @param tokens its words
   */
  public record Sentence(
      @JsonProperty("sent_id") long id,
      String raw,
      @JsonProperty("sent") String text,
      List<String> tokens) {
    /** Keeps a copy. */
    public Sentence {
      tokens = List.copyOf(tokens);
    }
  }

  /** Keeps a copy. */
  public ExpressionDataset {
    references = List.copyOf(references);
  }

  /**
   * Reads and checks a file of references.
   *
   * @param objects what ann_id, image_id and category_id are held against
   * @throws BrokenSample if an entry is not of the format and problems are refused
   */
  public static ExpressionDataset read(Path file, CocoDataset objects, Problems problems)
      throws IOException {
    Map<Long, Annotation> known = new HashMap<>();
    for (Annotation a : objects.annotations()) known.put(a.id(), a);
    Set<Long> ids = new HashSet<>();
    Set<Long> sentenceIds = new HashSet<>();
    List<Reference> out = new ArrayList<>();
    JsonStream.root(
        file,
        problems,
        (n, i) -> {
          JsonNode id = n.path("ref_id");
          problems.take(
              file,
              "[" + i + "]" + (id.isIntegralNumber() ? " (ref_id " + id + ")" : ""),
              () -> {
                Reference r = reference(n, known);
                fresh(ids, r.id(), "ref_id");
                for (Sentence s : r.sentences()) fresh(sentenceIds, s.id(), "sent_id");
                out.add(r);
              });
        });
    return new ExpressionDataset(out);
  }

  /** Writes the references. */
  public void write(Path file) throws IOException {
    DataJson.write(file, references);
  }

  private static void fresh(Set<Long> ids, long id, String name) {
    if (!ids.add(id)) {
      throw new IllegalArgumentException("repeats the " + name + " " + id + ": it must be unique");
    }
  }

  private static Reference reference(JsonNode n, Map<Long, Annotation> known) {
    DataJson.object(n);
    long annotation = DataJson.id(n, "ann_id");
    Annotation object = known.get(annotation);
    if (object == null) {
      throw new IllegalArgumentException(
          "names ann_id " + annotation + ", which is not in the annotations of the instances file");
    }
    agree("image_id", DataJson.id(n, "image_id"), object.pictureId(), annotation);
    agree("category_id", DataJson.id(n, "category_id"), object.categoryId(), annotation);
    List<Sentence> sentences = new ArrayList<>();
    for (JsonNode s : DataJson.list(n, "sentences")) {
      DataJson.object(s);
      sentences.add(
          new Sentence(
              DataJson.id(s, "sent_id"),
              DataJson.text(s, "raw"),
              DataJson.text(s, "sent"),
              DataJson.texts(s, "tokens")));
    }
    if (sentences.isEmpty()) {
      throw new IllegalArgumentException("sentences is empty: at least one names the object");
    }
    return new Reference(
        DataJson.id(n, "ref_id"),
        annotation,
        object.pictureId(),
        DataJson.text(n, "file_name"),
        object.categoryId(),
        DataJson.text(n, "split"),
        sentences);
  }

  private static void agree(String name, long said, long known, long annotation) {
    if (said != known) {
      throw new IllegalArgumentException(
          name + " is " + said + ", but annotation " + annotation + " has " + known);
    }
  }
}
