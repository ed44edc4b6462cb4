package dev.visionllm.train;

import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Starts image editing as image generation stands: each part of {@code ip2p} as its counterpart of
 * {@code sd}, and the denoiser's weights for the picture to edit, which the other one does not
 * have, zero (Brooks et al. 2023, section 3.2). The networks must have the same sizes otherwise.
 *
 * @param rest where other parts come from, and image generation
 */
record EditingStart(Params.Source rest) implements Params.Source {
  private static final String EDITING = "ip2p.";
  private static final String GENERATION = "sd.";
  private static final String WIDER = "ip2p.sd_unet.conv_in.weight"; // (c, 2 z, 3, 3)

  private static String counterpart(String name) {
    return name.startsWith(EDITING) ? GENERATION + name.substring(EDITING.length()) : name;
  }

  @Override
  public boolean has(String name) {
    return rest.has(counterpart(name));
  }

  @Override
  public Tensor get(String name, long... shape) {
    if (!name.equals(WIDER)) {
      return rest.get(counterpart(name), shape);
    }
    long[] half = shape.clone();
    half[1] /= 2;
    return TensorScope.of(
        () -> {
          Tensor latents = rest.get(counterpart(name), half);
          return F.cat(1, latents, F.scale(latents, 0));
        });
  }
}
