package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Decodes latents tile by tile, so that memory depends on the tile and not on the picture.
 * Neighbours overlap, and their weights rise and fall linearly there. Group norms and the attention
 * see one tile only, so a picture of several tiles differs a little from a plain decode.
 *
 * @param tile side of a tile, latents
 * @param overlap of neighbours, latents, below half a tile
 */
public record TiledDecoder(int tile, int overlap) {
  /** 512 pixels of Stable Diffusion 1.5, a quarter of it shared with each neighbour. */
  public static final TiledDecoder STANDARD = new TiledDecoder(64, 16);

  /** Refuses tiles that overlap twice. */
  public TiledDecoder {
    if (tile < 1 || overlap < 0 || 2 * overlap > tile) {
      throw new IllegalArgumentException(
          "tiles of "
              + tile
              + " latents with an overlap of "
              + overlap
              + ": the tile should be at least 1, the overlap 0 to half of it");
    }
  }

  /** (b, z, h/f, w/f), unscaled -> (b, 3, h, w) in fp32. */
  public Tensor decode(AutoencoderKl vae, Tensor latents) {
    int h = Math.toIntExact(latents.size(2));
    int w = Math.toIntExact(latents.size(3));
    if (h <= tile && w <= tile) {
      return vae.decode(latents).to(ScalarType.Float);
    }
    int f = vae.config().pixelsPerLatent();
    return TensorScope.of(
        () -> {
          Tensor sum = blank(latents, 3, f * h, f * w);
          Tensor weights = blank(latents, 1, f * h, f * w);
          for (int y : starts(h)) {
            for (int x : starts(w)) {
              TensorScope.value(
                  () -> {
                    int th = Math.min(tile, h);
                    int tw = Math.min(tile, w);
                    Tensor part = F.slice(F.slice(latents, 2, y, y + th), 3, x, x + tw);
                    Tensor pixels = vae.decode(part).to(ScalarType.Float);
                    Tensor weight = weight(f, y, th, h).unsqueeze(1).mul(weight(f, x, tw, w));
                    Tensor placed = weight.to(pixels);
                    place(sum, f * y, f * x, f * th, f * tw).add_(pixels.mul(placed));
                    place(weights, f * y, f * x, f * th, f * tw).add_(placed);
                    return null;
                  });
            }
          }
          return sum.div(weights);
        });
  }

  /** Where tiles begin; the last one is moved back to end with the picture. */
  int[] starts(int length) {
    if (length <= tile) {
      return new int[] {0};
    }
    int step = tile - overlap;
    int n = 1 + (length - tile + step - 1) / step;
    int[] starts = new int[n];
    for (int i = 0; i < n; i++) {
      starts[i] = Math.min(i * step, length - tile);
    }
    return starts;
  }

  /** Of each pixel of a tile along one side: 1, falling towards neighbours but never to 0. */
  private Tensor weight(int f, int start, int length, int whole) {
    float[] out = new float[f * length];
    int ramp = f * overlap;
    for (int i = 0; i < out.length; i++) {
      float rising = start == 0 ? 1 : (i + 1f) / (ramp + 1);
      float falling = start + length == whole ? 1 : (out.length - i) / (ramp + 1f);
      out[i] = Math.min(1, Math.min(rising, falling));
    }
    return Tensors.of(out, out.length);
  }

  private static Tensor blank(Tensor latents, long channels, long h, long w) {
    return latents.new_zeros(latents.size(0), channels, h, w).to(ScalarType.Float);
  }

  private static Tensor place(Tensor whole, int y, int x, int h, int w) {
    return F.slice(F.slice(whole, 2, y, y + h), 3, x, x + w);
  }
}
