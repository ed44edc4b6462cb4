package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class NetworksTest {
  @Test
  void theUnetsRowsDoNotMix() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Unet unet = new Unet(root, Configs.TINY.unet());
      Tensor x = RandomWeights.tensor(2, 2, 4, 4, 6);
      Tensor times = Tensors.of(new float[] {3, 500.25f}, 2);
      Tensor context = RandomWeights.tensor(3, 2, 5, 16);
      Tensor both = unet.forward(x, times, context);
      assertThat(both.shape()).isEqualTo(x.shape());
      for (int i = 0; i < 2; i++) {
        Tensor one =
            unet.forward(x.narrow(0, i, 1), times.narrow(0, i, 1), context.narrow(0, i, 1));
        Golden.check("unet", "row " + i, one, both.narrow(0, i, 1), 1e-5);
      }
      assertThatThrownBy(() -> unet.forward(x, times, RandomWeights.tensor(1, 2, 5, 15)))
          .hasMessageContaining("should be (b, 4, h, w), (b), (b, n, 16)");
    }
  }

  /**
   * Training needs the denoiser's and the mapper's gradients through the same forward functions.
   */
  @Test
  void gradientsReachEveryParameter() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      LatentDiffusion model = new LatentDiffusion(root.at("sd"), Configs.TINY);
      root.taken().values().forEach(t -> t.requires_grad_(true));
      Tensor context = model.mapper().forward(RandomWeights.tensor(5, 1, 3, 8));
      Tensor caption = model.textEncoder().forward(Tensors.of(new long[] {1, 3, 4, 5, 2}, 1, 5));
      AutoencoderKl.Posterior latents = model.vae().encode(RandomWeights.tensor(2, 1, 3, 8, 8));
      Tensor sample = latents.sample(RandomWeights.tensor(4, 1, 4, 4, 4));
      Tensor noise = model.unet().forward(sample, Tensors.of(new float[] {7}, 1), context);
      Tensor loss =
          torch
              .mse_loss(noise, sample)
              .add(torch.mse_loss(context, caption))
              .add(model.vae().decode(sample).square().mean());
      loss.backward();
      root.taken()
          .forEach(
              (name, t) -> {
                if (name.endsWith("position_embedding.weight")
                    || name.endsWith("token_embedding.weight")) {
                  return; // rows of other tokens have none
                }
                assertThat(t.grad().defined()).as(name).isTrue();
                assertThat(Tensors.floats(t.grad())).as(name).doesNotContain(Float.NaN);
              });
    }
  }

  /** Later tokens do not change what earlier ones become: the encoder is causal. */
  @Test
  void textIsReadFromTheLeft() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      TextEncoder text = new TextEncoder(root, Configs.TINY.text());
      Tensor a = text.forward(Tensors.of(new long[] {1, 3, 4, 5}, 1, 4));
      Tensor b = text.forward(Tensors.of(new long[] {1, 3, 9}, 1, 3));
      Golden.check("text", "first two", a.narrow(1, 0, 2), b.narrow(1, 0, 2), 1e-6);
      assertThat(a.narrow(1, 2, 1).equal(b.narrow(1, 2, 1))).isFalse();
      assertThatThrownBy(() -> text.forward(Tensors.of(new long[7], 1, 7)))
          .hasMessageContaining("with 1 to 6 tokens");
    }
  }

  @Test
  void parameterNamesAreThePublishedOnes() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      assertThat(new LatentDiffusion(root.at("ip2p"), Configs.TINY_EDIT).config().edits()).isTrue();
      assertThat(root.taken().keySet())
          .contains(
              "ip2p.emb_proj.2.bias",
              "ip2p.llm2sd_mapper_queries",
              "ip2p.llm2sd_mapper.decoder.layers.0.multihead_attn.in_proj_weight",
              "ip2p.sd_text_encoder.text_model.final_layer_norm.weight",
              "ip2p.sd_vae.decoder.up_blocks.0.upsamplers.0.conv.weight",
              "ip2p.sd_unet.up_blocks.1.attentions.1.transformer_blocks.0.attn2.to_out.0.bias");
    }
  }

  @Test
  void presetsFitAndNonsenseIsRefused() {
    assertThat(LatentDiffusion.Config.GENERATION.edits()).isFalse();
    assertThat(LatentDiffusion.Config.EDITING.edits()).isTrue();
    LatentDiffusion.Config c = Configs.TINY;
    assertThatThrownBy(
            () ->
                new LatentDiffusion.Config(
                    ConditionMapper.Config.V2_7B, c.text(), c.vae(), c.unet(), c.levels()))
        .hasMessage(
            "diffusion: condition channels of mapper and UNet are 768 and 16, should be equal");
    assertThatThrownBy(() -> Configs.tiny(5))
        .hasMessageContaining("takes 5 channels, should be 4 to generate or 8 to edit");
    assertThatThrownBy(() -> new ConditionMapper.Config(3, 8, 12, 5, 1, 1))
        .hasMessage("condition mapper: hidden 12 is not a multiple of 8 heads");
    assertThatThrownBy(() -> new TextEncoder.Config(20, 16, 32, 1, 3, 6, 1e-5))
        .hasMessage("text encoder: hidden 16 is not a multiple of heads 3");
    assertThatThrownBy(
            () ->
                new Unet.Config(
                    4, 4, List.of(8), List.of(), List.of(true), 1, 2, 16, 4, 1e-5, true, 0))
        .hasMessageContaining("should be the same number");
    assertThatThrownBy(
            () ->
                new Unet.Config(
                    4, 4, List.of(9), List.of(true), List.of(true), 1, 3, 16, 3, 1e-5, true, 0))
        .hasMessageContaining("9 channels are not an even multiple");
  }
}
