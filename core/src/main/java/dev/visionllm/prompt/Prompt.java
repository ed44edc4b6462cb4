package dev.visionllm.prompt;

import dev.visionllm.image.Raster;
import java.util.List;

/**
 * One request: a text that may refer to pictures ({@code <image>}) and to regions ({@code
 * <region>}), the pictures, and the regions, which are marked on the last picture. A text without
 * placeholders is allowed; where they go is then decided by the model's prompt format.
 */
public record Prompt(String text, List<Raster> images, List<VisualPrompt> regions) {
  /** Stands for a picture in the text. */
  public static final String IMAGE = "<image>";

  /** Stands for a region in the text. */
  public static final String REGION = "<region>";

  public Prompt {
    if (text.isBlank()) {
      throw new IllegalArgumentException("the prompt has no text: ask a question");
    }
    images = List.copyOf(images);
    regions = List.copyOf(regions);
    placeholders(IMAGE, count(text, IMAGE), "picture", images.size());
    placeholders(REGION, count(text, REGION), "region", regions.size());
    if (!regions.isEmpty() && images.isEmpty()) {
      throw new IllegalArgumentException(
          "the prompt marks " + regions.size() + " region(s) but has no picture: give the picture");
    }
    for (VisualPrompt region : regions) {
      Raster marked = images.get(images.size() - 1);
      region.mask(marked.width(), marked.height());
    }
  }

  /** A question about one picture. */
  public static Prompt of(String text, Raster image) {
    return new Prompt(text, List.of(image), List.of());
  }

  /** How many {@code <region>} placeholders the text holds. */
  public int regionPlaceholders() {
    return count(text, REGION);
  }

  private static void placeholders(String token, int inText, String thing, int given) {
    if (inText != 0 && inText != given) {
      throw new IllegalArgumentException(
          "the text has "
              + inText
              + " placeholder(s) "
              + token
              + " but "
              + given
              + " "
              + thing
              + "(s) are given: write one "
              + token
              + " for each, or none");
    }
  }

  private static int count(String text, String token) {
    int n = 0;
    for (int at = text.indexOf(token); at >= 0; at = text.indexOf(token, at + token.length())) {
      n++;
    }
    return n;
  }
}
