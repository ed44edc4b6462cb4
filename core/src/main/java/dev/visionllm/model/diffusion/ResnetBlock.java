package dev.visionllm.model.diffusion;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.GroupNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Two normed convolutions beside a shortcut, diffusers' ResnetBlock2D. Shapes: b pictures, (h, w)
 * map. In the UNet the time embedding shifts the channels between the convolutions; the autoencoder
 * has none.
 */
final class ResnetBlock {
  private final GroupNorm norm1;
  private final Conv2d conv1;
  private final Linear time_emb_proj; // time -> out, or null
  private final GroupNorm norm2;
  private final Conv2d conv2;
  private final Conv2d conv_shortcut; // 1 x 1 where in and out differ, or null

  /**
   * @param time channels of the time embedding, 0 for none
   */
  ResnetBlock(Params p, int in, int out, int time, int groups, double eps) {
    norm1 = new GroupNorm(p.at("norm1"), groups, in, eps);
    conv1 = new Conv2d(p.at("conv1"), in, out, 3, 1, 1);
    time_emb_proj = time == 0 ? null : new Linear(p.at("time_emb_proj"), time, out);
    norm2 = new GroupNorm(p.at("norm2"), groups, out, eps);
    conv2 = new Conv2d(p.at("conv2"), out, out, 3, 1, 1);
    conv_shortcut = in == out ? null : new Conv2d(p.at("conv_shortcut"), in, out, 1, 1, 0);
  }

  /**
   * @param x (b, in, h, w)
   * @param time (b, time), or null without a time embedding
   * @return (b, out, h, w)
   */
  Tensor forward(Tensor x, Tensor time) {
    Tensor inner =
        TensorScope.of(
            () -> {
              Tensor y = conv1.forward(F.silu(norm1.forward(x)));
              return time_emb_proj == null
                  ? y
                  : y.add(time_emb_proj.forward(torch.silu(time)).unsqueeze(-1).unsqueeze(-1));
            });
    Tensor y = TensorScope.of(() -> conv2.forward(F.silu(norm2.forward(inner))));
    return y.add(conv_shortcut == null ? x : conv_shortcut.forward(x));
  }
}
