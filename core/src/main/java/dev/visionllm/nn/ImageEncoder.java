package dev.visionllm.nn;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * What the rest of a model asks of an image encoder. Shapes: b images, g patches along a side, t =
 * 1 + g^2 tokens (class token first, patches row by row), d hidden size.
 */
public interface ImageEncoder {
  /** Sizes that every such encoder has. */
  interface Config {
    /**
     * Refuses sizes that do not fit together.
     *
     * @param mlp inner size of a layer's perceptron
     * @param eps of the norms
     */
    static void check(int size, int patch, int hidden, int mlp, int layers, int heads, double eps) {
      if (size < 1 || patch < 1 || hidden < 1 || mlp < 1 || layers < 1 || heads < 1) {
        throw new IllegalArgumentException(
            "image encoder: size, patch, hidden, mlp, layers and heads must be positive, are "
                + List.of(size, patch, hidden, mlp, layers, heads));
      }
      if (size % patch != 0) {
        throw new IllegalArgumentException(
            "image encoder: size " + size + " is not a multiple of patch " + patch);
      }
      if (hidden % heads != 0) {
        throw new IllegalArgumentException(
            "image encoder: hidden " + hidden + " is not a multiple of heads " + heads);
      }
      if (!(eps > 0)) {
        throw new IllegalArgumentException("image encoder: eps is " + eps + ", should be above 0");
      }
    }

    /** Side of the square picture, pixels. */
    int size();

    /** Side of a patch, pixels. */
    int patch();

    /** Channels d. */
    int hidden();

    /** Number of blocks. */
    int layers();

    /** Patches along a side, g. */
    default int grid() {
      return size() / patch();
    }

    /** Tokens of one picture, t = 1 + g^2. */
    default int tokens() {
      return 1 + grid() * grid();
    }

    /** The network of these sizes. @param p cursor at {@code vis_encoder} */
    ImageEncoder build(Params p);

    /** Refuses pictures of another shape than (b, 3, size, size). */
    default void check(Tensor pixels) {
      if (pixels.dim() != 4
          || pixels.size(1) != 3
          || pixels.size(2) != size()
          || pixels.size(3) != size()) {
        throw new IllegalArgumentException(
            "image encoder: pixels are "
                + Arrays.toString(pixels.shape())
                + ", should be (b, 3, "
                + size()
                + ", "
                + size()
                + ")");
      }
    }
  }

  /**
   * Hidden states of every level, the embeddings that the first block reads first; the last one has
   * no final norm.
   *
   * @param pixels (b, 3, size, size), normalised
   * @return layers + 1 tensors (b, t, d)
   */
  List<Tensor> forward(Tensor pixels);

  /** A level without its class token: (b, t, d) -> (b, g^2, d). */
  static Tensor patches(Tensor level) {
    return F.slice(level, 1, 1, level.size(1));
  }
}
