package dev.visionllm.train;

import dev.visionllm.geometry.Box;
import dev.visionllm.tensor.Tensors;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.bytedeco.pytorch.Tensor;

/**
 * Fixed codes of names and places: what super-link states of a name look like while detector and
 * language model are warmed up apart from each other. Each name's code is drawn from its own
 * characters, so both runs agree on it without sharing a file. Not part of the paper: it stands in
 * for pretrained decoders, and the linked stage that follows lets the true gradient flow.
 */
final class LinkCodes {
  private static final int SIDES = 4; // centre and size
  private static final int WAVES = 4;
  private static final int ALL = 1 + SIDES * WAVES; // and a constant one
  private static final double SPREAD = Math.sqrt(SIDES * WAVES / 2.0);

  /** The matrix of places by the length of codes, since drawing it takes longer than using it. */
  private static final Map<Integer, float[][]> PLACES = new ConcurrentHashMap<>();

  private LinkCodes() {}

  private static float[][] directions(int length) {
    return PLACES.computeIfAbsent(
        length,
        n -> IntStream.range(0, ALL).mapToObj(i -> of("place " + i, 1, n)).toArray(float[][]::new));
  }

  /** Codes of several, (meanings, queries, d) row-major. */
  static float[] of(List<Meaning> meanings, int queries, int d) {
    float[] all = new float[meanings.size() * queries * d];
    for (int i = 0; i < meanings.size(); i++) {
      System.arraycopy(of(meanings.get(i), queries, d), 0, all, i * queries * d, queries * d);
    }
    return all;
  }

  /** Standard normal values, (queries, d) row-major. */
  private static float[] of(String name, int queries, int d) {
    CRC32 hash = new CRC32();
    hash.update(name.getBytes(StandardCharsets.UTF_8));
    Random random = new Random(hash.getValue());
    float[] code = new float[queries * d];
    for (int i = 0; i < code.length; i++) {
      code[i] = (float) random.nextGaussian();
    }
    return code;
  }

  /**
   * The code of the name and, where one object is meant, that of its place: waves over centre and
   * size (cosines of half a period to {@link #WAVES} of them) through a fixed matrix, of about the
   * same variance.
   */
  static float[] of(Meaning meaning, int queries, int d) {
    float[] code = of(meaning.name(), queries, d);
    Box place = meaning.place();
    if (place == null) {
      return code;
    }
    double[] sides = {place.centerX(), place.centerY(), place.width(), place.height()};
    double[] waves = new double[ALL];
    waves[0] = 1;
    for (int i = 0; i < SIDES * WAVES; i++) {
      waves[1 + i] = Math.cos(Math.PI * (1 + i % WAVES) * sides[i / WAVES]);
    }
    float[][] directions = directions(queries * d);
    for (int i = 0; i < waves.length; i++) {
      float[] direction = directions[i];
      double scale = waves[i] / SPREAD;
      for (int j = 0; j < code.length; j++) {
        code[j] += (float) (scale * direction[j]);
      }
    }
    return code;
  }

  /** What reads the waves of a place off a code, or off a state near it: (length, waves). */
  static Tensor waves(int length) {
    float[][] directions = directions(length);
    float[] out = new float[length * directions.length];
    for (int i = 0; i < directions.length; i++) {
      for (int j = 0; j < length; j++) {
        out[j * directions.length + i] = (float) (directions[i][j] * SPREAD / length);
      }
    }
    return Tensors.of(out, length, directions.length);
  }
}
