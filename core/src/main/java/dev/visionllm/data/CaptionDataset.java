package dev.visionllm.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.visionllm.data.CocoDataset.Picture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A captions file in COCO's format; a picture may have several. */
public record CaptionDataset(
    @JsonProperty("images") List<Picture> pictures,
    @JsonProperty("annotations") List<Caption> captions) {

  /** What a picture shows, in words. */
  public record Caption(
      long id, @JsonProperty("image_id") long pictureId, @JsonProperty("caption") String text) {}

  /** Keeps copies. */
  public CaptionDataset {
    pictures = List.copyOf(pictures);
    captions = List.copyOf(captions);
  }

  /**
   * Reads and checks a file.
   *
   * @throws BrokenSample if an entry is not of the format and problems are refused
   */
  public static CaptionDataset read(Path file, Problems problems) throws IOException {
    CocoFile in = new CocoFile(file, problems);
    Map<Long, Picture> pictures = in.pictures();
    List<Caption> captions = new ArrayList<>();
    in.list(
        "annotations",
        n ->
            new Caption(
                DataJson.id(n, "id"),
                CocoFile.pictureOf(n, pictures).id(),
                DataJson.text(n, "caption")),
        Caption::id,
        captions::add);
    return new CaptionDataset(List.copyOf(pictures.values()), captions);
  }

  /** Writes the data set. */
  public void write(Path file) throws IOException {
    DataJson.write(file, this);
  }
}
