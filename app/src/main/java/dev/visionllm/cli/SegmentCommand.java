package dev.visionllm.cli;

import dev.visionllm.geometry.LabelMap;
import dev.visionllm.geometry.Mask;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.MaskImages;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Segment;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code visionllm segment}: the pixels of named classes, or of marked objects. */
@Command(
    name = "segment",
    description = "Find the pixels of named classes, or of the objects at marked regions.",
    footer = {
      "",
      "JSON has each mask as COCO's RLE and as polygons. With --masks DIR each mask is written as",
      "a black and white PNG, with --labels DIR one PNG a picture in which a pixel's value is the",
      "number of the class that fits it best, from 1.",
      "",
      "Examples:",
      "  visionllm segment photo.png dog \"red car\" --out found.png",
      "  visionllm segment photo.png --region point:120,80 --masks masks",
      "  visionllm segment street.png road sky car --labels maps --json"
    })
final class SegmentCommand extends LookCommand {
  @Option(
      names = "--region",
      paramLabel = "KIND:...",
      description =
          "A marked object: "
              + VisualPrompt.SYNTAX
              + ". May be given several times. Its best mask counts, unless --threshold is given,"
              + " whatever its score.")
  private List<String> regions = List.of();

  @Option(
      names = "--masks",
      paramLabel = "DIR",
      description = "Write each mask as DIR/PICTURE-NUMBER.png.")
  private Path masks;

  @Option(
      names = "--labels",
      paramLabel = "DIR",
      description = "Write for each pixel the class that fits best, as DIR/PICTURE.png.")
  private Path labels;

  private final List<VisualPrompt> marked = new ArrayList<>();
  private LabelMap map; // of the picture at hand

  @Override
  void check(List<String> names) throws IOException {
    if (names.isEmpty() == regions.isEmpty()) {
      throw new IllegalArgumentException(
          "give either classes after the picture or --region, to say what to segment");
    }
    if (labels != null && names.isEmpty()) {
      throw new IllegalArgumentException("--labels needs classes after the picture");
    }
    for (String region : regions) {
      marked.add(VisualPrompt.parse(region));
    }
  }

  /** Something is where somebody marks it. */
  @Override
  double least(VisionLlm llm) {
    return marked.isEmpty() ? super.least(llm) : 0;
  }

  @Override
  List<Segment> find(VisionLlm llm, Raster picture, List<String> names, double threshold) {
    map = labels == null ? null : llm.semantic(picture, names);
    if (!marked.isEmpty()) {
      return llm.segmentMarked(picture, marked, threshold);
    }
    return llm.segment(picture, names, threshold);
  }

  @Override
  void write(Raster picture, Path file, String stem, List<? extends Finding> found)
      throws IOException {
    if (map != null) {
      Files.createDirectories(labels);
      ImageFiles.writePng(MaskImages.of(map), labels.resolve(stem + ".png"));
    }
    if (masks != null) {
      Files.createDirectories(masks);
      for (int i = 0; i < found.size(); i++) {
        Mask mask = ((Segment) found.get(i)).mask();
        ImageFiles.writePng(MaskImages.of(mask), masks.resolve(stem + "-" + (i + 1) + ".png"));
      }
    }
  }
}
