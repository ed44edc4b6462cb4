package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Tiles;
import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.model.unipose.PoseGroups;
import dev.visionllm.model.unipose.Swin;
import dev.visionllm.model.unipose.UniPose;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class VisionLlmConfigTest {
  /** As transformers would write the 7B release: most sizes are its classes' defaults. */
  private static final String RELEASE =
      """
      {
        "architectures": ["VisionLLMv2Model"],
        "model_type": "visionllmv2",
        "torch_dtype": "bfloat16",
        "transformers_version": "4.34.0",
        "vis_encoder_config": {
          "model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096,
          "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 336, "patch_size": 14,
          "num_channels": 3, "projection_dim": 768, "hidden_act": "quick_gelu",
          "layer_norm_eps": 1e-05, "attention_dropout": 0.0, "initializer_range": 0.02
        },
        "llm_config": {
          "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 32026,
          "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
          "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 4096,
          "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
          "rope_scaling": null, "attention_bias": false, "pretraining_tp": 1, "use_cache": false,
          "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "tie_word_embeddings": false
        },
        "pretrained_vl_bridge": null,
        "use_llm_lora": false,
        "vl_bridge_type": "mlp2x_gelu",
        "vis_output_layer": -2,
        "use_pixelshuffle": false,
        "num_embs": 4,
        "num_embs_gen": 64,
        "use_region_encoder": true,
        "use_gdino": true,
        "gdino_config": {
          "model_type": "grounding-dino",
          "backbone_config": {
            "model_type": "swin", "image_size": 224, "patch_size": 4, "num_channels": 3,
            "embed_dim": 96, "depths": [2, 2, 6, 2], "num_heads": [3, 6, 12, 24],
            "window_size": 7, "mlp_ratio": 4.0, "qkv_bias": true, "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0, "drop_path_rate": 0.1, "hidden_act": "gelu",
            "use_absolute_embeddings": false, "layer_norm_eps": 1e-05, "encoder_stride": 32,
            "num_layers": 4, "hidden_size": 768, "stage_names": ["stem", "stage1"],
            "out_features": ["stage1", "stage2", "stage3", "stage4"], "out_indices": [1, 2, 3, 4]
          },
          "text_backbone_config": {"model_type": "grounding-dino-text-prenet"},
          "num_queries": 900, "d_model": 256, "encoder_layers": 6, "encoder_ffn_dim": 2048,
          "encoder_attention_heads": 8, "decoder_layers": 6, "decoder_ffn_dim": 2048,
          "decoder_attention_heads": 8, "dropout": 0.1, "attention_dropout": 0.0,
          "activation_dropout": 0.0, "activation_function": "relu", "auxiliary_loss": true,
          "position_embedding_type": "sine", "num_feature_levels": 4, "encoder_n_points": 4,
          "decoder_n_points": 4, "two_stage": true, "class_cost": 2.0, "bbox_cost": 5.0,
          "giou_cost": 2.0, "mask_cost": 5.0, "dice_cost": 5.0, "class_weight": 2.0,
          "box_weight": 5.0, "giou_weight": 2.0, "mask_weight": 5.0, "dice_weight": 5.0,
          "bbox_loss_coefficient": 5.0, "giou_loss_coefficient": 2.0, "focal_alpha": 0.25,
          "disable_custom_kernels": false, "max_text_len": 256, "text_enhancer_dropout": 0.0,
          "fusion_droppath": 0.1, "fusion_dropout": 0.0, "embedding_init_target": true,
          "query_dim": 4, "decoder_bbox_embed_share": true, "two_stage_bbox_embed_share": false,
          "positional_embedding_temperature": 20, "init_std": 0.02, "is_encoder_decoder": true,
          "l_hidden_size": 4096, "num_embs": 4, "mask_dim": 256, "norm": "GN"
        },
        "use_unipose": true,
        "unipose_config": {
          "model_type": "unipose", "lr": 0.0001, "lr_backbone_names": ["backbone.0"],
          "modelname": "UniPose", "backbone": "swin_T_224_1k", "dilation": false,
          "position_embedding": "sine", "pe_temperatureH": 20, "pe_temperatureW": 20,
          "return_interm_indices": [1, 2, 3], "backbone_freeze_keywords": null, "enc_layers": 6,
          "dec_layers": 6, "unic_layers": 0, "pre_norm": false, "dim_feedforward": 2048,
          "hidden_dim": 256, "dropout": 0.0, "nheads": 8, "num_queries": 900, "num_classes": 2,
          "query_dim": 4, "num_patterns": 0, "transformer_activation": "relu",
          "num_feature_levels": 4, "enc_n_points": 4, "dec_n_points": 4,
          "decoder_layer_noise": false, "dln_xy_noise": 0.2, "two_stage_type": "standard",
          "two_stage_default_hw": 0.05, "dec_layer_number": null, "decoder_sa_type": "sa",
          "decoder_module_seq": ["sa", "ca", "ffn"], "dec_pred_bbox_embed_share": true,
          "dec_pred_class_embed_share": true, "embed_init_tgt": true, "use_label_enc": true,
          "dn_number": 100, "use_text_enhancer": true, "use_fusion_layer": true,
          "use_transformer_ckpt": true, "use_text_cross_attention": true, "text_dropout": 0.0,
          "fusion_droppath": 0.1, "num_body_points": 68, "num_box_decoder_layers": 2,
          "aux_loss": true, "matcher_type": "HungarianMatcher", "set_cost_keypoint": 10.0,
          "keypoint_loss_coef": 10.0, "focal_alpha": 0.25, "num_embs": 4, "l_hidden_size": 4096
        },
        "use_sd": true,
        "sd_config": {
          "model_type": "stable_diffusion_with_llm_emb", "llm_hidden_size": 4096,
          "sd_hidden_size": 768, "num_queries": 77, "num_encoder_layers": 1,
          "num_decoder_layers": 1, "sd_model_id": "checkpoints/stable-diffusion-v1-5",
          "trigger_token": "[GEN]", "trigger_token_id": 32016, "num_embed_tokens": 64,
          "embed_tokens": {"emb": "[EMB]", "emb2": "[EMB2]"}, "cfg_drop_rate": 0.1, "cfg_scale": 7.5
        },
        "use_ip2p": true,
        "ip2p_config": {
          "model_type": "instructpix2pix_with_llm_emb", "sd_model_id": "timbrooks/instruct-pix2pix",
          "trigger_token": "[EDIT]", "cfg_drop_rate": 0.05
        }
      }
      """;

  private static VisionLlmConfig parse(String json) {
    return VisionLlmConfig.of(JsonMapper.builder().build().readTree(json), "config.json");
  }

  @Test
  void readsTheRelease() {
    VisionLlmConfig c = parse(RELEASE);
    assertThat(c.multimodal())
        .isEqualTo(
            new Multimodal.Config(
                ClipVision.Config.VIT_L_14_336,
                "mlp2x_gelu",
                false,
                -2,
                256,
                Llama.Config.VICUNA_7B,
                4,
                false,
                64));
    assertThat(c.multimodal().tokensPerTile()).isEqualTo(576);
    assertThat(c.gdino()).isEqualTo(GroundingDino.Config.SWIN_T);
    assertThat(c.unipose()).isEqualTo(UniPose.Config.SWIN_T);
    assertThat(c.sd()).isEqualTo(LatentDiffusion.Config.GENERATION);
    assertThat(c.ip2p()).isEqualTo(LatentDiffusion.Config.EDITING);
    assertThat(c.tiles()).isEqualTo(new Tiles(Tiles.Mode.ANYRES, 336, 4));
    assertThat(c.detector()).isEqualTo(DetectorResize.GROUNDING_DINO);
    assertThat(c.conversation().name()).isEqualTo("vicuna_v1");
  }

  @Test
  void leavesOutWhatTheModelDoesNotHave() {
    VisionLlmConfig c =
        parse(
            RELEASE
                .replace("\"use_gdino\": true", "\"use_gdino\": false")
                .replace("\"use_unipose\": true", "\"use_unipose\": false")
                .replace("\"use_sd\": true", "\"use_sd\": false")
                .replace("\"use_ip2p\": true", "\"use_ip2p\": false")
                .replace("\"use_region_encoder\": true,", ""));
    assertThat(c.gdino()).isNull();
    assertThat(c.unipose()).isNull();
    assertThat(c.sd()).isNull();
    assertThat(c.ip2p()).isNull();
    assertThat(c.multimodal().regionHidden()).isZero();
  }

  @Test
  void readsWhatTheReferenceFixesInItsCode() {
    UniPose.Config c =
        parse(
                RELEASE.replace(
                    "\"swin_T_224_1k\"",
                    "\"\", \"pose_groups\": 7, \"pose_layout\": \"whole\", \"backbone_config\":"
                        + " {\"embed_dim\": 12, \"depths\": [1, 1, 2, 1], \"num_heads\": [1, 2, 3,"
                        + " 4], \"window_size\": 3}"))
            .unipose();
    assertThat(c.groups()).isEqualTo(new PoseGroups(7, 68, PoseGroups.Layout.WHOLE));
    assertThat(c.backbone())
        .isEqualTo(new Swin.Config(4, 12, List.of(1, 1, 2, 1), List.of(1, 2, 3, 4), 3, 4, 0.2));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // one word wrong in the release's config | what the error says
        "\"num_embs_gen\"|\"num_embz_gen\"|config.json: field \"num_embz_gen\" is not known",
        "\"d_model\"|\"d_modell\"|config.json.gdino_config: field \"d_modell\" is not known",
        "\"embed_dim\"|\"embed\"|config.json.gdino_config.backbone_config: field \"embed\"",
        "\"vocab_size\": 32026,||config.json.llm_config: field \"vocab_size\" is missing",
        "\"vis_encoder_config\"|\"vis\"|field \"vis_encoder_config\" is missing",
        "\"vocab_size\": 32026|\"vocab_size\": \"many\"|\"vocab_size\" is \"many\", should be a"
            + " whole number",
        "\"vocab_size\": 32026|\"vocab_size\": 3.5|\"vocab_size\" is 3.5, should be a whole number",
        "\"vocab_size\": 32026|\"vocab_size\": 99999999999|should be a whole number",
        "\"use_gdino\": true|\"use_gdino\": 1|\"use_gdino\" is 1, should be true or false",
        "\"mlp_ratio\": 4.0|\"mlp_ratio\": \"4\"|should be a number",
        "[2, 2, 6, 2]|2|\"depths\" is 2, should be a list of whole numbers",
        "[2, 2, 6, 2]|[2, 2, 6, \"2\"]|should be a list of whole numbers",
        "\"mlp2x_gelu\"|5|\"vl_bridge_type\" is 5, should be a string",
        "\"num_attention_heads\": 16|\"num_attention_heads\": 0|heads must be positive",
        "\"num_attention_heads\": 32|\"num_attention_heads\": 0|heads and kvHeads must be positive",
        "\"encoder_attention_heads\": 8|\"encoder_attention_heads\": 0|encoder heads 0",
        "\"decoder_attention_heads\": 8|\"decoder_attention_heads\": 0|decoder heads 0",
        "[3, 6, 12, 24]|[3, 6, 12, 0]|0 heads",
        "\"num_embs\": 4,|\"num_embs\": 9,|num_embs is 9, should be 0 to 8",
        "\"num_embs_gen\": 64|\"num_embs_gen\": 0|num_embs_gen is 0",
        "\"vis_output_layer\": -2|\"vis_output_layer\": 2|vis_output_layer is 2",
        "\"vis_output_layer\": -2|\"vis_output_layer\": -26|should be -1 to -25",
        "\"nheads\": 8|\"nheads\": 0|UniPose: heads 0",
        "\"swin_T_224_1k\"|\"resnet50\"|\"backbone\" is \"resnet50\", should be a Swin",
        "\"pe_temperatureW\": 20|\"pe_temperatureW\": 10|should be the same as pe_temperatureH",
        "\"query_dim\": 4, \"num_patterns\"|\"query_dims\": 4, \"num_patterns\"|unipose_config:"
            + " field \"query_dims\" is not known",
        "[1, 2, 3], \"backbone_freeze|[3], \"backbone_freeze|\"return_interm_indices\" is [3]",
        "\"num_embs\": 4, \"l_hidden_size\": 4096|\"l_hidden_size\": 64|unipose_config: field"
            + " \"l_hidden_size\" is 64, should be llm_config's hidden_size, 4096",
        "\"l_hidden_size\": 4096, \"num_embs\"|\"l_hidden_size\": 64, \"num_embs\"|gdino_config:"
            + " field \"l_hidden_size\" is 64",
        "\"llm_hidden_size\": 4096|\"llm_hidden_size\": 64|sd_config has llm_hidden_size 64",
        "\"num_embed_tokens\": 64|\"num_embed_tokens\": 6|num_embed_tokens 6, should be 4096",
        "\"timbrooks/instruct-pix2pix\"|\"own/model\"|\"sd_model_id\" is \"own/model\", should be"
            + " instruct-pix2pix, or the model folder should have ip2p/",
        "\"ip2p_config\"|\"ip2p_cfg\"|field \"ip2p_config\" is missing",
        "\"rope_scaling\": null|\"rope_scaling\": {\"factor\": 2}|rope_scaling",
        "\"attention_bias\": false|\"attention_bias\": true|should be false, the only value",
        "\"quick_gelu\"|\"gelu\"|\"hidden_act\" is \"gelu\", should be quick_gelu",
        "\"two_stage\": true|\"two_stage\": false|\"two_stage\" is false, should be true",
        "\"query_dim\": 4|\"query_dim\": 2|\"query_dim\" is 2, should be 4",
        "\"num_hidden_layers\": 24|\"num_hidden_layers\": 1|needs at least 2 layers",
      })
  void namesWhatIsWrong(String right, String wrong, String message) {
    assertThat(RELEASE).contains(right);
    int at = RELEASE.indexOf(right);
    String json =
        RELEASE.substring(0, at)
            + (wrong == null ? "" : wrong)
            + RELEASE.substring(at + right.length());
    assertThatThrownBy(() -> parse(json))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"image_aspect_ratio\": \"wide\"|image_aspect_ratio is \"wide\", should be one of [anyres,"
            + " pad",
        "\"detection_threshold\": 1.5|detection_threshold is 1.5",
        "\"detection_overlap\": -1|detection_overlap -1.0",
        "\"classes_per_prompt\": 0|classes_per_prompt is 0",
        "\"editing_guidance\": -1|guidance is -1",
        "\"conversation\": \"klingon\"|klingon",
        "\"tilez\": 1|config.json.preprocess: field \"tilez\" is not known",
      })
  void namesWhatIsWrongInPreprocess(String field, String message) {
    String json = RELEASE.stripTrailing();
    json = json.substring(0, json.length() - 1) + ", \"preprocess\": {" + field + "}}";
    String wrong = json;
    assertThatThrownBy(() -> parse(wrong))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void readsAFolder(@TempDir Path dir) throws IOException {
    assertThatThrownBy(() -> VisionLlmConfig.read(dir))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no config.json");
    Path file = dir.resolve("config.json");
    Files.writeString(file, "{\"vis_encoder_config\": ");
    assertThatThrownBy(() -> VisionLlmConfig.read(dir))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not JSON")
        .hasMessageNotContaining("\n");
    for (String json : new String[] {"[]", "3", "\"x\"", "null"}) {
      Files.writeString(file, json);
      assertThatThrownBy(() -> VisionLlmConfig.read(dir))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("should be a JSON object");
    }
    Files.writeString(file, RELEASE);
    assertThat(VisionLlmConfig.read(dir)).isEqualTo(parse(RELEASE));
  }

  @Test
  void fieldsTellNullFromMissingOnlyByName() {
    Fields f =
        new Fields(
            JsonMapper.builder().build().readTree("{\"a\": null, \"b\": [1, 2], \"x\": 1}"), "f");
    assertThat(f.has("a")).isFalse();
    assertThat(f.integer("a", 7)).isEqualTo(7);
    assertThat(f.integers("b", null)).containsExactly(1, 2);
    assertThatThrownBy(() -> f.number("a", null)).hasMessage("f: field \"a\" is missing");
    assertThatThrownBy(() -> f.at("x")).hasMessage("f.x should be a JSON object");
    f.done();
  }

  @Test
  void settingsReplaceThoseOfTheFile() throws Exception {
    Path nano = Path.of("../models/nano");
    VisionLlmConfig c =
        VisionLlmConfig.read(
            nano, Map.of("num_embs", 0, "llm_config", Map.of("num_hidden_layers", 3)));
    assertThat(c.multimodal().queries()).isZero();
    assertThat(c.multimodal().states()).isEqualTo(1);
    assertThat(c.multimodal().llm().layers()).isEqualTo(3);
    assertThat(c.multimodal().llm().hidden())
        .isEqualTo(VisionLlmConfig.read(nano).multimodal().llm().hidden());
    assertThatThrownBy(() -> VisionLlmConfig.read(nano, Map.of("num_embz", 1)))
        .hasMessageContaining("field \"num_embz\" is not known");
  }
}
