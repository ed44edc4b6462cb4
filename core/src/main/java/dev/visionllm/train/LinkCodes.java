package dev.visionllm.train;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32;

/**
 * Fixed codes of class names: what super-link states of a name look like while detector and
 * language model are warmed up apart from each other. Each name's code is drawn from its own
 * characters, so both runs agree on it without sharing a file. Not part of the paper: it stands in
 * for pretrained decoders, and the linked stage that follows lets the true gradient flow.
 */
final class LinkCodes {
  private LinkCodes() {}

  /** Standard normal values, (queries, d) row-major. */
  static float[] of(String name, int queries, int d) {
    CRC32 hash = new CRC32();
    hash.update(name.getBytes(StandardCharsets.UTF_8));
    Random random = new Random(hash.getValue());
    float[] code = new float[queries * d];
    for (int i = 0; i < code.length; i++) {
      code[i] = (float) random.nextGaussian();
    }
    return code;
  }
}
