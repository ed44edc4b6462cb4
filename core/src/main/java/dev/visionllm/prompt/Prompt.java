package dev.visionllm.prompt;

import dev.visionllm.image.Raster;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One request: a text that may refer to pictures ({@code <image>}) and to regions ({@code
 * <region>}), the pictures, and the regions, see {@link #marked()}. A text without placeholders is
 * allowed; where they go is then decided by the model's prompt format.
 */
public record Prompt(String text, List<Raster> images, List<VisualPrompt> regions) {
  /** Stands for a picture in the text. */
  public static final String IMAGE = "<image>";

  /** Stands for a region in the text. */
  public static final String REGION = "<region>";

  private static final Pattern PLACEHOLDER = Pattern.compile(IMAGE + "|" + REGION);

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
    List<Integer> marked = marked(text, images.size(), regions.size());
    for (int i = 0; i < regions.size(); i++) {
      Raster on = images.get(marked.get(i));
      regions.get(i).mask(on.width(), on.height());
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

  /**
   * The picture that each region marks, from 0: as {@link #marked(String)} where the text places
   * both, else the last one.
   */
  public List<Integer> marked() {
    return marked(text, images.size(), regions.size());
  }

  private static List<Integer> marked(String text, int images, int regions) {
    return text.contains(IMAGE) && text.contains(REGION)
        ? marked(text)
        : Collections.nCopies(regions, images - 1);
  }

  /**
   * The picture that each region of a text marks, from 0: the one that the text places last before
   * it, or the first.
   */
  public static List<Integer> marked(String text) {
    List<Integer> marked = new ArrayList<>();
    int images = 0;
    for (Matcher m = PLACEHOLDER.matcher(text); m.find(); ) {
      if (m.group().equals(IMAGE)) {
        images++;
      } else {
        marked.add(Math.max(0, images - 1));
      }
    }
    return marked;
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
