package dev.visionllm.text;

import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tokenizer.json of more pieces than its own: unused ones fill it up, so that the tokens behind
 * them get the ids that they have behind a larger vocabulary. Text is encoded as before.
 */
public final class PaddedVocabulary {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private PaddedVocabulary() {}

  /**
   * Writes tokenizer.json and, if there is one, tokenizer_config.json.
   *
   * @param from folder with a tokenizer.json of the byte-pair kind
   * @param pieces at least as many as it has
   */
  public static void write(Path from, Path to, int pieces) throws IOException {
    Path file = from.resolve("tokenizer.json");
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(from + " has no tokenizer.json");
    }
    ObjectNode root;
    ObjectNode vocabulary;
    try {
      root = (ObjectNode) JSON.readTree(Files.readString(file));
      vocabulary = (ObjectNode) root.required("model").required("vocab");
    } catch (JacksonException | ClassCastException e) {
      throw new IllegalArgumentException(file + " is not a tokenizer.json with model.vocab", e);
    }
    int own = vocabulary.size();
    if (own > pieces) {
      throw new IllegalArgumentException(
          file + " has " + own + " pieces, should have at most " + pieces);
    }
    for (int i = own; i < pieces; i++) {
      vocabulary.put("<unused" + i + ">", i);
    }
    for (JsonNode token : root.path("added_tokens")) {
      int id = token.path("id").asInt(-1);
      if (id >= own) {
        ((ObjectNode) token).put("id", id - own + pieces);
      }
    }
    Files.createDirectories(to);
    AtomicFile.write(to.resolve("tokenizer.json"), JSON.writeValueAsBytes(root));
    Path config = from.resolve("tokenizer_config.json");
    if (Files.exists(config)) {
      ObjectNode copy = (ObjectNode) JSON.readTree(Files.readString(config));
      copy.remove("added_tokens_decoder"); // tokenizer.json has them, under other ids now
      AtomicFile.write(to.resolve("tokenizer_config.json"), JSON.writeValueAsBytes(copy));
    }
  }
}
