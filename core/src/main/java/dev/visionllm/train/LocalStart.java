package dev.visionllm.train;

import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.nn.ImageEncoder;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * Draws an image encoder that starts as a convolution would: a plain transformer has to discover
 * from many pictures that neighbouring patches belong together, here it begins with that. A patch's
 * embedding is its cosine transform, lowest frequencies first; the last {@link #PLACE} channels
 * hold sines and cosines of the patch's place; and each head of the lower layers looks at the
 * neighbour in one direction, because its queries turn these sines by one or two patches. Training
 * may change all of it. Related to ConViT (d'Ascoli et al. 2021) and structured initialisation
 * (Zheng et al. 2024); ours, not the paper's, which starts from CLIP. Other names are drawn by the
 * source behind.
 */
final class LocalStart implements Params.Source {
  /** Channels of the place: sine and cosine, x and y, of {@link #WAVES} waves. */
  static final int PLACE = 32;

  private static final int WAVES = PLACE / 4;
  private static final double FOCUS = 2; // of queries and keys: about 12 nats above elsewhere
  private static final double NOISE = 0.1; // of what content adds to queries and keys
  private static final double QUIET = 0.3; // of what a layer adds to its input
  private static final int[][] AROUND = {
    {-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-1, -1}, {1, 1}, {-1, 1}, {1, -1}
  };
  private static final String ROOT = "vis_encoder.vision_model.";
  private static final Pattern PROJECTION =
      Pattern.compile(
          Pattern.quote(ROOT + "encoder.layers.") + "(\\d+)\\.self_attn\\.(q|k)_proj\\.weight");
  private static final Pattern OUTPUT =
      Pattern.compile(
          Pattern.quote(ROOT + "encoder.layers.")
              + "\\d+\\.(self_attn\\.out_proj|mlp\\.fc2)\\.weight");

  private final Params.Source rest;
  private final ClipVision.Config c;
  private final long seed;

  /**
   * @throws IllegalArgumentException if the encoder is not CLIP's or its heads cannot hold a place
   */
  LocalStart(Params.Source rest, ImageEncoder.Config encoder, long seed) {
    if (!(encoder instanceof ClipVision.Config c)) {
      throw new IllegalArgumentException("a local start needs CLIP's image encoder");
    }
    if (c.hidden() / c.heads() < PLACE || c.hidden() < 4 * PLACE) {
      throw new IllegalArgumentException(
          "a local start needs heads of at least %d channels, the image encoder's have %d"
              .formatted(PLACE, c.hidden() / c.heads()));
    }
    this.rest = rest;
    this.c = c;
    this.seed = seed;
  }

  @Override
  public boolean has(String name) {
    return rest.has(name);
  }

  @Override
  public Tensor get(String name, long... shape) {
    int d = c.hidden();
    if (name.equals(ROOT + "embeddings.patch_embedding.weight")) {
      return Tensors.of(cosines(), d, 3, c.patch(), c.patch());
    }
    if (name.equals(ROOT + "embeddings.position_embedding.weight")) {
      return Tensors.of(places(), c.tokens(), d);
    }
    Matcher m = PROJECTION.matcher(name);
    if (m.matches()) {
      int layer = Integer.parseInt(m.group(1));
      return Tensors.of(projection(layer, m.group(2).equals("q"), name), d, d);
    }
    if (OUTPUT.matcher(name).matches()) {
      return Tensors.of(output(name, (int) shape[0], (int) shape[1]), shape);
    }
    return rest.get(name, shape);
  }

  /** Brightness first, then two differences of colours, each from low to high frequencies. */
  private float[] cosines() {
    int p = c.patch();
    int d = c.hidden();
    int plane = p * p;
    double[][] colours = {
      {0.577, 0.577, 0.577}, {0.707, 0, -0.707}, {0.408, -0.816, 0.408}
    }; // orthonormal
    int content = d - PLACE;
    int[] share = {content - 2 * (content * 3 / 10), content * 3 / 10, content * 3 / 10};
    float[] out = new float[d * 3 * plane];
    int row = 0;
    for (int colour = 0; colour < 3; colour++) {
      int[][] waves = waves(p, share[colour]);
      for (int[] wave : waves) {
        double gain = (0.6 + 2.5 * Math.hypot(wave[0], wave[1])) / plane; // pictures fade as 1 / f
        for (int channel = 0; channel < 3; channel++) {
          for (int y = 0; y < p; y++) {
            for (int x = 0; x < p; x++) {
              double value =
                  Math.cos(Math.PI * wave[0] * (x + 0.5) / p)
                      * Math.cos(Math.PI * wave[1] * (y + 0.5) / p);
              out[row * 3 * plane + channel * plane + y * p + x] =
                  (float) (gain * colours[colour][channel] * value);
            }
          }
        }
        row++;
      }
    }
    return out;
  }

  /** The n lowest pairs of frequencies; fewer if a patch has no more. */
  private static int[][] waves(int p, int n) {
    return java.util.stream.IntStream.range(0, p * p)
        .mapToObj(i -> new int[] {i % p, i / p})
        .sorted(
            java.util.Comparator.<int[]>comparingInt(w -> w[0] * w[0] + w[1] * w[1])
                .thenComparingInt(w -> w[0]))
        .limit(n)
        .toArray(int[][]::new);
  }

  private double wave(int k) {
    return 2 * Math.PI * (k + 1) / (c.grid() + 1); // no patch is a neighbour across the border
  }

  private float[] places() {
    int g = c.grid();
    int d = c.hidden();
    float[] out = new float[c.tokens() * d];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (0.02 * random.nextGaussian());
    }
    for (int cell = 0; cell < g * g; cell++) {
      int at = (cell + 1) * d + d - PLACE;
      for (int k = 0; k < WAVES; k++) {
        out[at + 4 * k] = (float) Math.cos(wave(k) * (cell % g));
        out[at + 4 * k + 1] = (float) Math.sin(wave(k) * (cell % g));
        out[at + 4 * k + 2] = (float) Math.cos(wave(k) * (cell / g));
        out[at + 4 * k + 3] = (float) Math.sin(wave(k) * (cell / g));
      }
    }
    return out;
  }

  /** Rows of each head: the place, turned towards the head's neighbour in queries. */
  private float[] projection(int layer, boolean query, String name) {
    int d = c.hidden();
    int size = d / c.heads();
    float[] out = new float[d * d];
    SplittableRandom random = new SplittableRandom(seed + name.hashCode());
    double noise = NOISE * Math.sqrt(3.0 / d);
    boolean local = layer < c.layers() * 2 / 3;
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) ((local ? noise : noise / NOISE) * (2 * random.nextDouble() - 1));
    }
    for (int head = 0; local && head < c.heads(); head++) {
      int[] to = AROUND[(head + layer * c.heads()) % AROUND.length];
      int far = 1 + layer / 2;
      for (int k = 0; k < 2 * WAVES; k++) {
        double turn = query ? wave(k / 2) * far * to[k % 2] : 0;
        int row = head * size + 2 * k;
        int column = d - PLACE + 2 * k;
        // cos(w (x + o)) = cos wo cos wx - sin wo sin wx
        out[row * d + column] += (float) (FOCUS * Math.cos(turn));
        out[row * d + column + 1] -= (float) (FOCUS * Math.sin(turn));
        out[(row + 1) * d + column] += (float) (FOCUS * Math.sin(turn));
        out[(row + 1) * d + column + 1] += (float) (FOCUS * Math.cos(turn));
      }
    }
    return out;
  }

  /** What a layer adds: little, and nothing to the place. */
  private float[] output(String name, int rows, int columns) {
    SplittableRandom random = new SplittableRandom(seed + name.hashCode());
    double limit = QUIET * Math.sqrt(6.0 / (rows + columns));
    float[] out = new float[rows * columns];
    for (int i = 0; i < (rows - PLACE) * columns; i++) {
      out[i] = (float) (limit * (2 * random.nextDouble() - 1));
    }
    return out;
  }
}
