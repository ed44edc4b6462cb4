package dev.visionllm.vlm;

import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.model.internvit.InternVit;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.nn.ImageEncoder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Reads vis_encoder_config and llm_config: CLIP and LLaMA of the 7B line, InternViT and InternLM2
 * of the 26B line. A missing value is what the reference's config class has for it.
 */
final class BackboneFields {
  private static final String CLIP = "clip_vision_model";
  private static final String INTERN_VIT = "intern_vit_6b";
  private static final String LLAMA = "llama";
  private static final String INTERNLM2 = "internlm2";

  private static final Map<String, String> ENCODERS = new LinkedHashMap<>();
  private static final Map<String, String> LANGUAGE_MODELS = new LinkedHashMap<>();

  static {
    ENCODERS.put(CLIP, "CLIPVisionModel");
    ENCODERS.put(INTERN_VIT, "InternVisionModel");
    LANGUAGE_MODELS.put(LLAMA, "LlamaForCausalLM");
    LANGUAGE_MODELS.put(INTERNLM2, "InternLM2ForCausalLM");
  }

  private BackboneFields() {}

  static ImageEncoder.Config vision(Fields f) {
    f.only("num_channels", 3);
    ImageEncoder.Config c = f.network(ENCODERS).equals(INTERN_VIT) ? internVit(f) : clip(f);
    f.done();
    return c;
  }

  static Llama.Config llm(Fields f) {
    f.only("hidden_act", "silu");
    Llama.Config c = f.network(LANGUAGE_MODELS).equals(INTERNLM2) ? internLm2(f) : llama(f);
    f.only("head_dim", c.headSize());
    f.done();
    return c;
  }

  private static ClipVision.Config clip(Fields f) {
    f.only("hidden_act", "quick_gelu");
    return new ClipVision.Config(
        f.integer("image_size", 336),
        f.integer("patch_size", 14),
        f.integer("hidden_size", 1024),
        f.integer("intermediate_size", 4096),
        f.integer("num_hidden_layers", 24),
        f.integer("num_attention_heads", 16),
        f.number("layer_norm_eps", 1e-5));
  }

  private static InternVit.Config internVit(Fields f) {
    f.only("hidden_act", "gelu").only("norm_type", "rms_norm").knows("use_flash_attn");
    return new InternVit.Config(
        f.integer("image_size", 224),
        f.integer("patch_size", 14),
        f.integer("hidden_size", 3200),
        f.integer("intermediate_size", 12800),
        f.integer("num_hidden_layers", 48),
        f.integer("num_attention_heads", 25),
        f.number("layer_norm_eps", 1e-6),
        f.flag("qkv_bias", false),
        f.flag("qk_normalization", true));
  }

  private static Llama.Config llama(Fields f) {
    f.only("attention_bias", false).only("mlp_bias", false).absent("rope_scaling");
    int heads = f.integer("num_attention_heads", 32);
    return new Llama.Config(
        f.integer("vocab_size", null),
        f.integer("hidden_size", 4096),
        f.integer("intermediate_size", 11008),
        f.integer("num_hidden_layers", 32),
        heads,
        f.integer("num_key_value_heads", heads),
        f.number("rms_norm_eps", 1e-5),
        f.number("rope_theta", 10000.0),
        f.integer("max_position_embeddings", 4096),
        f.flag("tie_word_embeddings", false));
  }

  private static Llama.Config internLm2(Fields f) {
    f.only("bias", false).knows("attn_implementation", "auto_map");
    if (f.has("rope_scaling")) {
      Fields scaling = f.at("rope_scaling"); // dynamic acts beyond the context, which is refused
      scaling.only("type", "dynamic").knows("factor").done();
    }
    int heads = f.integer("num_attention_heads", 32);
    return new Llama.Config(
        f.integer("vocab_size", null),
        f.integer("hidden_size", 4096),
        f.integer("intermediate_size", 11008),
        f.integer("num_hidden_layers", 32),
        heads,
        f.integer("num_key_value_heads", heads),
        f.number("rms_norm_eps", 1e-6),
        f.number("rope_theta", 10000.0),
        f.integer("max_position_embeddings", 2048),
        f.flag("tie_word_embeddings", false),
        Llama.Names.INTERNLM2);
  }
}
