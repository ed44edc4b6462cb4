package dev.visionllm.model.region;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * One embedding for a region of a picture (paper section 3, reference: RegionEncoder). The mask's
 * own embedding is added to image features of several levels, and every level is averaged over the
 * mask's points.
 *
 * <p>Shapes: n regions, s side of the picture in pixels, g = s / patch, v channels of the image
 * encoder, l channels of the language model.
 *
 * <p>The mean of bilinear samples is a weighted sum of the map's cells, so the weights are computed
 * in plain Java and the samples never exist. Each mask alone decides about its points: the
 * reference cuts all coordinates of a batch to integers when its first mask is empty.
 */
public final class RegionEncoder {
  private static final double EPS = 1e-6; // of the norms over channels

  /**
   * Sizes of the network.
   *
   * @param hidden channels of the mask embedding's widest layer, a multiple of 4
   * @param vision channels v of the image features
   * @param llm channels l of the language model
   * @param patch side of an image encoder's patch, pixels, even
   * @param points most points of a mask that are averaged
   */
  public record Config(int hidden, int vision, int llm, int patch, int points) {
    /** The region encoder of VisionLLM v2 (7B). */
    public static final Config RELEASED_7B = new Config(256, 1024, 4096, 14, 2304);

    /** Refuses sizes that do not fit together. */
    public Config {
      if (hidden < 4 || vision < 1 || llm < 1 || patch < 2 || points < 1) {
        throw new IllegalArgumentException(
            "region encoder: hidden, vision, llm, patch and points are too small: "
                + List.of(hidden, vision, llm, patch, points));
      }
      if (hidden % 4 != 0 || patch % 2 != 0) {
        throw new IllegalArgumentException(
            "region encoder: hidden "
                + hidden
                + " should be a multiple of 4 and patch "
                + patch
                + " even");
      }
    }
  }

  private final Config config;
  private final MaskEmbedding mask_embedding;
  private final Linear up_dim; // v -> l

  /**
   * @param p cursor at {@code region_encoder}
   */
  public RegionEncoder(Params p, Config c) {
    config = c;
    mask_embedding = new MaskEmbedding(p.at("mask_embedding"), c);
    up_dim = new Linear(p.at("up_dim"), c.vision(), c.llm());
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /**
   * Embeddings of regions; an empty mask gives the projection's bias.
   *
   * @param images (n, 3, s, s), normalised, the picture of each region
   * @param masks (n, 1, s, s), 1 inside the region, 0 outside
   * @param levels image features (n, g^2, v) of each level, lowest first, without class token
   * @param random draws the points of masks that have more than {@code points} pixels, anew for
   *     each level
   * @return (n, l)
   */
  public Tensor forward(Tensor images, Tensor masks, List<Tensor> levels, RandomGenerator random) {
    int n = (int) masks.size(0);
    int width = (int) masks.size(3);
    boolean[] inside = Tensors.booleans(masks);
    double[][][] points = new double[levels.size()][n][];
    for (int i = 0; i < n; i++) {
      int size = inside.length / n;
      boolean[] mask = Arrays.copyOfRange(inside, i * size, (i + 1) * size);
      for (double[][] level : points) {
        level[i] = Points.of(mask, width, config.points(), random);
      }
    }
    return forward(images, masks, levels, points);
  }

  /**
   * As above with given points.
   *
   * @param points [level][region]: x0, y0, x1, y1, ... as shares of the picture's sides
   */
  Tensor forward(Tensor images, Tensor masks, List<Tensor> levels, double[][][] points) {
    return TensorScope.of(
        () -> {
          List<Tensor> maps = maps(images, masks, levels);
          int g = (int) maps.get(0).size(2);
          List<Tensor> pooled = new ArrayList<>();
          for (int k = 0; k < maps.size(); k++) {
            Tensor cells = maps.get(k).flatten(2, 3); // (n, v, g^2)
            float[] weights = Points.weights(points[k], g);
            Tensor w =
                Tensors.of(weights, cells.size(0), (long) g * g, 1)
                    .to(cells.device(), cells.scalar_type());
            pooled.add(up_dim.forward(torch.matmul(cells, w).squeeze(2))); // (n, l)
          }
          return F.mean(F.stack(0, pooled), 0);
        });
  }

  /** The map that each level is sampled from: mask embedding plus the features up to the level. */
  List<Tensor> maps(Tensor images, Tensor masks, List<Tensor> levels) {
    check(images, masks, levels);
    return TensorScope.all(
        () -> {
          Tensor map = embedMask(images, masks); // (n, v, g, g)
          List<Tensor> maps = new ArrayList<>();
          for (Tensor level : levels) {
            map = map.add(level.transpose(1, 2).reshape(map.shape()));
            maps.add(map);
          }
          return maps;
        });
  }

  /** Mask and picture to (n, v, g, g). */
  Tensor embedMask(Tensor images, Tensor masks) {
    return mask_embedding.forward(F.cat(1, images, masks.to(images.scalar_type())));
  }

  private void check(Tensor images, Tensor masks, List<Tensor> levels) {
    long n = masks.size(0);
    long s = masks.size(3);
    long g = s / config.patch();
    if (masks.dim() != 4 || masks.size(1) != 1 || masks.size(2) != s || g * config.patch() != s) {
      throw new IllegalArgumentException(
          "region encoder: masks are "
              + Arrays.toString(masks.shape())
              + ", should be (n, 1, s, s) with s a multiple of "
              + config.patch());
    }
    if (!Arrays.equals(images.shape(), new long[] {n, 3, s, s})) {
      throw new IllegalArgumentException(
          "region encoder: images are "
              + Arrays.toString(images.shape())
              + ", should be "
              + List.of(n, 3, s, s));
    }
    if (levels.isEmpty()) {
      throw new IllegalArgumentException("region encoder: needs image features of some level");
    }
    for (Tensor level : levels) {
      if (!Arrays.equals(level.shape(), new long[] {n, g * g, config.vision()})) {
        throw new IllegalArgumentException(
            "region encoder: image features are "
                + Arrays.toString(level.shape())
                + ", should be "
                + List.of(n, g * g, config.vision()));
      }
    }
  }

  /** (n, 4, s, s) -> (n, v, g, g); numbers are places in the published sequence. */
  private static final class MaskEmbedding {
    private final Conv2d conv0; // 4 -> hidden/4
    private final LayerNorm norm1;
    private final Conv2d conv3; // hidden/4 -> hidden
    private final LayerNorm norm4;
    private final Conv2d conv6; // hidden -> v

    MaskEmbedding(Params p, Config c) {
      int half = c.patch() / 2;
      conv0 = new Conv2d(p.at(0), 4, c.hidden() / 4, half, half, 0);
      norm1 = new LayerNorm(p.at(1), c.hidden() / 4, EPS);
      conv3 = new Conv2d(p.at(3), c.hidden() / 4, c.hidden(), 2, 2, 0);
      norm4 = new LayerNorm(p.at(4), c.hidden(), EPS);
      conv6 = new Conv2d(p.at(6), c.hidden(), c.vision(), 1, 1, 0);
    }

    Tensor forward(Tensor x) {
      Tensor y = F.gelu(overChannels(norm1, conv0.forward(x)));
      Tensor z = F.gelu(overChannels(norm4, conv3.forward(y)));
      return conv6.forward(z);
    }

    private static Tensor overChannels(LayerNorm norm, Tensor x) {
      return norm.forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2);
    }
  }
}
