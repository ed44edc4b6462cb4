package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each network of image generation against the reference. */
class NetworksGoldenTest {
  @TestFactory
  Stream<DynamicTest> conditionMapper() {
    return Golden.tests(
        Golden.Kind.GEN_MAPPER,
        g -> {
          LatentDiffusion.Config c = Configs.of(g);
          try (Params root = g.weights()) {
            ConditionMapper mapper = new ConditionMapper(root.at(Configs.prefix(g)), c.mapper());
            Tensor states = states(g, c.mapper().states());
            Tensor projected = mapper.project(states);
            g.check("emb_proj_out", projected, 2e-6);
            g.check("mapper_encoder_out", mapper.encode(projected), 5e-6);
            g.check("mapping_feature", mapper.forward(states), 5e-6);
            NoLeaks.assertFlat(() -> mapper.forward(states));
          }
        });
  }

  /** The hidden states after each trigger token, (calls, e, l). */
  static Tensor states(Golden g, int count) {
    return states(g, g.io(g.has("hidden_states") ? "hidden_states" : "hidden_last"), count);
  }

  /** As above, of given hidden states. */
  static Tensor states(Golden g, Tensor hidden, int count) {
    int trigger = g.meta().get(Configs.prefix(g) + "_config").get("trigger_token_id").asInt();
    long[] ids = Tensors.longs(g.io("input_ids"));
    int width = Math.toIntExact(hidden.size(1));
    List<Tensor> found = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] == trigger) {
        int at = i % width + 1;
        found.add(F.slice(F.slice(hidden, 0, i / width, i / width + 1), 1, at, at + count));
      }
    }
    return F.cat(0, found);
  }

  @TestFactory
  Stream<DynamicTest> textEncoder() {
    return Golden.tests(
        Golden.Kind.SD_TEXT_ENCODER,
        g -> {
          LatentDiffusion.Config c = Configs.of(g);
          Tensor ids = Configs.captions(g, g.dir());
          assertThat(Tensors.longs(ids)).isEqualTo(Tensors.longs(g.io("input_ids")));
          try (Params root = g.weights()) {
            TextEncoder text =
                new TextEncoder(
                    root.at(Configs.prefix(g)).at("sd_text_encoder").at("text_model"), c.text());
            List<Tensor> levels = text.levels(ids);
            for (int i = 0; i < levels.size(); i++) {
              g.check("hidden_states." + i, levels.get(i), 2e-6);
            }
            g.check("last_hidden_state", text.forward(ids), 5e-6);
            NoLeaks.assertFlat(() -> text.forward(ids));
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> unet() {
    return Golden.tests(
        Golden.Kind.SD_UNET,
        g -> {
          LatentDiffusion.Config c = Configs.of(g);
          try (Params root = g.weights()) {
            Unet unet = new Unet(root.at(Configs.prefix(g)).at("sd_unet"), c.unet());
            Tensor x = g.io("sample");
            Tensor times = g.io("timesteps");
            Tensor context = g.io("encoder_hidden_states");
            if (g.has("time_proj")) {
              blocks(g, unet, x, times, context);
            }
            g.check("output", unet.forward(x, times, context), 1e-5);
            NoLeaks.assertFlat(() -> unet.forward(x, times, context));
          }
        });
  }

  private static void blocks(Golden g, Unet unet, Tensor x, Tensor times, Tensor context) {
    g.check("time_proj", unet.timeFrequencies(times), 2.5e-5); // sin of 999 rad, in fp32
    Tensor time = unet.timeEmbedding(times);
    g.check("mid.time_embedding", time, 1e-5);
    Deque<Tensor> skips = new ArrayDeque<>();
    Tensor y = unet.conv_in.forward(x);
    g.check("mid.conv_in", y, 2e-6);
    skips.push(y);
    for (int i = 0; i < unet.down_blocks.size(); i++) {
      y = unet.down_blocks.get(i).forward(y, time, context, skips);
      g.check("mid.down_blocks." + i, y, 1e-5);
    }
    y = unet.mid_block.forward(y, time, context);
    g.check("mid.mid_block", y, 2e-5);
    for (int i = 0; i < unet.up_blocks.size(); i++) {
      y = unet.up_blocks.get(i).forward(y, time, context, skips);
      g.check("mid.up_blocks." + i, y, 4e-5);
    }
    assertThat(skips).isEmpty();
  }

  @TestFactory
  Stream<DynamicTest> autoencoder() {
    return Golden.tests(
        Golden.Kind.SD_VAE,
        g -> {
          LatentDiffusion.Config c = Configs.of(g);
          try (Params root = g.weights()) {
            AutoencoderKl vae = new AutoencoderKl(root.at(Configs.prefix(g)).at("sd_vae"), c.vae());
            Tensor image = g.io("image");
            AutoencoderKl.Posterior p = vae.encode(image);
            g.check("mean", p.mean(), 1e-5);
            g.check("mode", p.mean(), 1e-5);
            g.check("logvar", p.logVariance(), 1e-5);
            Tensor sample = p.sample(g.io("eps"));
            g.check("sample", sample, 1e-5);
            g.check("decoded", vae.decode(sample), 1e-5);
            int whole = Math.toIntExact(sample.size(2));
            g.check("decoded", new TiledDecoder(whole, whole / 4).decode(vae, sample), 1e-5);
            NoLeaks.assertFlat(() -> vae.decode(vae.encode(image).mean()));
          }
        });
  }
}
