package dev.visionllm.result;

import java.awt.image.BufferedImage;
import java.util.Map;
import java.util.Objects;

/**
 * A picture that the model made or changed.
 *
 * @param label what was asked for
 * @param image its pixels, opaque
 * @param provenance how it came to be, as the text that its PNG file carries: prompt, model, seed,
 *     schedule and so on
 */
public record Picture(String label, BufferedImage image, Map<String, String> provenance)
    implements Finding {
  /** Keeps a copy of the provenance. */
  public Picture {
    Objects.requireNonNull(label, "label");
    Objects.requireNonNull(image, "image");
    provenance = Map.copyOf(provenance);
  }
}
