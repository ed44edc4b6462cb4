package dev.visionllm.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An object and the expressions that describe it, as RefCOCO has them (refs(unc).p of Yu et al.
 * 2016, here as JSON).
 *
 * @param annId id of the object's annotation in instances.json
 */
record RefCoco(
    long refId,
    long annId,
    long imageId,
    String fileName,
    long categoryId,
    String split,
    List<Sentence> sentences) {
  private static final String SPLIT = "train"; // a folder is one split, whatever it is used for
  private static final int MOST = 10; // more than the sentences of an object

  /**
   * An expression.
   *
   * @param raw as it is said
   * @param sent in small letters, without punctuation
   * @param tokens the words of {@code sent}
   */
  record Sentence(long sentId, String raw, String sent, List<String> tokens) {}

  /** Of one object. @param expressions fewer than ten */
  static RefCoco of(
      long annotation, long image, String file, long category, List<String> expressions) {
    List<Sentence> sentences = new ArrayList<>();
    for (String raw : expressions) {
      String sent = raw.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} ]", "");
      sentences.add(
          new Sentence(annotation * MOST + sentences.size(), raw, sent, List.of(sent.split(" +"))));
    }
    return new RefCoco(annotation, annotation, image, file, category, SPLIT, sentences);
  }
}
