package dev.visionllm.data;

import java.util.List;

/** A captions file in COCO's format (cocodataset.org, "image captioning"). */
record CocoCaptions(List<Image> images, List<Annotation> annotations) {
  /** A picture. */
  record Image(long id, String fileName, int width, int height) {}

  /** One caption of a picture. */
  record Annotation(long id, long imageId, String caption) {}
}
