package dev.visionllm.vlm;

import dev.visionllm.model.RandomWeights;
import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.nn.Params;
import dev.visionllm.text.SpecialTokens;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** A multimodal model of a few thousand random weights: ids 0 to 39 are words, then the tokens. */
final class Tiny {
  static final int WORDS = 40;
  static final int END = 2;
  static final int VOCAB = WORDS + SpecialTokens.DEFAULT_TOKENS.size();

  private static final ClipVision.Config VISION = new ClipVision.Config(28, 14, 8, 16, 2, 2, 1e-5);

  private Tiny() {}

  static Multimodal.Config config(int context) {
    return new Multimodal.Config(
        VISION,
        "linear",
        false,
        -2,
        8,
        new Llama.Config(VOCAB, 16, 24, 2, 4, 2, 1e-5, 10_000, context, false),
        4,
        false,
        6);
  }

  static Params weights(long seed) {
    return new Params(RandomWeights.of(seed));
  }

  static Multimodal model(Params p) {
    return model(p, 256);
  }

  static Multimodal model(Params p, int context) {
    return new Multimodal(p, config(context), Tiny::id);
  }

  static int id(String token) {
    return WORDS + SpecialTokens.DEFAULT_TOKENS.indexOf(token);
  }

  static Inputs.Picture picture(long seed, int tiles) {
    Random random = new Random(seed);
    float[] pixels = new float[tiles * 3 * VISION.size() * VISION.size()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return new Inputs.Picture(tiles, VISION.size(), pixels);
  }

  /** A mask of the global tile's upper left quarter. */
  static Inputs.Region region(int image) {
    int size = VISION.size();
    float[] mask = new float[size * size];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = i / size < size / 2 && i % size < size / 2 ? 1 : 0;
    }
    return new Inputs.Region(image, mask);
  }

  /** Random words, after the places of one picture of so many tiles; without one if 0. */
  static Inputs prompt(long seed, int words, int tiles) {
    int[] patches = new int[tiles * 4];
    Arrays.fill(patches, id("<im_patch>"));
    int[] text = new Random(seed).ints(words, 3, WORDS).toArray();
    return new Inputs(
        IntStream.concat(Arrays.stream(patches), Arrays.stream(text)).toArray(),
        tiles == 0 ? List.of() : List.of(picture(seed, tiles)),
        List.of());
  }

  static Decoding decoding(Multimodal model, Inputs... rows) {
    return new Decoding(model, model.embed(List.of(rows), new SplittableRandom(0)));
  }
}
