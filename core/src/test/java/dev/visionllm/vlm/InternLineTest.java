package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.model.internvit.InternVit;
import dev.visionllm.model.llama.KvCache;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** The 26B line: InternViT and InternLM2, chosen by config.json, in one multimodal model. */
class InternLineTest {
  private static final String CONFIG =
      """
      {
        "model_type": "visionllmv2", "vl_bridge_type": "internvl_mlp", "use_pixelshuffle": true,
        "vis_output_layer": -1, "num_embs": 4, "num_embs_gen": 6,
        "use_region_encoder": true, "region_hidden_dim": 8,
        "vis_encoder_config": {
          "architectures": ["InternVisionModel"], "model_type": "intern_vit_6b",
          "hidden_size": 12, "num_attention_heads": 3, "intermediate_size": 16,
          "num_hidden_layers": 2, "image_size": 56, "patch_size": 14, "qkv_bias": false,
          "qk_normalization": true, "use_flash_attn": true, "hidden_act": "gelu",
          "norm_type": "rms_norm", "layer_norm_eps": 1e-06, "initializer_factor": 0.1
        },
        "llm_config": {
          "architectures": ["InternLM2ForCausalLM"], "vocab_size": 66, "hidden_size": 16,
          "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
          "num_key_value_heads": 2, "hidden_act": "silu", "max_position_embeddings": 128,
          "rms_norm_eps": 1e-05, "rope_theta": 1000000, "bias": false,
          "rope_scaling": {"type": "dynamic", "factor": 2.0},
          "attn_implementation": "flash_attention_2", "tie_word_embeddings": false
        }
      }
      """;

  private static VisionLlmConfig parse(String json) {
    return VisionLlmConfig.of(JsonMapper.builder().build().readTree(json), "config.json");
  }

  @Test
  void theConfigChoosesTheNetworks() {
    Multimodal.Config c = parse(CONFIG).multimodal();
    assertThat(c.vision()).isEqualTo(new InternVit.Config(56, 14, 12, 16, 2, 3, 1e-6, false, true));
    assertThat(c.llm())
        .isEqualTo(
            new Llama.Config(66, 16, 24, 2, 4, 2, 1e-5, 1e6, 128, false, Llama.Names.INTERNLM2));
    assertThat(c.tokensPerTile()).isEqualTo(4);
    assertThat(parse(CONFIG.replace("\"model_type\": \"intern_vit_6b\",", "")).multimodal())
        .isEqualTo(c);
  }

  @Test
  void otherNetworksAreRefusedByName() {
    assertThatThrownBy(() -> parse(CONFIG.replace("intern_vit_6b", "siglip")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "config.json.vis_encoder_config: field \"model_type\" is \"siglip\", should be one of"
                + " [clip_vision_model, intern_vit_6b]");
    assertThatThrownBy(() -> parse(CONFIG.replace("InternLM2For", "QwenFor")))
        .hasMessageContaining("\"architectures\" is [\"QwenForCausalLM\"], should be one of");
    assertThatThrownBy(() -> parse(CONFIG.replace("\"dynamic\"", "\"linear\"")))
        .hasMessageContaining("rope_scaling: field \"type\" is \"linear\", should be dynamic");
    assertThatThrownBy(() -> parse(CONFIG.replace("\"rms_norm\"", "\"layer_norm\"")))
        .hasMessageContaining("\"norm_type\" is \"layer_norm\", should be rms_norm");
    assertThatThrownBy(() -> parse(CONFIG.replace("\"bias\": false", "\"bias\": true")))
        .hasMessageContaining("\"bias\" is true, should be false");
  }

  @Test
  void picturesRegionsAndToolsMeetInOnePrompt() {
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(3)) {
      Multimodal model = new Multimodal(p, parse(CONFIG).multimodal(), Tiny::id);
      assertThat(p.taken().keySet())
          .contains(
              "vis_encoder.embeddings.class_embedding",
              "llm.model.layers.1.attention.wqkv.weight",
              "llm.output.weight");
      Inputs row = row();
      Multimodal.Embedded e = model.embed(List.of(row), new SplittableRandom(0));
      int t = e.lengths()[0];
      assertThat(e.slots()).hasSize(1);
      Tensor full =
          model.llm().forward(e.embeddings(), Masks.positions(1, 0, t), Masks.causal(t), null);
      try (KvCache cache = new KvCache(model.llm().config())) {
        Tensor head = e.embeddings().narrow(1, 0, t - 1);
        model.llm().forward(head, Masks.positions(1, 0, t - 1), Masks.causal(t - 1), cache);
        Tensor last =
            model
                .llm()
                .forward(
                    e.embeddings().narrow(1, t - 1, 1), Masks.positions(1, t - 1, 1), null, cache);
        Golden.check("26B line", "cached = full", full.narrow(1, t - 1, 1), last, 1e-5);
      }
    }
  }

  /** Four places of a tile, a region, words, and a call of the detector. */
  private static Inputs row() {
    int[] ids = new int[9];
    Arrays.fill(ids, 0, 4, Tiny.id("<im_patch>"));
    ids[4] = Tiny.id("<region>");
    ids[5] = 7;
    ids[6] = 8;
    ids[7] = Tiny.id("[DET]");
    ids[8] = 9;
    Random random = new Random(1);
    float[] pixels = new float[3 * 56 * 56];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    float[] mask = new float[56 * 56];
    Arrays.fill(mask, 0, 56 * 20, 1);
    return new Inputs(
        ids, List.of(new Inputs.Picture(1, 56, pixels)), List.of(new Inputs.Region(0, mask)));
  }
}
