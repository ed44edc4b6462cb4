package dev.visionllm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A format of data sets. */
public enum DataFormat {
  /** {@link CocoDataset}: a JSON file. */
  COCO,
  /** {@link KeypointDataset}: a JSON file. */
  COCO_KEYPOINTS,
  /** {@link CaptionDataset}: a JSON file. */
  COCO_CAPTIONS,
  /** {@link LlavaDataset}: a JSON or JSONL file. */
  LLAVA,
  /** {@link ExpressionDataset}: a JSON file. */
  REFCOCO,
  /** {@link IndexMapDataset} of classes: a folder. */
  INDEX_MAPS,
  /** {@link IndexMapDataset} of salience: a folder. */
  SALIENCY,
  /** {@link PairDataset}: a tar file or a folder. */
  PAIRS,
  /** {@link EditDataset}: a folder. */
  EDITS;

  /** The name on a command line and in reports: "coco-keypoints". */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Finds out the format of a file or folder by its content.
   *
   * @return empty if it is none of these
   */
  public static Optional<DataFormat> of(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return ofFolder(path);
    }
    return switch (PictureFiles.ending(path.getFileName().toString())) {
      case "tar" -> Optional.of(PAIRS);
      case "jsonl" -> Optional.of(LLAVA);
      case "json" -> ofJson(path);
      default -> Optional.empty();
    };
  }

  private static Optional<DataFormat> ofFolder(Path folder) throws IOException {
    if (Files.exists(folder.resolve("seeds.json"))) {
      return Optional.of(EDITS);
    }
    List<String> names;
    try (Stream<Path> files = Files.list(folder)) {
      names = files.map(f -> f.getFileName().toString()).toList();
    }
    if (names.stream().noneMatch(PictureFiles::isPicture)) {
      return Optional.empty();
    }
    if (names.stream()
        .filter(n -> List.of("txt", "json").contains(PictureFiles.ending(n)))
        .anyMatch(n -> PictureFiles.named(folder, PictureFiles.stem(n)) != null)) {
      return Optional.of(PAIRS);
    }
    return switch (String.valueOf(folder.getFileName())) {
      case "semantic", "annotations" -> Optional.of(INDEX_MAPS);
      case "saliency", "masks" -> Optional.of(SALIENCY);
      default -> Optional.empty();
    };
  }

  /** Reads no further than the first entry that tells. */
  private static Optional<DataFormat> ofJson(Path file) throws IOException {
    boolean coco = false;
    try (var in = Files.newInputStream(file);
        JsonParser json = JsonMapper.shared().createParser(in)) {
      if (json.nextToken() == JsonToken.START_ARRAY) {
        return json.nextToken() == JsonToken.START_OBJECT
            ? ofRecord(json.readValueAsTree())
            : Optional.empty();
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        boolean list = json.nextToken() == JsonToken.START_ARRAY;
        if (name.equals("conversations")) {
          return Optional.of(LLAVA);
        }
        coco |= name.equals("images") && list;
        if (list && (name.equals("annotations") || name.equals("categories"))) {
          if (json.nextToken() == JsonToken.START_OBJECT) {
            JsonNode first = json.readValueAsTree();
            if (first.has("keypoints")) return Optional.of(COCO_KEYPOINTS);
            if (first.has("caption")) return Optional.of(COCO_CAPTIONS);
            if (name.equals("annotations")) return Optional.of(COCO);
          }
          while (json.currentToken() != JsonToken.END_ARRAY) {
            json.nextToken();
            json.skipChildren();
          }
        } else {
          json.skipChildren();
        }
      }
    } catch (JacksonException e) {
      // damaged: what was seen so far decides, and the reader says where
    }
    return coco ? Optional.of(COCO) : Optional.empty();
  }

  private static Optional<DataFormat> ofRecord(JsonNode first) {
    if (first.has("conversations")) return Optional.of(LLAVA);
    return first.has("sentences") ? Optional.of(REFCOCO) : Optional.empty();
  }
}
