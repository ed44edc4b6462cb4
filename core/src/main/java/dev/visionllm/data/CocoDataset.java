package dev.visionllm.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Rle;
import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An instances file in COCO's format: pictures, annotations, categories (cocodataset.org, "object
 * detection").
 */
public record CocoDataset(
    List<Picture> pictures, List<Annotation> annotations, List<Category> categories) {

  /** A picture; {@code file} is relative to the picture folder that the data set goes with. */
  public record Picture(long id, @JsonProperty("file_name") String file, int width, int height) {}

  /**
   * One object.
   *
   * @param box pixels of the picture
   * @param area square pixels of the mask, or of the box where there is no mask
   * @param crowd whether it stands for a group of objects
   * @param segmentation null if the file has none
   * @param visibleFraction share of the object that is seen; 1 if the file does not say
   * @param colour dominant colour; null if the file does not say
   */
  public record Annotation(
      long id,
      long pictureId,
      long categoryId,
      Box box,
      double area,
      boolean crowd,
      Segmentation segmentation,
      double visibleFraction,
      String colour) {
    /** The same with other ids, for a copy in another file. */
    Annotation as(long newId, long newPictureId) {
      return new Annotation(
          newId, newPictureId, categoryId, box, area, crowd, segmentation, visibleFraction, colour);
    }
  }

  /** A class; ids need not be consecutive. */
  public record Category(long id, String name, String supercategory) {}

  /** The mask of an annotation. */
  public sealed interface Segmentation {
    /** As run-length code at the picture's size. */
    Rle toRle(int height, int width);

    /** Outlines, each x0, y0, x1, y1, ... in pixels. */
    record Polygons(List<List<Double>> outlines) implements Segmentation {
      @Override
      public Rle toRle(int height, int width) {
        return Rle.fromPolygons(
            outlines.stream()
                .map(o -> o.stream().mapToDouble(Double::doubleValue).toArray())
                .toList(),
            height,
            width);
      }
    }

    /** Run-length code. */
    record Runs(Rle rle) implements Segmentation {
      @Override
      public Rle toRle(int height, int width) {
        return rle;
      }
    }
  }

  public CocoDataset {
    pictures = List.copyOf(pictures);
    annotations = List.copyOf(annotations);
    categories = List.copyOf(categories);
  }

  /**
   * Annotations by picture id, in the order of the file; pictures without any are mapped to an
   * empty list.
   */
  public Map<Long, List<Annotation>> byPicture() {
    Map<Long, List<Annotation>> out = new HashMap<>();
    for (Picture p : pictures) out.put(p.id(), new ArrayList<>());
    for (Annotation a : annotations) out.get(a.pictureId()).add(a);
    return out;
  }

  /** Category names by id. */
  public Map<Long, String> names() {
    Map<Long, String> out = new HashMap<>();
    for (Category c : categories) out.put(c.id(), c.name());
    return out;
  }

  /**
   * Reads and checks an instances file.
   *
   * @throws BrokenSample if the file is not of the format; the message names the file and the entry
   */
  public static CocoDataset read(Path file) throws IOException {
    return read(file, Problems.refuse());
  }

  /** Reads an instances file; entries with problems are refused or left out. */
  public static CocoDataset read(Path file, Problems problems) throws IOException {
    CocoFile in = new CocoFile(file, problems);
    Map<Long, Picture> pictures = in.pictures();
    Map<Long, Category> categories = in.categories();
    List<Annotation> annotations = new ArrayList<>();
    in.annotations(pictures, categories, annotations::add);
    return new CocoDataset(
        List.copyOf(pictures.values()), annotations, List.copyOf(categories.values()));
  }

  /** Writes the data set; masks as run-length strings or polygons, as they are. */
  public void write(Path file) throws IOException {
    AtomicFile.write(file, out -> CocoWriter.write(this, out));
  }
}
